import { isSpace } from './goText.ts';

const deepestInGo = 10_000;

/** The strings of `["a", "b"]`; undefined where the text is no JSON array, and so means a command line. */
export function parseJsonForm(text: string): string[] | 'not strings' | undefined {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  if (text[start] !== '[') return undefined;
  let value: unknown[];
  try {
    value = JSON.parse(text.slice(start)) as unknown[];
  } catch {
    return undefined;
  }
  if (value.every((item) => typeof item === 'string')) return value;
  return isJsonInGo(value) ? 'not strings' : undefined;
}

/** Go refuses what JavaScript reads: numbers too large for a float, and very deep nesting. */
function isJsonInGo(whole: unknown): boolean {
  let level = [whole];
  for (let depth = 1; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const value of level) {
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return false;
      if (typeof value !== 'object' || value === null) continue;
      if (depth > deepestInGo) return false;
      for (const inner of Object.values(value)) next.push(inner);
    }
    level = next;
  }
  return true;
}
