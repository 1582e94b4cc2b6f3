import { type Budget, spend } from './budget.ts';
import { DockerfileRefusal, quote } from './errors.ts';
import { replaceAll, replaceFirst, trimPrefix, trimSuffix } from './glob.ts';
import { isSpace } from './goText.ts';

// BuildKit's shell lexer: quotes, escapes and `$…` in one word. Nesting is kept in a list, not on the call stack,
// so that no depth of `${a:-${b:-…` can overflow it.

export type LexOptions = {
  escapeChar: string;
  /** undefined: not set, which `${V-x}` distinguishes from empty. */
  lookUp: (name: string) => string | undefined;
  budget: Budget;
  keepQuotes?: boolean;
  keepEscapes?: boolean;
  keepUnset?: boolean;
};

type Substitution = { name: string; operator: string; modifier: string; ifEmpty: boolean; pattern?: string };

/** One level of nesting: the word itself, a double-quoted part, or what stands behind a `${V:-`. */
type Level = { stop: string; out: string; keepEscapes: boolean; substitution?: Substitution };

export function noVariables(): undefined {
  return undefined;
}

/** Expands one word: quotes removed, variables replaced. */
export function expandWord(word: string, options: LexOptions): string {
  if (!/[$'"\\`\uFEFF]/.test(word)) return word;
  return lex(word, options, undefined);
}

/** Splits a line into words at spaces outside quotes, after expanding it. */
export function splitWords(line: string, options: LexOptions): string[] {
  const splitter: Splitter = { words: [], word: '', inWord: false };
  lex(line, options, splitter);
  if (splitter.word !== '') splitter.words.push(splitter.word);
  return splitter.words;
}

type Splitter = { words: string[]; word: string; inWord: boolean };

/** Raw text, from quotes or escapes, holds no spaces to split at. */
function addToWords(splitter: Splitter, text: string, raw: boolean): void {
  if (raw) {
    splitter.word += text;
    splitter.inWord = true;
    return;
  }
  for (let at = 0, from = 0; at <= text.length; at++) {
    const space = at < text.length && isSpace(text.charCodeAt(at));
    if (!space && at < text.length) continue;
    if (at > from) {
      splitter.word += text.slice(from, at);
      splitter.inWord = true;
    }
    from = at + 1;
    if (space && splitter.inWord && splitter.word !== '') {
      splitter.words.push(splitter.word);
      splitter.word = '';
      splitter.inWord = false;
    }
  }
}

type Lexer = {
  word: string;
  at: number;
  levels: Level[];
  options: LexOptions;
  splitter: Splitter | undefined;
};

function lex(word: string, options: LexOptions, splitter: Splitter | undefined): string {
  const levels: Level[] = [{ stop: '', out: '', keepEscapes: options.keepEscapes ?? false }];
  // Go's scanner drops a byte order mark at the start of whatever it reads.
  const lexer: Lexer = { word, at: word.startsWith('\uFEFF') ? 1 : 0, levels, options, splitter };
  while (lexer.at < word.length) readNext(lexer);
  const open = levels.at(-1)!.stop;
  if (open !== '') refuse(lexer, open === '"' ? 'a double quote is not closed' : `missing '${open}'`);
  return levels[0]!.out;
}

function readNext(lexer: Lexer): void {
  const { word, options } = lexer;
  const { escapeChar } = options;
  const level = lexer.levels.at(-1)!;
  const inQuotes = level.stop === '"';
  const start = lexer.at++;
  const char = word[start]!;
  if (char === level.stop) closeLevel(lexer, level);
  else if (char === '$') readDollar(lexer);
  else if (char === escapeChar && inQuotes) {
    const next = word[start + 1];
    if (level.keepEscapes) append(lexer, char, true);
    // In double quotes only these are escaped; before anything else the escape character stays.
    const escapes = next === '"' || next === '$' || next === escapeChar;
    if (escapes) lexer.at++;
    append(lexer, escapes ? next : char, true);
  } else if (char === escapeChar) {
    if (level.keepEscapes) append(lexer, char, true);
    if (lexer.at < word.length) append(lexer, word[lexer.at++]!, true);
  } else if (char === "'" && !inQuotes) {
    const end = word.indexOf("'", start + 1);
    if (end < 0) refuse(lexer, 'a single quote is not closed');
    append(lexer, options.keepQuotes ? word.slice(start, end + 1) : word.slice(start + 1, end), true);
    lexer.at = end + 1;
  } else if (char === '"') {
    lexer.levels.push({ stop: '"', out: '', keepEscapes: level.keepEscapes });
  } else {
    const isArrow = char === '<' && !inQuotes;
    lexer.at = isArrow ? endOfArrows(word, start) : endOfPlainText(word, start, level.stop, escapeChar);
    append(lexer, word.slice(start, lexer.at), isArrow);
  }
}

function append({ levels, splitter }: Lexer, text: string, raw: boolean): void {
  levels.at(-1)!.out += text;
  if (levels.length === 1 && splitter !== undefined) addToWords(splitter, text, raw);
}

function readDollar(lexer: Lexer) {
  const { word, levels } = lexer;
  const isBraced = word[lexer.at] === '{';
  if (isBraced) lexer.at++;
  const first = word[lexer.at];
  if (isBraced && (first === '{' || first === '}' || first === ':')) refuse(lexer, 'bad substitution');
  const name = readName(word, lexer.at);
  lexer.at += name.length;
  if (!isBraced) {
    append(lexer, name === '' ? '$' : plainValue(lexer, name, `$${name}`), false);
    return;
  }
  let operator = word[lexer.at++] ?? '';
  if (operator === '}') {
    append(lexer, plainValue(lexer, name, `\${${name}}`), false);
    return;
  }
  let modifier = operator;
  const ifEmpty = operator === ':';
  if (ifEmpty) {
    operator = word[lexer.at++] ?? '';
    modifier += operator;
  }
  const cuts = operator === '#' || operator === '%' || operator === '/';
  if (operator === '') refuse(lexer, "missing '}'");
  if (!'+-?#%/'.includes(operator) || (ifEmpty && cuts)) {
    refuse(lexer, `unsupported modifier (${modifier}) in substitution`);
  }
  if (operator === '/' && word[lexer.at] === '/') {
    modifier = '//';
    lexer.at++;
  }
  const substitution = { name, operator, modifier, ifEmpty };
  levels.push({ stop: operator === '/' ? '/' : '}', out: '', keepEscapes: cuts, substitution });
}

function closeLevel(lexer: Lexer, { substitution, out }: Level) {
  lexer.levels.pop();
  if (substitution === undefined) {
    append(lexer, lexer.options.keepQuotes ? `"${out}"` : out, true);
    return;
  }
  if (substitution.operator === '/' && substitution.pattern === undefined) {
    const next = { ...substitution, pattern: out };
    lexer.levels.push({ stop: '}', out: '', keepEscapes: true, substitution: next });
    return;
  }
  const value = substitute(lexer, substitution, out);
  spend(lexer.options.budget, value.length);
  append(lexer, value, false);
}

function plainValue({ options }: Lexer, name: string, asWritten: string): string {
  const value = options.lookUp(name);
  if (value === undefined) return options.keepUnset ? asWritten : '';
  spend(options.budget, value.length);
  return value;
}

function refuse({ word }: Lexer, why: string): never {
  throw new DockerfileRefusal(`${quote(word)}: ${why}`);
}

function substitute(
  lexer: Lexer,
  { name, operator, modifier, ifEmpty, pattern }: Substitution,
  word: string,
) {
  const { lookUp, budget, keepUnset } = lexer.options;
  const value = lookUp(name);
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
      return missing ? refuse(lexer, `${name}: ${word === '' ? 'has no value' : word}`) : value;
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

function endOfPlainText(word: string, from: number, stop: string, escapeChar: string): number {
  for (let at = from + 1; at < word.length; at++) {
    const char = word[at]!;
    if (char === '$' || char === '"' || char === "'" || char === '<') return at;
    if (char === stop || char === escapeChar) return at;
  }
  return word.length;
}
