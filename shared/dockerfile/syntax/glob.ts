import { type Budget, spend } from './budget.ts';
import { DockerfileRefusal } from './errors.ts';

// The patterns of `${V#…}`, `${V%…}` and `${V/…/…}`: `*` and `?`, no brackets. They are matched by following all
// ways through the pattern at once, since backtracking takes exponential time on `*a*a*a*b`.

const anyRun = -1;
const anyOne = -2;
const newline = 10;

type Token = number;

/** `${value#pattern}`, or `##` when greedy. */
export function trimPrefix(pattern: string, value: string, greedy: boolean, budget: Budget): string {
  const chars = codePoints(value);
  const end = matchFrom(compile(codePoints(pattern)), chars, 0, { greedy, budget });
  return end === undefined ? value : text(chars.slice(end));
}

/** `${value%pattern}`, or `%%` when greedy: both are turned round, and the prefix is trimmed. */
export function trimSuffix(pattern: string, value: string, greedy: boolean, budget: Budget): string {
  const reversed = codePoints(value).reverse();
  const end = matchFrom(compile(reversePattern(codePoints(pattern))), reversed, 0, { greedy, budget });
  return end === undefined ? value : text(reversed.slice(end).reverse());
}

/** `${value/pattern/replacement}`: the first match, as long as can be. */
export function replaceFirst(pattern: string, value: string, replacement: string, budget: Budget): string {
  const chars = codePoints(value);
  const match = search(compile(codePoints(pattern)), chars, 0, budget);
  if (match === undefined) return value;
  return text(chars.slice(0, match.start)) + replacement + text(chars.slice(match.end));
}

/** `${value//pattern/replacement}`. Go's ReplaceAllString: `$0` in the replacement is what was matched. */
export function replaceAll(pattern: string, value: string, replacement: string, budget: Budget): string {
  const chars = codePoints(value);
  const tokens = compile(codePoints(pattern));
  let out = '';
  let copied = 0;
  for (let from = 0; from <= chars.length; ) {
    const match = search(tokens, chars, from, budget);
    if (match === undefined) break;
    out += text(chars.slice(copied, match.start));
    // An empty match right after another match is not a match of its own.
    if (match.end > copied || match.start === 0) {
      const written = fillTemplate(replacement, text(chars.slice(match.start, match.end)));
      spend(budget, written.length);
      out += written;
    }
    copied = match.end;
    from = Math.max(match.end, from + 1);
  }
  return out + text(chars.slice(copied));
}

function search(tokens: Token[], chars: number[], from: number, budget: Budget) {
  for (let start = from; start <= chars.length; start++) {
    const end = matchFrom(tokens, chars, start, { greedy: true, budget });
    if (end !== undefined) return { start, end };
  }
  return undefined;
}

/** Where the shortest (or, greedy, the longest) match that begins at `start` ends. */
function matchFrom(
  tokens: Token[],
  chars: number[],
  start: number,
  { greedy, budget }: { greedy: boolean; budget: Budget },
) {
  let found: number | undefined;
  let active = enter(tokens, [], 0);
  for (let at = start; active.length > 0; at++) {
    spend(budget, active.length);
    if (active.at(-1) === tokens.length) {
      found = at;
      if (!greedy) return found;
    }
    if (at === chars.length) break;
    const char = chars[at]!;
    const next: number[] = [];
    for (const index of active) {
      const token = tokens[index];
      if (token === anyRun) {
        if (char !== newline) enter(tokens, next, index);
      } else if (token === char || (token === anyOne && char !== newline)) enter(tokens, next, index + 1);
    }
    active = next;
  }
  return found;
}

/** Adds a place in the pattern, and those after it that cost no character; places stay sorted and single. */
function enter(tokens: Token[], places: number[], index: number): number[] {
  for (let place = index; ; place++) {
    if (places.length === 0 || places.at(-1)! < place) places.push(place);
    if (tokens[place] !== anyRun) return places;
  }
}

function compile(given: number[]): Token[] {
  // Go's scanner drops a byte order mark at the start of whatever it reads.
  const pattern = given[0] === 0xfeff ? given.slice(1) : given;
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = String.fromCodePoint(pattern[at]!);
    if (char === '*') tokens.push(anyRun);
    else if (char === '?') tokens.push(anyOne);
    else if (char === '\\') {
      const next = pattern[at + 1] === undefined ? '' : String.fromCodePoint(pattern[at + 1]!);
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') {
        throw new DockerfileRefusal(`invalid escape '\\${next}' in the pattern of a substitution`);
      }
      tokens.push(pattern[++at]!);
    } else tokens.push(pattern[at]!);
  }
  return tokens;
}

function reversePattern(pattern: number[]): number[] {
  const parts: number[][] = [];
  for (let at = 0; at < pattern.length; at++) {
    const isEscape = pattern[at] === 0x5c && at + 1 < pattern.length;
    parts.push(isEscape ? [pattern[at]!, pattern[++at]!] : [pattern[at]!]);
  }
  return parts.reverse().flat();
}

/** Go's Regexp.Expand for a pattern that has no groups: `$0` is the match, any other `$name` is nothing. */
function fillTemplate(template: string, match: string): string {
  return template.replace(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu, (whole, braced, bare) => {
    if (whole === '$$') return '$';
    return (braced ?? bare) === '0' ? match : '';
  });
}

function codePoints(value: string): number[] {
  return Array.from(value, (char) => char.codePointAt(0)!);
}

function text(chars: number[]): string {
  let out = '';
  for (const char of chars) out += String.fromCodePoint(char);
  return out;
}
