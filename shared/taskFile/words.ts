/** A command line as a shell takes it apart. */
interface Words {
  words: string[];
  /** `;`, `&&`, `|`, `>` and the like that stand outside of quotes: only a shell understands them. */
  operators: string[];
  /** Why it cannot be taken apart. */
  problem?: string;
}

const blank = /\s/;

/**
 * Splits by blanks; quotes hold together, a backslash takes the next character as it is. Variables stay as they are.
 */
export function splitCommand(line: string): Words {
  const words: string[] = [];
  const operators: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (blank.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const { text, end } = quoted(line, at);
      if (end < 0) return { words, operators, problem: `the quote ${char} is not closed` };
      word = (word ?? '') + text;
      at = end;
    } else if (char === '\\' && at + 1 < line.length) {
      at++;
      if (line[at] !== '\n') word = (word ?? '') + line[at];
    } else if (char === '$' && line[at + 1] === '(') {
      const end = substitutionEnd(line, at + 1);
      if (end < 0) return { words, operators, problem: '$( is not closed by )' };
      operators.push('$(');
      word = (word ?? '') + line.slice(at, end + 1);
      at = end;
    } else {
      if (/[;|&<>`]/.test(char)) operators.push(char);
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return { words, operators };
}

/** Where the `$(…)` ends whose bracket is at `start`; its blanks part no words. */
function substitutionEnd(line: string, start: number): number {
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '(') depth++;
    else if (line[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

/** The text of the quote that begins at `start`; in double quotes a backslash escapes what a shell lets it. */
function quoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at]!;
    if (char === quote) return { text, end: at };
    if (quote === '"' && char === '\\' && /["\\$`\n]/.test(line[at + 1] ?? '')) {
      at++;
      if (line[at] !== '\n') text += line[at];
    } else text += char;
  }
  return { text, end: -1 };
}

/** Whether only the shell of the machine that runs the step can expand a word: `$(…)`, `$NAME`, `` `…` ``. */
export const shellDecides = (word: string) => /\$[({A-Za-z_]|`/.test(word);

/** A word as a shell reads it back. */
export const quoteWord = (word: string) =>
  /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
