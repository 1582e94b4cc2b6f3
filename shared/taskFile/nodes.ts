import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar } from 'yaml';
import { TaskFileError } from './errors.ts';

/** A node of the file's YAML, and how to find its line. */
export interface Place {
  node: unknown;
  line: number;
  /** What it is, for people: `timeout of step build-app`. */
  what: string;
}

/** Tells the line of the source in which a node begins. */
export type LineOf = (node: unknown) => number;

export const linesBy =
  (counter: LineCounter, sourceLine: (line: number) => number): LineOf =>
  (node) =>
    sourceLine(counter.linePos((node as Node | null)?.range?.[0] ?? 0).line);

/** A wrong property, told with the right spelling where it is nearly one. */
function unknownProperty(name: string, known: readonly string[], what: string): string {
  const meant = known.find(
    (candidate) => name.length > 2 && isNear(candidate.toLowerCase(), name.toLowerCase()),
  );
  const hint = meant ? ` Did you mean ${meant}?` : ` There are ${known.join(', ')}.`;
  return `${what} has no property ${name}.${hint}`;
}

/** Equal, or one letter added, missing, changed or swapped. */
function isNear(a: string, b: string): boolean {
  let from = 0;
  while (from < a.length && a[from] === b[from]) from++;
  let left = 0;
  while (left < Math.min(a.length, b.length) - from && a.at(-1 - left) === b.at(-1 - left)) left++;
  const [restA, restB] = [a.slice(from, a.length - left), b.slice(from, b.length - left)];
  const swapped = restA.length === 2 && restA[1]! + restA[0]! === restB;
  return swapped || (restA.length <= 1 && restB.length <= 1);
}

/**
 * The properties of a map by name; a property without a value is left out.
 * @param repeatable properties of which the last one counts; any other may be there once
 * @throws TaskFileError for what is no map, for an unknown property and for one that is there twice
 */
export function propertiesOf(
  { node, line, what }: Place,
  known: readonly string[],
  lineOf: LineOf,
  repeatable: readonly string[] = [],
): Map<string, Place> {
  if (!isMap(node)) throw new TaskFileError(line, `${what} is not a map of properties.`);
  const properties = new Map<string, Place>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const at = lineOf(key);
    if (!known.includes(name)) throw new TaskFileError(at, unknownProperty(name, known, what));
    if (properties.has(name) && !repeatable.includes(name))
      throw new TaskFileError(at, `${what} has the property ${name} twice.`);
    if (isAlias(value))
      throw new TaskFileError(at, `the YAML alias *${value.source} is not supported in a task file.`);
    if (value === null || (isScalar(value) && value.value === null)) continue;
    properties.set(name, { node: value, line: at, what: `${name} of ${what}` });
  }
  return properties;
}

/** A scalar as it is written; a number or a boolean is a text too. @throws TaskFileError */
export function textOf({ node, line, what }: Place): string {
  if (!isScalar(node)) throw new TaskFileError(line, `${what} is not a text.`);
  const { value, source } = node as Scalar;
  return typeof value === 'string' ? value : (source ?? String(value));
}

/** A list of texts. @throws TaskFileError */
export function textsOf({ node, line, what }: Place, lineOf: LineOf): { text: string; line: number }[] {
  if (!isSeq(node)) throw new TaskFileError(line, `${what} is not a list.`);
  return node.items.map((item) => {
    const at = lineOf(item);
    return { text: textOf({ node: item, line: at, what: `an entry of ${what}` }), line: at };
  });
}

/** A whole number that is not below `least`. @throws TaskFileError */
export function wholeNumberOf({ node, line, what }: Place, least: number, unit = ''): number {
  const value = isScalar(node) ? node.value : undefined;
  const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < least)
    throw new TaskFileError(line, `${what} is not a whole number${unit && ` of ${unit}`} from ${least} on.`);
  return number;
}

/** @throws TaskFileError */
export function booleanOf({ node, line, what }: Place): boolean {
  const value = isScalar(node) ? String(node.value).toLowerCase() : '';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new TaskFileError(line, `${what} is neither true nor false.`);
}

/** `NAME=value` entries. @throws TaskFileError */
export function environmentOf(place: Place, lineOf: LineOf): EnvironmentEntry[] {
  return textsOf(place, lineOf).map(({ text, line }) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new TaskFileError(line, `${place.what} has ${text}, which is not NAME=value.`);
    return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
}

export interface EnvironmentEntry {
  name: string;
  value: string;
}
