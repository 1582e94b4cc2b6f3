import { isSpace } from './goText.ts';

// Read by hand: JSON.parse builds an error with a stack for each line that only looks like JSON (`RUN [ -f x ] …`),
// and reads numbers and depths that Go refuses.

const deepestInGo = 10_000;
const jsonNumber = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const jsonEscape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const jsonWord = /true|false|null/y;

/** The strings of `["a", "b"]`; undefined where the text is no JSON array, and so means a command line. */
export function parseJsonForm(text: string): string[] | 'not strings' | undefined {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  if (text[at] !== '[') return undefined;

  const strings: string[] = [];
  let onlyStrings = true;
  const closers: string[] = [];
  let expects: 'value' | 'value or end' | 'key' | 'key or end' | 'comma or end' = 'value';
  for (;;) {
    at = skipJsonSpace(text, at);
    const char = text[at] ?? '';
    const closer = closers.at(-1);
    if (char === closer && expects.endsWith('end')) {
      closers.pop();
      at++;
      if (closers.length === 0) break;
      expects = 'comma or end';
    } else if (expects === 'comma or end') {
      if (char !== ',') return undefined;
      at++;
      expects = closer === '}' ? 'key' : 'value';
    } else if (expects.startsWith('key')) {
      const end = endOfString(text, at);
      at = skipJsonSpace(text, end ?? at);
      if (end === undefined || text[at] !== ':') return undefined;
      at++;
      expects = 'value';
    } else if (char === '[' || char === '{') {
      onlyStrings &&= closers.length === 0;
      closers.push(char === '[' ? ']' : '}');
      if (closers.length > deepestInGo) return undefined;
      at++;
      expects = char === '[' ? 'value or end' : 'key or end';
    } else {
      const isWord = char === 't' || char === 'f' || char === 'n';
      const end = char === '"' ? endOfString(text, at) : endOf(isWord ? jsonWord : jsonNumber, text, at);
      if (end === undefined) return undefined;
      const written = text.slice(at, end);
      if (char === '"' && onlyStrings) strings.push(JSON.parse(written) as string);
      onlyStrings &&= char === '"';
      if (char !== '"' && !isWord && !Number.isFinite(Number(written))) return undefined;
      at = end;
      expects = 'comma or end';
    }
  }
  if (skipJsonSpace(text, at) < text.length) return undefined;
  return onlyStrings ? strings : 'not strings';
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function endOfString(text: string, start: number): number | undefined {
  if (text[start] !== '"') return undefined;
  for (let at = start + 1; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    const end = code === 92 ? endOf(jsonEscape, text, at) : at + 1;
    if (end === undefined || code < 32) return undefined;
    at = end;
  }
  return undefined;
}

function skipJsonSpace(text: string, from: number): number {
  let at = from;
  while (' \t\n\r'.includes(text[at] ?? '.')) at++;
  return at;
}
