import { TaskFileError } from './errors.ts';

/** What a path like `Run.ID` stands for, or what is wrong with it. */
export type Lookup = (path: string[], template: string) => string | { problem: string };

/** A text with its templates filled in. */
export interface Rendered {
  text: string;
  /** The line of the source from which a line of the text came; both from 1. */
  lineOf(line: number): number;
}

const action = /\{\{(-(?=\s))?([\s\S]*?)((?<=\s)-)?\}\}/g;

/**
 * Fills in the subset of Go's templates that is supported: `{{.Run.X}}`, `{{.Values.x.y}}`, `{{.Secrets.x}}`,
 * `{{.Build.ID}}`, comments, and the dashes that trim blanks.
 * @throws TaskFileError naming the template, for anything else and for what `lookup` refuses
 */
export function renderTemplate(source: string, lookup: Lookup): Rendered {
  let text = '';
  const lines = [1];
  let at = 0;
  let line = 1;
  let trimNext = false;

  const pass = (to: number, trimEnd: boolean) => {
    let piece = source.slice(at, to);
    const begin = trimNext ? piece.length - piece.trimStart().length : 0;
    line += countLines(piece.slice(0, begin));
    piece = piece.slice(begin);
    const whole = piece;
    if (trimEnd) piece = piece.trimEnd();
    text += piece;
    for (let n = countLines(piece); n > 0; n--) lines.push(++line);
    line += countLines(whole.slice(piece.length));
    at = to;
  };

  for (const match of source.matchAll(action)) {
    const [whole, trimBefore, expression = '', trimAfter] = match;
    pass(match.index, trimBefore !== undefined);
    const value = evaluate(expression.trim(), whole, line, lookup);
    text += value;
    for (let n = countLines(value); n > 0; n--) lines.push(line);
    line += countLines(whole);
    at = match.index + whole.length;
    trimNext = trimAfter !== undefined;
  }
  const open = source.indexOf('{{', at);
  if (open >= 0)
    throw new TaskFileError(line + countLines(source.slice(at, open)), '{{ is not closed by }}.');
  pass(source.length, false);
  return { text, lineOf: (wanted) => lines[Math.min(wanted, lines.length) - 1] ?? line };
}

const countLines = (text: string) => text.split('\n').length - 1;

const controls = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block']);
const subset = 'There are {{.Run.X}}, {{.Values.x}} and {{.Secrets.x}}, without functions.';

function evaluate(expression: string, whole: string, line: number, lookup: Lookup): string {
  const shown = whole.replaceAll(/\s+/g, ' ');
  if (/^\/\*[\s\S]*\*\/$/.test(expression)) return '';
  if (/^(\.[A-Za-z_]\w*)+$/.test(expression)) {
    const found = lookup(expression.slice(1).split('.'), shown);
    if (typeof found === 'string') return found;
    throw new TaskFileError(line, found.problem);
  }
  const word = /^[A-Za-z_]\w*/.exec(expression)?.[0];
  const piped = /\|\s*([A-Za-z_]\w*)/.exec(expression)?.[1];
  const why =
    word !== undefined && controls.has(word)
      ? `${word} is not supported in a task file here`
      : (word ?? piped) !== undefined
        ? `the function ${word ?? piped} is not supported`
        : 'this template is not supported';
  throw new TaskFileError(line, `${shown}: ${why}. ${subset}`);
}
