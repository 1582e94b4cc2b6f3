import { TaskFileError, TemplateFault } from './errors.ts';
import { evaluate, type TemplateScope } from './expression.ts';
import { printed } from './goValue.ts';
import { type Lined, rewriting } from './lined.ts';

/**
 * What is put in a template's place.
 * @param text its value as text
 * @param paths what was looked up for it
 * @param template as it is written
 */
export type Put = (text: string, paths: string[][], template: string) => string;

// A comment, or anything in which }} may stand within quotes alone.
const action = /\{\{(-(?=\s))?(\s*\/\*[\s\S]*?\*\/\s*|(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/g;

/** A branch of an `if`: whether it is written, and whether one before it was. */
interface Branch {
  outer: boolean;
  taken: boolean;
  line: number;
}

/**
 * Fills in Go's templates as ACR's engine does: paths, functions, pipes, `if`, comments, and the dashes that trim
 * blanks. What has no value stands for nothing.
 * @throws TaskFileError naming the template
 */
export function renderTemplate(source: Lined, scope: TemplateScope, put: Put = (text) => text): Lined {
  const out = rewriting(source);
  const branches: Branch[] = [];
  let at = 0;
  let trimNext = false;
  let active = true;

  const pass = (to: number, trimEnd: boolean) => {
    const piece = source.text.slice(at, to);
    const from = at + (trimNext ? piece.length - piece.trimStart().length : 0);
    const end = trimEnd ? Math.max(from, at + piece.trimEnd().length) : to;
    out.skip(from);
    if (active) out.copy(end);
    out.skip(to);
    at = to;
  };
  const controlled = (word: string, expression: string, holds: (text: string) => boolean) => {
    const branch = branches.at(-1);
    if (word === 'if') {
      branches.push({ outer: active, taken: false, line: out.line() });
      if (active) active = holds(expression);
      branches.at(-1)!.taken = active;
      return;
    }
    if (!branch) throw new TemplateFault(`there is no if before this ${word}`);
    if (word === 'end') {
      branches.pop();
      active = branch.outer;
      return;
    }
    const condition = /^if\b([\s\S]*)/.exec(expression)?.[1];
    active = branch.outer && !branch.taken && (condition === undefined || holds(condition));
    branch.taken ||= active;
  };

  for (const match of source.text.matchAll(action)) {
    const [whole, trimBefore, inner = '', trimAfter] = match;
    pass(match.index, trimBefore !== undefined);
    const expression = inner.trim();
    const valueOf = (text: string) => evaluate(text, scope);
    try {
      const [, word = '', rest = ''] = /^(if|else|end)(?![\w.])\s*([\s\S]*)$/.exec(expression) ?? [];
      if (word !== '') controlled(word, rest, (text) => isTrue(valueOf(text).value));
      else if (active && !expression.startsWith('/*')) {
        const loop = /^(range|with|define|template|block|break|continue)\b/.exec(expression)?.[1];
        if (loop)
          throw new TemplateFault(`${loop} is not supported in a task file here; if, else and end are`);
        const { value, paths } = valueOf(expression);
        out.insert(put(printed(value).replaceAll('<no value>', ''), paths, whole));
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
  const [branch] = branches;
  if (branch) throw new TaskFileError(branch.line, 'the if of this line has no end.');
  return out.done();
}

/** What `if` takes for true. */
function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length > 0 || value instanceof Date;
  return Boolean(value);
}
