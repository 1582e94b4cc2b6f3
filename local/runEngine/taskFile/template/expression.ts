import type { GoMap, GoValue } from './goValue.ts';
import { TemplateProblem, templateFunction } from './templateFunctions.ts';

/** A parsed expression: its value for the data of a run. */
export type Expression = (data: GoMap) => GoValue;

const token =
  /\s+|"(?:\\.|[^"\\\n])*"|`[^`]*`|[-+]?\d+(?:\.\d+)?(?![\w.])|(?:\.[\p{L}_][\p{L}\p{Nd}_]*)+|[\p{L}_][\p{L}\p{Nd}_]*|[().|]/uy;

function tokensOf(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const from = token.lastIndex;
    const [taken] = token.exec(text) ?? [];
    if (taken === undefined) {
      const what = text[from] === '$' ? 'variables' : JSON.stringify(text[from]);
      throw new TemplateProblem(`this run engine reads no ${what} in a template`);
    }
    if (taken.trim() !== '') found.push(taken);
  }
  return found;
}

const constants = new Map<string, GoValue>([
  ['true', true],
  ['false', false],
  ['nil', undefined],
]);

/**
 * Parses what stands between `{{` and `}}` as Go does: all names are looked up at once, values when it is rendered.
 * @throws TemplateProblem
 */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const ends = () => tokens[at] === undefined || tokens[at] === '|' || tokens[at] === ')';

  const pipeline = (): Expression => {
    let value = command();
    while (tokens[at] === '|') {
      at++;
      const before = value;
      value = command(before);
    }
    return value;
  };
  const command = (piped?: Expression): Expression => {
    const first = tokens[at];
    if (first !== undefined && isName(first)) {
      at++;
      const call = templateFunction(first);
      const given: Expression[] = [];
      while (!ends()) given.push(operand());
      if (piped) given.push(piped);
      return (data) => call(given.map((value) => value(data)));
    }
    const value = operand();
    if (piped || !ends()) throw new TemplateProblem('only a function takes arguments');
    return value;
  };
  const operand = (): Expression => {
    const taken = tokens[at++];
    if (taken === undefined || taken === '|' || taken === ')')
      throw new TemplateProblem('a value is missing in it');
    if (taken === '(') {
      const inner = pipeline();
      if (tokens[at++] !== ')') throw new TemplateProblem('a bracket in it is not closed');
      const field = tokens[at];
      if (field === undefined || !/^\../.test(field)) return inner;
      at++;
      return (data) => fieldOf(inner(data), namesOf(field));
    }
    if (taken.startsWith('.')) return (data) => fieldOf(data, namesOf(taken));
    if (constants.has(taken)) return () => constants.get(taken);
    if (isName(taken)) {
      const call = templateFunction(taken);
      return () => call([]);
    }
    const value = literal(taken);
    return () => value;
  };

  const value = pipeline();
  if (at < tokens.length) throw new TemplateProblem('a bracket in it is closed that was not opened');
  return value;
}

const isName = (text: string) => /^[\p{L}_]/u.test(text) && !constants.has(text);
const namesOf = (field: string) => field.split('.').filter((name) => name !== '');

function literal(text: string): GoValue {
  if (text.startsWith('`')) return text.slice(1, -1);
  if (!text.startsWith('"')) return text.includes('.') ? Number(text) : BigInt(text.replace(/^\+/, ''));
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new TemplateProblem(`this run engine does not read the text ${text}`);
  }
}

/** Fields that the engine computes of all the others. */
const unknownHere = new Set(['ValuesJSON', 'RunJSON']);

/** A field of a field; what is not there is nothing, but nothing has no fields. @throws TemplateProblem */
function fieldOf(value: GoValue, names: readonly string[]): GoValue {
  let found = value;
  for (const [at, name] of names.entries()) {
    if (at === 0 && unknownHere.has(name)) throw new TemplateProblem(`this run engine has no .${name}`);
    if (!(found instanceof Map))
      throw new TemplateProblem(
        found === undefined
          ? `.${names.slice(0, at).join('.')} has no value, so it has no ${name}`
          : `.${names.slice(0, at).join('.')} is no map, so it has no ${name}`,
      );
    found = found.get(name);
  }
  return found;
}
