import { DockerfileRefusal, quote } from './errors.ts';
import { type Span, toLower } from './goText.ts';

/** A `--flag`, quotes and escapes removed, and where it is written. */
export type DockerfileFlag = { text: string; written: Span; escapeChar: string };

export type FlagKind = 'text' | 'texts' | 'switch';

/** Takes the `--flags` off the start of an instruction's arguments. Returns where the rest starts. */
export function splitFlags(
  line: string,
  span: Span,
  escapeChar: string,
): { flags: DockerfileFlag[]; rest: number } {
  const flags: DockerfileFlag[] = [];
  let at = span.start;
  for (;;) {
    while (at < span.end && isAsciiSpace(line.charCodeAt(at))) at++;
    if (at >= span.end) return { flags, rest: span.end };
    if (line[at] !== '-' || at + 1 >= span.end || line[at + 1] !== '-') return { flags, rest: at };
    const flag = readFlag(line, { start: at, end: span.end }, escapeChar);
    at = flag.written.end;
    if (flag.text === '--') return { flags, rest: at };
    flags.push(flag);
    const broken = at < span.end ? byteSpace(line, at) : undefined;
    if (broken === 'inside') return { flags, rest: at };
    if (broken === 'last') at += line.codePointAt(at)! > 0xffff ? 2 : 1;
  }
}

/** A character of a flag as it is written, and the quote that it stands in. */
type FlagPosition = Span & { quoteChar: string };

export function placesOf(line: string, { written, escapeChar }: DockerfileFlag): FlagPosition[] {
  const places: FlagPosition[] = [];
  readFlag(line, written, escapeChar, places);
  return places;
}

function readFlag(
  line: string,
  { start, end }: Span,
  escapeChar: string,
  places?: FlagPosition[],
): DockerfileFlag {
  const flag: DockerfileFlag = { text: '', written: { start, end }, escapeChar };
  let quoteChar = '';
  let at = start;
  while (at < end) {
    const char = line[at]!;
    const space = quoteChar === '' ? byteSpace(line, at) : undefined;
    // The bytes before the one that is taken for a space still belong to the flag.
    if (space === 'last' || space === 'inside') flag.text += '\uFFFD';
    if (space !== undefined) break;
    if (char === quoteChar) {
      quoteChar = '';
      at++;
    } else if (quoteChar === '' && (char === "'" || char === '"')) {
      quoteChar = char;
      at++;
    } else {
      const taken = char === escapeChar ? at + 1 : at;
      if (taken < end) {
        flag.text += line[taken];
        places?.push({ start: at, end: taken + 1, quoteChar });
      }
      at = taken + 1;
    }
  }
  flag.written.end = Math.min(at, end);
  return flag;
}

/**
 * BuildKit reads flags byte by byte, and takes the bytes 0x85 and 0xA0 for spaces, also inside the UTF-8 of another
 * character: there the flag ends, and the rest starts with what is left of the character, if anything is.
 */
function byteSpace(line: string, at: number): 'whole' | 'last' | 'inside' | undefined {
  const code = line.charCodeAt(at);
  if (code < 0x80) return isAsciiSpace(code) ? 'whole' : undefined;
  const point = line.codePointAt(at)!;
  if (point >= 0xd800 && point < 0xe000) return undefined;
  const longTails = point < 0x10000 ? 2 : 3;
  const tails = point < 0x800 ? 1 : longTails;
  let found: 'last' | 'inside' | undefined;
  for (let tail = tails - 1; tail >= 0; tail--) {
    const bits = (point >> (6 * tail)) & 0x3f;
    const isSpaceByte = bits === 0x05 || bits === 0x20;
    if (isSpaceByte) found ??= 'last';
    else if (found !== undefined) found = 'inside';
  }
  return found;
}

function isAsciiSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

type FlagValue = { flag: DockerfileFlag; value: string; valueAt: number };

export type FlagValues = ReadonlyMap<string, FlagValue[]>;

export const noFlags: FlagValues = new Map();

/** Checks flags against those that an instruction has, and gives the values of each. */
export function readFlags(flags: DockerfileFlag[], kinds: Record<string, FlagKind>): FlagValues {
  if (flags.length === 0) return noFlags;
  const values = new Map<string, FlagValue[]>();
  for (const flag of flags) {
    const equals = flag.text.indexOf('=');
    const name = flag.text.slice(2, equals < 0 ? undefined : equals);
    const value = equals < 0 ? undefined : flag.text.slice(equals + 1);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new DockerfileRefusal(`unknown flag: ${quote(`--${name}`)}`);
    const given = values.get(name) ?? [];
    if (given.length > 0 && kind !== 'texts') throw new DockerfileRefusal(`duplicate flag: --${name}`);
    if (kind === 'switch' ? value === '' : value === undefined)
      throw new DockerfileRefusal(`--${name} has no value`);
    if (kind === 'switch' && !['true', 'false'].includes(toLower(value ?? 'true'))) {
      throw new DockerfileRefusal(`--${name} is either true or false, not ${quote(value!)}`);
    }
    given.push({ flag, value: value ?? '', valueAt: equals + 1 });
    values.set(name, given);
  }
  return values;
}
