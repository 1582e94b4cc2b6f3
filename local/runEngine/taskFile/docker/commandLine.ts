/** A command line taken apart as a shell does. */
interface CommandLine {
  words: string[];
  /** What a shell would act on: `;`, `&&`, `|`, `>`, `$(`. */
  operators: string[];
}

/**
 * Takes a line apart into words: quotes hold blanks, a backslash the next character. Variables stay as they are.
 * @returns a sentence for what no shell reads
 */
export function wordsOf(line: string): CommandLine | { problem: string } {
  const words: string[] = [];
  const operators: string[] = [];
  let word: string | undefined;
  const add = (text: string) => {
    word = (word ?? '') + text;
  };
  for (let at = 0; at < line.length; ) {
    const rest = line.slice(at);
    const blanks = /^(?:\s|\\\n)+/.exec(rest)?.[0];
    const single = /^'([^']*)'/.exec(rest);
    const double = /^"((?:\\[\s\S]|[^"\\])*)"/.exec(rest);
    if (blanks !== undefined && /\s/.test(blanks.replaceAll('\\\n', ''))) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += blanks.length;
    } else if (blanks !== undefined) at += blanks.length;
    else if (single) {
      add(single[1]!);
      at += single[0].length;
    } else if (double) {
      add(double[1]!.replaceAll(/\\(["\\$`\n])/g, (_, char: string) => (char === '\n' ? '' : char)));
      at += double[0].length;
    } else if (/^["']/.test(rest)) return { problem: `the quote ${rest[0]} is not closed` };
    else if (/^\\[\s\S]/.test(rest)) {
      add(rest[1]!);
      at += 2;
    } else if (rest.startsWith('$(')) {
      const length = substitution(rest);
      if (length === 0) return { problem: '$( is not closed by )' };
      operators.push('$(');
      add(rest.slice(0, length));
      at += length;
    } else {
      const operator = /^(&&|\|\||>>|[;|&<>`])/.exec(rest)?.[0];
      if (operator !== undefined) operators.push(operator);
      const taken = operator ?? /^[^\s\\'"$;|&<>`]+|^./s.exec(rest)![0];
      add(taken);
      at += taken.length;
    }
  }
  if (word !== undefined) words.push(word);
  return { words, operators };
}

/** How long the `$(…)` is with which a text begins; 0 where it does not end. */
function substitution(text: string): number {
  let depth = 0;
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return 0;
}
