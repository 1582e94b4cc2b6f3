import { TaskFileError, TemplateFault } from './errors.ts';
import { evaluate, type TemplateScope } from './expression.ts';
import { noValue, printed } from './goValue.ts';
import { type Lined, rewriting } from './lined.ts';

/**
 * What is put in a template's place.
 * @param text its value as text
 * @param paths what was looked up for it
 * @param template as it is written
 */
export type Put = (text: string, paths: string[][], template: string) => string;

// A comment, or anything in which }} may stand within quotes alone.
const action = /\{\{(-(?=\s))?(\s*\/\*[\s\S]*?\*\/\s*|(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/y;

/** The templates of a text, up to the first that is not closed: behind it, each would be looked for to the end again. */
function* actionsIn(text: string): Generator<RegExpExecArray> {
  const here = new RegExp(action);
  for (let at = text.indexOf('{{'); at >= 0; at = text.indexOf('{{', here.lastIndex)) {
    here.lastIndex = at;
    const match = here.exec(text);
    if (!match) return;
    yield match;
  }
}

/**
 * Fills in Go's templates as ACR's engine does: paths, functions, pipes, `if`, comments, and the dashes that trim
 * blanks. What has no value stands for nothing.
 * @throws TaskFileError naming the template
 */
export function renderTemplate(source: Lined, scope: TemplateScope, put: Put = (text) => text): Lined {
  const out = rewriting(source);
  const branches = createBranches();
  let at = 0;
  let trimNext = false;

  const pass = (to: number, trimEnd: boolean) => {
    const piece = source.text.slice(at, to);
    const from = at + (trimNext ? piece.length - piece.trimStart().length : 0);
    const end = trimEnd ? Math.max(from, at + piece.trimEnd().length) : to;
    out.skip(from);
    if (branches.isWritten()) out.copy(end);
    out.skip(to);
    at = to;
  };

  for (const match of actionsIn(source.text)) {
    const [whole, trimBefore, inner = '', trimAfter] = match;
    pass(match.index, trimBefore !== undefined);
    const expression = inner.trim();
    const valueOf = (text: string) => evaluate(text, scope);
    try {
      const [, word = '', rest = ''] = /^(if|else|end)(?![\w.])\s*([\s\S]*)$/.exec(expression) ?? [];
      const holds = (text: string) => isTrue(valueOf(text).value);
      if (word === 'if') branches.open(rest, out.line(), holds);
      else if (word === 'else') branches.turn(rest, holds);
      else if (word === 'end') branches.close();
      else if (branches.isWritten() && !expression.startsWith('/*')) {
        const loop = /^(range|with|define|template|block|break|continue)\b/.exec(expression)?.[1];
        if (loop)
          throw new TemplateFault(`${loop} is not supported in a task file here; if, else and end are`);
        const { value, paths } = valueOf(expression);
        out.insert(put(printed(value).replaceAll(noValue, ''), paths, whole));
      }
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      throw new TaskFileError(out.line(), `${whole.replaceAll(/\s+/g, ' ')}: ${error.message}.`);
    }
    at = match.index + whole.length;
    out.skip(at);
    trimNext = trimAfter !== undefined;
  }
  const open = source.text.indexOf('{{', at);
  pass(open < 0 ? source.text.length : open, false);
  if (open >= 0) throw new TaskFileError(out.line(), '{{ is not closed by }}.');
  const unclosed = branches.unclosed();
  if (unclosed !== undefined) throw new TaskFileError(unclosed, 'the if of this line has no end.');
  const { text, lines } = out.done();
  // The engine takes these words out of all that it has rendered.
  return { text: text.replaceAll(noValue, ''), lines };
}

type Condition = (expression: string) => boolean;

/** Where a template stands in its `if`s, of which one may hold others. */
function createBranches() {
  /** Whether what is around it is written, whether one of its branches was, and the line it is on. */
  const ifs: { outer: boolean; taken: boolean; line: number }[] = [];
  let written = true;
  const innermost = (word: string) => {
    const found = ifs.at(-1);
    if (!found) throw new TemplateFault(`there is no if before this ${word}`);
    return found;
  };
  return {
    /** Whether what stands here is in the text that comes out. */
    isWritten: () => written,
    open(expression: string, line: number, holds: Condition): void {
      const opened = { outer: written, taken: false, line };
      ifs.push(opened);
      if (written) written = holds(expression);
      opened.taken = written;
    },
    /** An `else`, or an `else if`. */
    turn(expression: string, holds: Condition): void {
      const turned = innermost('else');
      const condition = /^if\b([\s\S]*)/.exec(expression)?.[1];
      written = turned.outer && !turned.taken && (condition === undefined || holds(condition));
      turned.taken ||= written;
    },
    close(): void {
      written = innermost('end').outer;
      ifs.pop();
    },
    /** The line of the first `if` that has no end. */
    unclosed: () => ifs[0]?.line,
  };
}

/** What `if` takes for true. */
function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length > 0 || value instanceof Date;
  return Boolean(value);
}
