import { TemplateFault } from './errors.ts';
import { callFunction } from './functions.ts';
import { isMapValue } from './goValue.ts';

/** Far more than a person writes. */
const mostBrackets = 64;

/** What templates stand for. */
export interface TemplateScope {
  /** By root: `Run`, `Values` and so on. */
  root: Record<string, unknown>;
  /** The value of a path that is not there; undefined for nothing. */
  missing(path: string[]): unknown;
  now: Date;
}

type Token =
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: bigint | number }
  | { kind: 'mark'; value: string };

const tokens =
  /\s+|"(?:\\.|[^"\\\n])*"|`[^`]*`|[-+]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?)(?![\w.])|(?:\.[\p{L}_][\p{L}\p{Nd}_]*)+|[\p{L}_][\p{L}\p{Nd}_]*|[().|]/uy;

function tokensOf(expression: string): Token[] {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < expression.length) {
    const at = tokens.lastIndex;
    const text = tokens.exec(expression)?.[0];
    if (text === undefined) throw new TemplateFault(unreadable(expression.slice(at)));
    if (/^\s/.test(text)) continue;
    if (text.startsWith('"')) found.push({ kind: 'text', value: unquoted(text) });
    else if (text.startsWith('`')) found.push({ kind: 'text', value: text.slice(1, -1) });
    else if (/^[-+]?\d/.test(text))
      found.push({
        kind: 'number',
        value: text.includes('.') ? Number(text) : BigInt(text.replace(/^\+/, '')),
      });
    else found.push({ kind: 'mark', value: text });
  }
  return found;
}

const unreadable = (rest: string) =>
  rest.startsWith('$')
    ? 'variables are not supported in a template here'
    : `${JSON.stringify(rest[0])} stands where a template has no such character`;

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new TemplateFault(`${text} is not a text in quotes as JSON has it`);
  }
}

/**
 * The value of what stands between `{{` and `}}`: a path, a text, a number, a function with its arguments, brackets,
 * and pipes.
 * @returns the value, and every path that was looked up for it
 * @throws TemplateFault
 */
export function evaluate(expression: string, scope: TemplateScope): { value: unknown; paths: string[][] } {
  const list = tokensOf(expression);
  const paths: string[][] = [];
  let at = 0;
  const is = (mark: string) => list[at]?.kind === 'mark' && list[at]?.value === mark;

  const pipeline = (depth: number): unknown => {
    let value = command([], depth);
    while (is('|')) {
      at++;
      value = command([value], depth);
    }
    return value;
  };
  const command = (piped: unknown[], depth: number): unknown => {
    const first = list[at];
    if (first?.kind === 'mark' && /^[\p{L}_]/u.test(first.value) && !literals.has(first.value)) {
      at++;
      const values: unknown[] = [];
      while (list[at] !== undefined && !is('|') && !is(')')) values.push(operand(depth));
      return callFunction(first.value, [...values, ...piped], scope.now);
    }
    const value = operand(depth);
    if (piped.length > 0 || (list[at] !== undefined && !is('|') && !is(')')))
      throw new TemplateFault('only a function takes arguments');
    return value;
  };
  const operand = (depth: number): unknown => {
    const token = list[at++];
    if (token === undefined) throw new TemplateFault('something is missing at its end');
    if (token.kind !== 'mark') return token.value;
    if (literals.has(token.value)) return literals.get(token.value);
    if (token.value === '(') {
      if (depth === mostBrackets)
        throw new TemplateFault(`more than ${mostBrackets} brackets are in one another`);
      const value = pipeline(depth + 1);
      if (!is(')')) throw new TemplateFault('a bracket is not closed');
      at++;
      const next = list[at];
      if (next?.kind !== 'mark' || !/^\../.test(next.value)) return value;
      at++;
      return walk({ value }, ['value', ...next.value.slice(1).split('.')], () => undefined);
    }
    if (token.value.startsWith('.')) {
      const path = token.value
        .slice(1)
        .split('.')
        .filter((name) => name !== '');
      paths.push(path);
      return walk(scope.root, path, scope.missing);
    }
    return callFunction(token.value, [], scope.now);
  };
  const value = pipeline(0);
  if (at < list.length) throw new TemplateFault('a bracket is closed that was not opened');
  return { value, paths };
}

const literals = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['nil', undefined],
]);

function walk(root: unknown, path: string[], missing: (path: string[]) => unknown): unknown {
  let found: unknown = root;
  for (const [at, name] of path.entries()) {
    if (isMapValue(found) && Object.hasOwn(found, name)) {
      found = found[name];
      if (found !== undefined && found !== null) continue;
    } else if (!isMapValue(found)) {
      throw new TemplateFault(`.${path.slice(0, at).join('.')} is no map, so it has no ${name}`);
    }
    const instead = missing(path);
    if (instead === undefined && at < path.length - 1)
      throw new TemplateFault(
        `.${path.slice(0, at + 1).join('.')} has no value, so it has no ${path[at + 1]}. Give it in the values file`,
      );
    return instead;
  }
  return found;
}
