import { TaskFileFault } from '../fault.ts';
import { insteadOf, joined, lineAt, pieceOf, type SourceText } from '../sourceText.ts';
import { type Expression, parseExpression } from './expression.ts';
import { type GoMap, isZero, noValue, shown } from './goValue.ts';
import { TemplateProblem } from './templateFunctions.ts';

// A comment, or an action, in whose texts }} may stand.
const action = /\{\{(-(?=\s))?(\s*\/\*[\s\S]*?\*\/\s*|(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/g;

interface Branch {
  /** Undefined for `else`. */
  condition: Expression | undefined;
  line: number;
  template: string;
  body: Part[];
}
type Part =
  | { kind: 'text'; text: SourceText }
  | { kind: 'value'; value: Expression; line: number; template: string }
  | { kind: 'if'; branches: Branch[]; line: number };

/**
 * Renders a text as the engine does with Go's templates: what has no value leaves nothing. There are paths, texts,
 * numbers, some functions, pipes, brackets, `if`, comments, and dashes that trim; the rest is refused by name.
 * @throws TaskFileFault
 */
export function render(source: SourceText, data: GoMap): SourceText {
  return withoutNoValue(joined(written(parse(source), data)));
}

function parse(source: SourceText): Part[] {
  const top: Part[] = [];
  const open: { branches: Branch[]; line: number }[] = [];
  const body = () => open.at(-1)?.branches.at(-1)?.body ?? top;
  let from = 0;
  let trims = false;
  const text = (to: number, trimEnd: boolean) => {
    const piece = source.text.slice(from, to);
    const start = trims ? piece.length - piece.trimStart().length : 0;
    const end = trimEnd ? Math.max(start, piece.trimEnd().length) : piece.length;
    if (end > start) body().push({ kind: 'text', text: pieceOf(source, from + start, from + end) });
  };

  for (const { 0: template, 1: before, 2: inner = '', 3: after, index } of source.text.matchAll(action)) {
    const line = lineAt(source, index);
    text(index, before !== undefined);
    from = index + template.length;
    trims = after !== undefined;
    const said = inner.trim();
    if (said.startsWith('/*')) continue;
    const problem = (what: string) => new TaskFileFault(line, `${oneLine(template)}: ${what}.`);
    const parsed = (expression: string) => {
      try {
        return parseExpression(expression);
      } catch (error) {
        throw error instanceof TemplateProblem ? problem(error.message) : error;
      }
    };
    const [, word, rest = ''] = /^([a-z]+)(?![\w.])\s*([\s\S]*)$/.exec(said) ?? [];
    if (word === 'if') {
      const branch = { condition: parsed(rest), line, template, body: [] };
      open.push({ branches: [branch], line });
    } else if (word === 'else') {
      const last = open.at(-1);
      if (!last || last.branches.at(-1)!.condition === undefined) throw problem('there is no if before it');
      const condition = /^if\b([\s\S]*)$/.exec(rest)?.[1];
      if (condition === undefined && rest !== '') throw problem('an else takes nothing, or an if');
      last.branches.push({
        condition: condition === undefined ? undefined : parsed(condition),
        line,
        template,
        body: [],
      });
    } else if (word === 'end') {
      const last = open.pop();
      if (!last) throw problem('there is no if before it');
      body().push({ kind: 'if', ...last });
    } else if (word !== undefined && notRead.has(word)) throw problem(`this run engine reads no ${word}`);
    else body().push({ kind: 'value', value: parsed(said), line, template });
  }
  text(source.text.length, false);
  const unclosed = source.text.indexOf('{{', from);
  if (unclosed >= 0) throw new TaskFileFault(lineAt(source, unclosed), '{{ is not closed by }}.');
  if (open[0]) throw new TaskFileFault(open[0].line, 'the if of this line has no end.');
  return top;
}

/** Words of Go's templates that no task file of ACR's documentation uses. */
const notRead = new Set(['range', 'with', 'define', 'template', 'block', 'break', 'continue']);

function written(parts: readonly Part[], data: GoMap): SourceText[] {
  return parts.flatMap((part) => {
    if (part.kind === 'text') return [part.text];
    if (part.kind === 'value') return [insteadOf(part.line, shown(valueOf(part.value, part, data)))];
    const taken = part.branches.find(
      (branch) => branch.condition === undefined || !isZero(valueOf(branch.condition, branch, data)),
    );
    return taken ? written(taken.body, data) : [];
  });
}

function valueOf(value: Expression, { line, template }: { line: number; template: string }, data: GoMap) {
  try {
    return value(data);
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    throw new TaskFileFault(line, `${oneLine(template)}: ${error.message}.`);
  }
}

const oneLine = (template: string) => template.replaceAll(/\s+/g, ' ');

/** The engine takes these words out of all that is rendered. */
function withoutNoValue(source: SourceText): SourceText {
  const pieces: SourceText[] = [];
  let from = 0;
  for (;;) {
    const at = source.text.indexOf(noValue, from);
    pieces.push(pieceOf(source, from, at < 0 ? undefined : at));
    if (at < 0) return joined(pieces);
    from = at + noValue.length;
  }
}
