// BuildKit is written in Go, whose notions of space, letter and case differ from JavaScript's.

/** unicode.IsSpace: unlike `\s` it has U+0085 and has not U+FEFF. */
export function isSpace(code: number): boolean {
  if (code < 0x80) return code === 32 || (code >= 9 && code <= 13);
  if (code === 0x85 || code === 0xa0 || code === 0x1680 || code === 0x3000) return true;
  if (code < 0x2000 || code > 0x205f) return false;
  return code <= 0x200a || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f;
}

/** `[\t\v\f\r ]`, by which instructions are split into words. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 11 || code === 12 || code === 13;
}

/** `\s` of Go's regular expressions: ASCII only, and without the vertical tab. */
export function isRegexSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
}

export type Span = { start: number; end: number };

/** strings.TrimSpace on a stretch of a text. */
export function trimSpan(text: string, { start, end }: Span): Span {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

/** The words of a stretch of text, split at runs of `[\t\v\f\r ]`. */
export function blankSeparated(text: string, { start, end }: Span): Span[] {
  const words: Span[] = [];
  let from = start;
  for (let at = start; at <= end; at++) {
    if (at < end && !isBlank(text.charCodeAt(at))) continue;
    if (at > from) words.push({ start: from, end: at });
    from = at + 1;
  }
  return words;
}

/** strings.ToLower: one character becomes one character, whatever stands around it. */
export function toLower(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  return Array.from(text, (char) => (char === 'İ' ? 'i' : char.toLowerCase())).join('');
}

/** strconv.Atoi: undefined where it fails, so also beyond 64 bits. */
export function atoi(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 19) return undefined;
  const value = BigInt(digits === '' ? '0' : digits);
  const limit = text.startsWith('-') ? 2n ** 63n : 2n ** 63n - 1n;
  if (value > limit) return undefined;
  return text.startsWith('-') ? -Number(value) : Number(value);
}

/** How many bytes a stretch of text takes in UTF-8; a lone surrogate is written as U+FFFD. */
export function utf8Length(text: string, { start, end }: Span): number {
  let bytes = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && isLowSurrogate(text.charCodeAt(at + 1)) && at + 1 < end) {
      bytes += 4;
      at++;
    } else bytes += 3;
  }
  return bytes;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}
