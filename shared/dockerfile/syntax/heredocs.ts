import type { Budget } from './budget.ts';
import { DockerfileRefusal } from './errors.ts';
import { isRegexSpace } from './goText.ts';
import { type LexOptions, noVariables, splitWords } from './words.ts';

/** `<<-EOF`: the line that ends it, and whether tabs before that line are ignored. */
export type Heredoc = { terminator: string; chomp: boolean };

/**
 * The heredocs that a line opens. BuildKit reads the line as a shell would, always with `\` as the escape; where its
 * quotes are unbalanced it sees none.
 */
export function heredocsOfLine(line: string, budget: Budget): Heredoc[] {
  const found: Heredoc[] = [];
  for (const word of shellWords(line, budget)) {
    const heredoc = parseHeredoc(word, budget);
    if (heredoc !== undefined) found.push(heredoc);
  }
  return found;
}

function shellWords(line: string, budget: Budget): string[] {
  try {
    return splitWords(line, asWritten(budget, true, true));
  } catch (error) {
    if (error instanceof DockerfileRefusal && budget.left >= 0) return [];
    throw error;
  }
}

/** Reads one word; undefined where it opens no heredoc. */
export function parseHeredoc(word: string, budget: Budget): Heredoc | undefined {
  const start = /^[0-9]*<<-?/.exec(word)?.[0];
  if (start === undefined) return undefined;
  let at = start.length;
  while (at < word.length && isRegexSpace(word.charCodeAt(at))) at++;
  const name = word.slice(at);
  if (name === '' || name.includes('<')) return undefined;

  const chomp = start.endsWith('-');
  if (/^[A-Za-z0-9_]{1,100}$/.test(name)) return { terminator: name, chomp };
  const names = splitWords(name, asWritten(budget, false, false));
  if (names.length !== 1) return undefined;
  if (splitWords(name, asWritten(budget, true, false)).length !== 1) {
    throw new DockerfileRefusal('the name of a heredoc is not one word');
  }
  return { terminator: names[0]!, chomp };
}

/** Variables stay as they are written, and so may quotes and escapes. */
function asWritten(budget: Budget, keepQuotes: boolean, keepEscapes: boolean): LexOptions {
  return { escapeChar: '\\', lookUp: noVariables, keepUnset: true, keepQuotes, keepEscapes, budget };
}
