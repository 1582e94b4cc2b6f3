import { type Directives, newDirectives, readTopLine } from './directives.ts';
import { DockerfileError } from './errors.ts';
import { isSpace, utf8Length } from './goText.ts';

// Physical lines become logical ones: comments dropped, continuations joined. A logical line remembers where in the
// file each stretch of it stands, so that a name in it can be replaced there.

type Stretch = { at: number; source: number; length: number };

/** `line` is the number of its first line. Most come from one place in the file, some from several. */
export type LogicalLine = { text: string; line: number; source: number | Stretch[] };

/** One line of the file; `end` is before its line ending. */
type PhysicalLine = { start: number; end: number; number: number };

const longestLine = 65_535;
const tab = 9;
const carriageReturn = 13;
const space = 32;
const hash = 35;

export type LineReader = { text: string; position: number; number: number; directives: Directives };

export function newLineReader(text: string): LineReader {
  return { text, position: 0, number: 0, directives: newDirectives() };
}

export function nextPhysical(reader: LineReader): PhysicalLine | undefined {
  const { text, position: start } = reader;
  if (start >= text.length) return undefined;
  const number = ++reader.number;
  const newline = text.indexOf('\n', start);
  const stop = newline < 0 ? text.length : newline;
  if (3 * (stop - start) > longestLine && utf8Length(text, { start, end: stop }) > longestLine) {
    throw new DockerfileError(number, `the line is longer than ${longestLine} bytes`);
  }
  let end = stop;
  while (end > start && text.charCodeAt(end - 1) === carriageReturn) end--;
  reader.position = newline < 0 ? stop : newline + 1;
  return { start, end, number };
}

export function nextLogical(reader: LineReader): LogicalLine | undefined {
  const { text, directives } = reader;
  for (let first = nextPhysical(reader); first !== undefined; first = nextPhysical(reader)) {
    const hasMark = first.number === 1 && text.startsWith('\uFEFF');
    const start = skipSpace(text, hasMark ? first.start + 1 : first.start, first.end);
    if (!directives.done) readTopLine(directives, text.slice(start, first.end), first.number);
    if (start === first.end || text.charCodeAt(start) === hash) continue;
    const until = continuedUntil(reader, start, first.end);
    const end = until ?? first.end;
    const line: LogicalLine = { text: text.slice(start, end), line: first.number, source: start };
    if (until !== undefined) addContinuations(reader, line, start);
    return line;
  }
  return undefined;
}

function addContinuations(reader: LineReader, logical: LogicalLine, start: number): void {
  const { text } = reader;
  const stretches: Stretch[] = [{ at: 0, source: start, length: logical.text.length }];
  logical.source = stretches;
  for (let line = nextPhysical(reader); line !== undefined; line = nextPhysical(reader)) {
    const begin = skipSpace(text, line.start, line.end);
    if (begin === line.end || text.charCodeAt(begin) === hash) continue;
    const until = continuedUntil(reader, line.start, line.end);
    const end = until ?? line.end;
    stretches.push({ at: logical.text.length, source: line.start, length: end - line.start });
    logical.text += text.slice(line.start, end);
    if (until === undefined) return;
  }
}

/** Where the text of a line ends if it is continued on the next one. An escaped escape character does not do it. */
function continuedUntil({ text, directives }: LineReader, start: number, end: number): number | undefined {
  let at = end;
  while (at > start && (text.charCodeAt(at - 1) === space || text.charCodeAt(at - 1) === tab)) at--;
  if (at === start || text[at - 1] !== directives.escapeChar) return undefined;
  return at - 1 > start && text[at - 2] === directives.escapeChar ? undefined : at - 1;
}

function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The stretches of the file under a stretch of a logical line. */
export function sourceOf({ source }: LogicalLine, start: number, end: number): Stretch[] {
  if (start >= end) return [];
  if (typeof source === 'number') return [{ at: start, source: source + start, length: end - start }];
  const found: Stretch[] = [];
  for (let index = lastBefore(source, start); index < source.length; index++) {
    const stretch = source[index]!;
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
