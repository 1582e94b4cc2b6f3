/** Whether a value of JSON is an object, and neither null nor a list. */
export const isObject = <T>(value: T | Record<string, T> | undefined): value is Record<string, T> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As many levels as the JSON readers of .NET take by themselves, and so Azure Resource Manager. */
const maxLevels = 64;
/** What such a body has, in a sentence. */
export const tooDeep = `more than ${maxLevels} levels of objects and lists in one another`;

/** Whether objects and lists lie in one another deeper than a request's may; read without recursion. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxLevels) return true;
    level = level.flatMap((member) =>
      typeof member === 'object' && member !== null ? Object.values(member) : [],
    );
  }
  return false;
}
