import { quote, Refusal } from './errors.ts';
import { isSpace, type Span, toLower } from './goText.ts';

/** A `--flag`, quotes and escapes removed; `from` and `to` tell where each character of `text` was written. */
export type Flag = { text: string; from: number[]; to: number[]; written: Span; escape: string };

export type FlagKind = 'text' | 'texts' | 'switch';

/** Takes the `--flags` off the start of an instruction's arguments. Tells where the rest starts. */
export function splitFlags(line: string, span: Span, escape: string): { flags: Flag[]; rest: number } {
  const flags: Flag[] = [];
  let at = span.start;
  for (;;) {
    while (at < span.end && isByteSpace(line, at)) at++;
    if (at >= span.end) return { flags, rest: span.end };
    if (line[at] !== '-' || at + 1 >= span.end || line[at + 1] !== '-') return { flags, rest: at };
    const { flag, quoted } = readFlag(line, { start: at, end: span.end }, escape);
    at = flag.written.end;
    if (flag.text === '--') return { flags, rest: at };
    if (quoted || flag.text !== '') flags.push(flag);
  }
}

function readFlag(line: string, { start, end }: Span, escape: string): { flag: Flag; quoted: boolean } {
  const flag: Flag = { text: '', from: [], to: [], written: { start, end }, escape };
  let quoteChar = '';
  let quoted = false;
  let at = start;
  while (at < end) {
    const char = line[at]!;
    if (quoteChar === '' && isByteSpace(line, at)) break;
    if (char === quoteChar) {
      quoteChar = '';
      at++;
    } else if (quoteChar === '' && (char === "'" || char === '"')) {
      quoteChar = char;
      quoted = true;
      at++;
    } else {
      const isEscape = char === escape;
      if (isEscape && at + 1 === end) {
        at++;
        break;
      }
      const taken = isEscape ? at + 1 : at;
      flag.text += line[taken];
      flag.from.push(at);
      flag.to.push(taken + 1);
      at = taken + 1;
    }
  }
  flag.written.end = at;
  return { flag, quoted };
}

/**
 * BuildKit reads flags byte by byte, and takes the bytes 0x85 and 0xA0 for spaces, also inside the UTF-8 of another
 * character.
 */
function isByteSpace(line: string, at: number): boolean {
  const code = line.codePointAt(at)!;
  if (code < 0x80) return isSpace(code);
  if (code >= 0xd800 && code < 0xe000) return false;
  for (let bits = code; bits > 0x3f; bits >>= 6) {
    if ((bits & 0x3f) === 0x05 || (bits & 0x3f) === 0x20) return true;
    if (code < 0x800) return false;
  }
  return false;
}

export type FlagValues = Map<string, { flag: Flag; value: string; valueAt: number }[]>;

/** Checks flags against those that an instruction has, and gives the values of each. */
export function readFlags(flags: Flag[], kinds: Record<string, FlagKind>): FlagValues {
  const values: FlagValues = new Map();
  for (const flag of flags) {
    const equals = flag.text.indexOf('=');
    const name = flag.text.slice(2, equals < 0 ? undefined : equals);
    const value = equals < 0 ? undefined : flag.text.slice(equals + 1);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new Refusal(`unknown flag: ${quote(`--${name}`)}`);
    const given = values.get(name) ?? [];
    if (given.length > 0 && kind !== 'texts') throw new Refusal(`duplicate flag: --${name}`);
    if (kind === 'switch' ? value === '' : value === undefined) throw new Refusal(`--${name} has no value`);
    if (kind === 'switch' && !['true', 'false'].includes(toLower(value ?? 'true'))) {
      throw new Refusal(`--${name} is either true or false, not ${quote(value!)}`);
    }
    given.push({ flag, value: value ?? '', valueAt: equals + 1 });
    values.set(name, given);
  }
  return values;
}
