import { type Budget, spend } from './budget.ts';
import { quote, Refusal } from './errors.ts';
import { replaceAll, replaceFirst, trimPrefix, trimSuffix } from './glob.ts';
import { isSpace } from './goText.ts';

// BuildKit's shell lexer: quotes, escapes and `$…` in one word. Nesting is kept in a list, not on the call stack,
// so that no depth of `${a:-${b:-…` can overflow it.

export type LexOptions = {
  escape: string;
  /** undefined: not set, which `${V-x}` tells from empty. */
  valueOf: (name: string) => string | undefined;
  budget: Budget;
  keepQuotes?: boolean;
  keepEscapes?: boolean;
  keepUnset?: boolean;
};

type Substitution = { name: string; operator: string; modifier: string; ifEmpty: boolean; pattern?: string };

/** One level of nesting: the word itself, a double-quoted part, or what stands behind a `${V:-`. */
type Level = { stop: string; out: string; keepEscapes: boolean; substitution?: Substitution };

/** Expands one word: quotes removed, variables replaced. */
export function expandWord(word: string, options: LexOptions): string {
  return lex(word, options, () => {});
}

/** Splits a line into words at spaces outside quotes, after expanding it. */
export function splitWords(line: string, options: LexOptions): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  lex(line, options, (text, raw) => {
    for (let at = 0, from = 0; at <= text.length; at++) {
      const space = !raw && at < text.length && isSpace(text.charCodeAt(at));
      if (!space && at < text.length) continue;
      if (raw || at > from) {
        word += text.slice(from, at);
        inWord = true;
      }
      from = at + 1;
      if (space && inWord && word !== '') {
        words.push(word);
        word = '';
        inWord = false;
      }
    }
  });
  if (word !== '') words.push(word);
  return words;
}

type Emit = (text: string, raw: boolean) => void;

function lex(word: string, options: LexOptions, emit: Emit): string {
  const { escape, budget } = options;
  // Go's scanner drops a byte order mark at the start of whatever it reads.
  let at = word.startsWith('\uFEFF') ? 1 : 0;
  const levels: Level[] = [{ stop: '', out: '', keepEscapes: options.keepEscapes ?? false }];

  const append = (text: string, raw: boolean) => {
    levels.at(-1)!.out += text;
    if (levels.length === 1) emit(text, raw);
  };
  const fail = (why: string): never => {
    throw new Refusal(`${quote(word)}: ${why}`);
  };

  const dollar = () => {
    if (word[at] !== '{') {
      const name = readName(word, at);
      at += name.length;
      append(name === '' ? '$' : plainValue(name, `$${name}`, options), false);
      return;
    }
    at++;
    const first = word[at];
    if (first === undefined) fail("missing '}'");
    if (first === '{' || first === '}' || first === ':') fail('bad substitution');
    const name = readName(word, at);
    at += name.length;
    let operator = word[at++] ?? '';
    if (operator === '}') return append(plainValue(name, `\${${name}}`, options), false);
    let modifier = operator;
    const ifEmpty = operator === ':';
    if (ifEmpty) {
      operator = word[at++] ?? '';
      modifier += operator;
    }
    const cuts = operator === '#' || operator === '%' || operator === '/';
    if (!'+-?#%/'.includes(operator) || operator === '' || (ifEmpty && cuts)) {
      fail(operator === '' ? "missing '}'" : `unsupported modifier (${modifier}) in substitution`);
    }
    if (operator === '/' && word[at] === '/') {
      modifier = '//';
      at++;
    }
    const substitution = { name, operator, modifier, ifEmpty };
    levels.push({ stop: operator === '/' ? '/' : '}', out: '', keepEscapes: cuts, substitution });
  };

  const close = (level: Level) => {
    levels.pop();
    if (level.substitution === undefined) {
      return append(options.keepQuotes ? `"${level.out}"` : level.out, true);
    }
    const { substitution } = level;
    if (substitution.operator === '/' && substitution.pattern === undefined) {
      const next = { ...substitution, pattern: level.out };
      levels.push({ stop: '}', out: '', keepEscapes: true, substitution: next });
      return;
    }
    const value = substitute(substitution, level.out, options, fail);
    spend(budget, value.length);
    append(value, false);
  };

  while (at < word.length) {
    const level = levels.at(-1)!;
    const inQuotes = level.stop === '"';
    const char = word[at]!;
    if (char === level.stop) {
      at++;
      close(level);
    } else if (char === '$') {
      at++;
      dollar();
    } else if (char === escape && inQuotes) {
      const next = word[at + 1];
      if (level.keepEscapes) append(char, true);
      at++;
      if (next === undefined) break;
      // In double quotes only these are escaped; before anything else the escape character stays.
      if (next === '"' || next === '$' || next === escape) at++;
      append(next === '"' || next === '$' || next === escape ? next : char, true);
    } else if (char === escape) {
      if (level.keepEscapes) append(char, true);
      const next = word[at + 1];
      at += 2;
      if (next !== undefined) append(next, true);
    } else if (char === "'" && !inQuotes) {
      const end = word.indexOf("'", at + 1);
      if (end < 0) fail('a single quote is not closed');
      append(options.keepQuotes ? word.slice(at, end + 1) : word.slice(at + 1, end), true);
      at = end + 1;
    } else if (char === '"') {
      at++;
      levels.push({ stop: '"', out: '', keepEscapes: level.keepEscapes });
    } else if (char === '<' && !inQuotes) {
      const end = endOfArrows(word, at);
      append(word.slice(at, end), true);
      at = end;
    } else {
      const end = endOfPlainText(word, at, level.stop, escape);
      append(word.slice(at, end), false);
      at = end;
    }
  }
  const open = levels.at(-1)!.stop;
  if (open === '"') fail('a double quote is not closed');
  if (open !== '') fail(`missing '${open}'`);
  return levels[0]!.out;

  function plainValue(name: string, asWritten: string, { valueOf, keepUnset }: LexOptions): string {
    const value = valueOf(name);
    if (value === undefined) return keepUnset ? asWritten : '';
    spend(budget, value.length);
    return value;
  }
}

function substitute(
  { name, operator, modifier, ifEmpty, pattern }: Substitution,
  word: string,
  { valueOf, budget, keepUnset }: LexOptions,
  fail: (why: string) => never,
): string {
  const value = valueOf(name);
  if (keepUnset && value === undefined) {
    return pattern === undefined ? `\${${name}${modifier}${word}}` : `\${${name}/${pattern}/${word}}`;
  }
  const missing = value === undefined || (ifEmpty && value === '');
  const greedy = word.startsWith(operator);
  const cut = greedy ? word.slice(1) : word;
  switch (operator) {
    case '-':
      return missing ? word : value;
    case '+':
      return missing ? '' : word;
    case '?':
      return missing ? fail(`${name}: ${word === '' ? 'has no value' : word}`) : value;
    case '#':
      return trimPrefix(cut, value ?? '', greedy, budget);
    case '%':
      return trimSuffix(cut, value ?? '', greedy, budget);
    default:
      return modifier === '//'
        ? replaceAll(pattern!, value ?? '', word, budget)
        : replaceFirst(pattern!, value ?? '', word, budget);
  }
}

const namePattern = /[\p{L}\p{Nd}_]*/uy;
const digitsPattern = /\p{Nd}+/uy;

/** A name, or digits, or one of the shell's special parameters. */
function readName(word: string, at: number): string {
  if ('@*#?-$!'.includes(word[at] ?? ' ')) return word[at]!;
  digitsPattern.lastIndex = at;
  const digits = digitsPattern.exec(word);
  if (digits !== null) return digits[0];
  namePattern.lastIndex = at;
  return namePattern.exec(word)?.[0] ?? '';
}

/** `<<` takes the space behind it along, so that `<< EOF` is one word. */
function endOfArrows(word: string, at: number): number {
  if (word[at + 1] !== '<') return at + 1;
  let end = at + 2;
  while (' \t\r\n'.includes(word[end] ?? '.')) end++;
  return end;
}

function endOfPlainText(word: string, from: number, stop: string, escape: string): number {
  for (let at = from + 1; at < word.length; at++) {
    const char = word[at]!;
    if (char === '$' || char === '"' || char === "'" || char === '<') return at;
    if (char === stop || char === escape) return at;
  }
  return word.length;
}
