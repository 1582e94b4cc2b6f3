import { DockerfileRefusal } from './errors.ts';
import { isBlank, isSpace } from './goText.ts';

/** Splits at spaces outside quotes, as ARG, ENV and LABEL do; quotes and escapes stay for the lexer. */
export function quotedWords(text: string, escapeChar: string): string[] {
  const words: string[] = [];
  let start = -1;
  let quoteChar = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    const space = quoteChar === '' && isSpace(text.charCodeAt(at));
    if (space && start >= 0) words.push(text.slice(start, at));
    if (space) {
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    // An escape character at the very end escapes nothing, and is dropped.
    if (char === escapeChar && quoteChar !== "'" && at + 1 === text.length) {
      if (at > start) words.push(text.slice(start, at));
      return words;
    }
    if (char === quoteChar) quoteChar = '';
    else if (char === escapeChar && quoteChar !== "'") at++;
    else if (quoteChar === '' && (char === "'" || char === '"')) quoteChar = char;
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

/** `ENV name=value …` or the old `ENV name value`; throws where it is neither. */
export function checkKeyValues(instruction: string, text: string, escapeChar: string): void {
  const words = quotedWords(text, escapeChar);
  if (words.length === 0) return;
  if (words[0]!.includes('=')) {
    if (!words.every((word) => word.includes('=')))
      throw new DockerfileRefusal(`${instruction} wants name=value`);
    return;
  }
  for (let at = 0; at < text.length; at++) if (isBlank(text.charCodeAt(at))) return;
  throw new DockerfileRefusal(`${instruction} wants a name and a value`);
}
