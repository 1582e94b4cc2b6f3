import { directiveReader } from './directives.ts';
import { DockerfileError } from './errors.ts';
import { isSpace, utf8Length } from './goText.ts';

// Physical lines become logical ones: comments dropped, continuations joined. A logical line remembers where in the
// file each stretch of it stands, so that a name in it can be replaced there.

export type Stretch = { at: number; source: number; length: number };

export type LogicalLine = { text: string; stretches: Stretch[]; line: number };

/** One line of the file: `end` is before its line ending, `next` behind it. */
export type PhysicalLine = { start: number; end: number; next: number; number: number };

const longestLine = 65_535;
const hash = 35;

export function lineReader(text: string) {
  const directives = directiveReader();
  let position = 0;
  let number = 0;

  const nextPhysical = (): PhysicalLine | undefined => {
    if (position >= text.length) return undefined;
    number++;
    const newline = text.indexOf('\n', position);
    const stop = newline < 0 ? text.length : newline;
    if (
      3 * (stop - position) > longestLine &&
      utf8Length(text, { start: position, end: stop }) > longestLine
    ) {
      throw new DockerfileError(number, `the line is longer than ${longestLine} bytes`);
    }
    let end = stop;
    while (end > position && text.charCodeAt(end - 1) === 13) end--;
    const line = { start: position, end, next: newline < 0 ? stop : newline + 1, number };
    position = line.next;
    return line;
  };

  /** Where the text of a line ends if it is continued on the next one. */
  const continuedUntil = (start: number, end: number): number | undefined => {
    let at = end;
    while (at > start && (text.charCodeAt(at - 1) === 32 || text.charCodeAt(at - 1) === 9)) at--;
    if (at === start || text[at - 1] !== directives.escape) return undefined;
    return at - 1 > start && text[at - 2] === directives.escape ? undefined : at - 1;
  };

  const nextLogical = (): LogicalLine | undefined => {
    for (;;) {
      const first = nextPhysical();
      if (first === undefined) return undefined;
      const hasMark = first.number === 1 && text.startsWith('\uFEFF');
      const start = skipSpace(text, hasMark ? first.start + 1 : first.start, first.end);
      directives.read(text.slice(start, first.end), first.number);
      if (start === first.end || text.charCodeAt(start) === hash) continue;
      const until = continuedUntil(start, first.end);
      const stretches: Stretch[] = [{ at: 0, source: start, length: (until ?? first.end) - start }];
      let joined = text.slice(start, until ?? first.end);
      for (let open = until !== undefined; open; ) {
        const line = nextPhysical();
        if (line === undefined) break;
        const begin = skipSpace(text, line.start, line.end);
        if (begin === line.end || text.charCodeAt(begin) === hash) continue;
        const stop = continuedUntil(line.start, line.end);
        open = stop !== undefined;
        const end = stop ?? line.end;
        stretches.push({ at: joined.length, source: line.start, length: end - line.start });
        joined += text.slice(line.start, end);
      }
      return { text: joined, stretches, line: first.number };
    }
  };

  return {
    nextPhysical,
    nextLogical,
    escape: () => directives.escape,
    lastNumber: () => Math.max(number, 1),
  };
}

function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The stretches of the file under a stretch of a logical line. */
export function sourceOf(stretches: Stretch[], start: number, end: number): Stretch[] {
  const found: Stretch[] = [];
  for (let index = lastBefore(stretches, start); index < stretches.length; index++) {
    const stretch = stretches[index]!;
    if (stretch.at >= end) break;
    const from = Math.max(start, stretch.at);
    const to = Math.min(end, stretch.at + stretch.length);
    if (from < to) found.push({ at: from, source: stretch.source + from - stretch.at, length: to - from });
  }
  return found;
}

/** The last stretch that starts at or before a place; a line can have very many. */
function lastBefore(stretches: Stretch[], at: number): number {
  let low = 0;
  let high = stretches.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (stretches[middle]!.at <= at) low = middle;
    else high = middle;
  }
  return low;
}
