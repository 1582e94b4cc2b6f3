import type { Budget } from './budget.ts';
import { Refusal } from './errors.ts';
import { isRegexSpace } from './goText.ts';
import { type LexOptions, splitWords } from './words.ts';

/** `<<-EOF`: the line that ends it, and whether tabs before that line are ignored. */
export type Heredoc = { terminator: string; chomp: boolean };

/**
 * The heredocs that a line opens. BuildKit reads the line as a shell would, always with `\` as the escape; where its
 * quotes are unbalanced it sees none.
 */
export function heredocsOfLine(line: string, budget: Budget): Heredoc[] {
  if (!line.includes('<<')) return [];
  let words: string[];
  try {
    words = splitWords(line, { ...lexer(budget), keepQuotes: true, keepEscapes: true });
  } catch (error) {
    if (error instanceof Refusal && budget.left >= 0) return [];
    throw error;
  }
  return words.flatMap((word) => parseHeredoc(word, budget) ?? []);
}

/** Reads one word; undefined where it opens no heredoc. */
export function parseHeredoc(word: string, budget: Budget): Heredoc | undefined {
  const start = /^[0-9]*<<-?/.exec(word)?.[0];
  if (start === undefined) return undefined;
  let at = start.length;
  while (at < word.length && isRegexSpace(word.charCodeAt(at))) at++;
  const name = word.slice(at);
  if (name === '' || name.includes('<')) return undefined;

  const names = splitWords(name, lexer(budget));
  if (names.length !== 1) return undefined;
  if (splitWords(name, { ...lexer(budget), keepQuotes: true }).length !== 1) {
    throw new Refusal('the name of a heredoc is not one word');
  }
  return { terminator: names[0]!, chomp: start.endsWith('-') };
}

function lexer(budget: Budget): LexOptions {
  return { escape: '\\', valueOf: () => undefined, keepUnset: true, budget };
}
