import { type GoValue, isZero, shown } from './goValue.ts';

/** What is wrong with a template; the caller adds its line and makes a TaskFileFault of it. */
export class TemplateProblem extends Error {}

type TemplateFunction = (given: readonly GoValue[]) => GoValue;

const textOf = (value: GoValue): string => {
  if (typeof value === 'string') return value;
  throw new TemplateProblem(value === undefined ? 'is given nothing' : 'is given what is no text');
};
/** A function of texts, of which the last is the one that is worked on, as pipes give it. */
const ofTexts =
  (count: number, change: (text: string, ...others: string[]) => GoValue): TemplateFunction =>
  (given) => {
    if (given.length !== count)
      throw new TemplateProblem(`takes ${count} arguments and is given ${given.length}`);
    const texts = given.map(textOf);
    return change(texts.at(-1)!, ...texts.slice(0, -1));
  };
const one = (given: readonly GoValue[], work: (value: GoValue) => GoValue): GoValue => {
  if (given.length !== 1) throw new TemplateProblem(`takes 1 argument and is given ${given.length}`);
  return work(given[0]);
};
/** Go's %q. */
const quoted = (text: string) =>
  JSON.stringify(text).replaceAll(/\\u00([01][\da-f])/g, (_, code: string) => `\\x${code}`);
const kindOf = (value: GoValue) => {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'map';
  return typeof value;
};

function isEqual([first, ...others]: readonly GoValue[]): boolean {
  if (others.length === 0) throw new TemplateProblem('takes 2 arguments or more');
  for (const other of others) {
    if (other === undefined || first === undefined) {
      if (other === first) return true;
      continue;
    }
    if (kindOf(first) !== kindOf(other)) throw new TemplateProblem('is given values of two kinds');
    if (typeof first === 'object') throw new TemplateProblem('compares neither lists nor maps');
    if (first === other) return true;
  }
  return false;
}

const functions: Record<string, TemplateFunction> = {
  // The engine's own, in place of Sprig's: nothing becomes nothing.
  b64enc: (given) =>
    one(given, (value) => (value === undefined ? '' : Buffer.from(textOf(value)).toString('base64'))),
  b64dec: ofTexts(1, (text) => Buffer.from(text, 'base64').toString('utf8')),
  upper: ofTexts(1, (text) => text.toUpperCase()),
  lower: ofTexts(1, (text) => text.toLowerCase()),
  trim: ofTexts(1, (text) => text.trim()),
  trimPrefix: ofTexts(2, (text, cut = '') => (text.startsWith(cut) ? text.slice(cut.length) : text)),
  trimSuffix: ofTexts(2, (text, cut = '') =>
    text.endsWith(cut) ? text.slice(0, text.length - cut.length) : text,
  ),
  replace: ofTexts(3, (text, old = '', by = '') => text.replaceAll(old, () => by)),
  quote: (given) =>
    given
      .filter((value) => value !== undefined)
      .map((value) => quoted(shown(value)))
      .join(' '),
  squote: (given) =>
    given
      .filter((value) => value !== undefined)
      .map((value) => `'${shown(value)}'`)
      .join(' '),
  default: ([otherwise, ...given]) => (isZero(given[0]) ? otherwise : given[0]),
  eq: isEqual,
  ne: ([a, b]) => !isEqual([a, b]),
  and: (given) =>
    given.find(isZero) ?? (given.some((value) => value === undefined) ? undefined : given.at(-1)),
  or: (given) => given.find((value) => !isZero(value)) ?? given.at(-1),
  not: (given) => one(given, isZero),
};

/** A function by its name, as the parser looks for it. @throws TemplateProblem */
export function templateFunction(name: string): TemplateFunction {
  if (!Object.hasOwn(functions, name))
    throw new TemplateProblem(
      `this run engine has no function ${name}; it has ${Object.keys(functions).join(', ')}`,
    );
  return (given) => {
    try {
      return functions[name]!(given);
    } catch (error) {
      if (error instanceof TemplateProblem) throw new TemplateProblem(`${name} ${error.message}`);
      throw error;
    }
  };
}
