import { createHash } from 'node:crypto';
import { TemplateFault } from './errors.ts';
import { formatDate } from './goDate.ts';
import { isEmpty, isMapValue, printed, toJson } from './goValue.ts';

type Given = unknown[];

const text = (value: unknown): string => {
  if (value === undefined || value === null)
    throw new TemplateFault('it is given nothing: what it takes has no value');
  return printed(value);
};
const whole = (value: unknown): bigint => {
  if (typeof value === 'bigint') return value;
  const number = typeof value === 'boolean' ? Number(value) : Number(value ?? 0);
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
};
const count = (value: unknown) => Number(whole(value));
const inText = (change: (value: string, ...others: string[]) => unknown) => (given: Given) => {
  const texts = given.map(text);
  return change(texts.at(-1) ?? '', ...texts.slice(0, -1));
};
const summed = (sum: (a: bigint, b: bigint) => bigint) => (given: Given) => given.map(whole).reduce(sum);
const larger = (a: bigint, b: bigint) => {
  if (a > b) return a;
  return b;
};
const hash = (kind: string) => inText((value) => createHash(kind).update(value).digest('hex'));
const indented = (by: string, value: string) => {
  const blanks = ' '.repeat(Number(by));
  return blanks + value.replaceAll('\n', `\n${blanks}`);
};
const divided = (by: bigint) => {
  if (by === 0n) throw new TemplateFault('it divides by 0');
  return by;
};
const same = (a: unknown, b: unknown) => typeof a === typeof b && toJson(a) === toJson(b);
const below = (a: unknown, b: unknown) =>
  typeof a === 'string' && typeof b === 'string' ? a < b : Number(a) < Number(b);
const trimmed = (value: string, cut: string) => {
  const letters = [...value];
  const wanted = (letter: string | undefined) => letter === undefined || !cut.includes(letter);
  const from = letters.findIndex(wanted);
  const to = letters.findLastIndex(wanted);
  return from < 0 ? '' : letters.slice(from, to + 1).join('');
};
const part = (value: string, from: number, to: number) =>
  Buffer.from(value)
    .subarray(Math.max(0, from), to < 0 ? undefined : to)
    .toString();

/** Go's builtins and those of Sprig's functions that give of equal arguments equal values. */
const functions: Record<string, (given: Given, now: Date) => unknown> = {
  upper: inText((value) => value.toUpperCase()),
  lower: inText((value) => value.toLowerCase()),
  title: inText((value) => value.replaceAll(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase())),
  untitle: inText((value) => value.replaceAll(/(?<!\S)\p{L}/gu, (letter) => letter.toLowerCase())),
  trim: inText((value) => value.trim()),
  trimAll: inText((value, cut = '') => trimmed(value, cut)),
  trimPrefix: inText((value, cut = '') => (value.startsWith(cut) ? value.slice(cut.length) : value)),
  trimSuffix: inText((value, cut = '') =>
    cut !== '' && value.endsWith(cut) ? value.slice(0, -cut.length) : value,
  ),
  nospace: inText((value) => value.replaceAll(/\s/g, '')),
  replace: inText((value, old = '', by = '') => value.replaceAll(old, () => by)),
  repeat: inText((value, times = '0') => {
    if (value.length * Number(times) > 100_000)
      throw new TemplateFault('it makes more than 100,000 characters');
    return value.repeat(Math.max(0, Number(times)));
  }),
  contains: inText((value, sought = '') => value.includes(sought)),
  hasPrefix: inText((value, sought = '') => value.startsWith(sought)),
  hasSuffix: inText((value, sought = '') => value.endsWith(sought)),
  trunc: inText((value, size = '0') => {
    const bytes = Buffer.byteLength(value);
    const wanted = Number(size);
    return wanted < 0 ? part(value, bytes + wanted, bytes) : part(value, 0, wanted);
  }),
  substr: inText((value, from = '0', to = '-1') => part(value, Number(from), Number(to))),
  indent: inText((value, by = '0') => indented(by, value)),
  nindent: inText((value, by = '0') => `\n${indented(by, value)}`),
  // The engine's own, in place of Sprig's: of nothing it makes nothing.
  b64enc: ([value]) => (value === undefined ? '' : Buffer.from(text(value)).toString('base64')),
  b64dec: inText((value) => Buffer.from(value, 'base64').toString()),
  sha256sum: hash('sha256'),
  sha1sum: hash('sha1'),
  quote: (given) =>
    given
      .filter((value) => value !== undefined)
      .map((value) => JSON.stringify(printed(value)))
      .join(' '),
  squote: (given) =>
    given
      .filter((value) => value !== undefined)
      .map((value) => `'${printed(value)}'`)
      .join(' '),
  cat: (given) =>
    given
      .filter((value) => value !== undefined)
      .map(printed)
      .join(' '),
  join: ([by, list]) => (Array.isArray(list) ? list : [list]).map(text).join(text(by)),
  splitList: ([by, value]) => text(value).split(text(by)),
  list: (given) => given,
  first: ([list]) => (Array.isArray(list) ? list[0] : undefined),
  last: ([list]) => (Array.isArray(list) ? list.at(-1) : undefined),
  toString: (given: Given) => (given[0] === undefined ? '' : printed(given[0])),
  toJson: ([value]) => toJson(value),
  default: ([otherwise, value]) => (isEmpty(value) ? otherwise : value),
  empty: ([value]) => isEmpty(value),
  coalesce: (given) => given.find((value) => !isEmpty(value)),
  ternary: ([yes, no, which]) => (isEmpty(which) ? no : yes),
  int: ([value]) => whole(value),
  int64: ([value]) => whole(value),
  atoi: ([value]) => whole(value),
  add: summed((a, b) => a + b),
  sub: summed((a, b) => a - b),
  mul: summed((a, b) => a * b),
  div: summed((a, b) => a / divided(b)),
  mod: summed((a, b) => a % divided(b)),
  add1: ([value]) => whole(value) + 1n,
  max: summed(larger),
  min: summed((a, b) => -larger(-a, -b)),
  now: (_, now) => now,
  date: ([layout, time]) =>
    formatDate(text(layout), time instanceof Date ? time : new Date(count(time) * 1000)),
  unixEpoch: ([time]) => String(Math.trunc((time instanceof Date ? time.getTime() : 0) / 1000)),
  and: (given) => given.find(isEmpty) ?? given.at(-1),
  or: (given) => given.find((value) => !isEmpty(value)) ?? given.at(-1),
  not: ([value]) => isEmpty(value),
  eq: ([value, ...others]) => others.some((other) => same(value, other)),
  ne: ([a, b]) => !same(a, b),
  lt: ([a, b]) => below(a, b),
  le: ([a, b]) => !below(b, a),
  gt: ([a, b]) => below(b, a),
  ge: ([a, b]) => !below(a, b),
  len: ([value]) => BigInt(lengthOf(value)),
  index: ([value, ...keys]) =>
    keys.reduce((found, key) => (found as Record<string, unknown> | undefined)?.[printed(key)], value),
  print: (given) => given.map(printed).join(''),
  printf: ([format, ...given]) => formatted(text(format), given),
};

function lengthOf(value: Given[number]): number {
  if (Array.isArray(value)) return value.length;
  return isMapValue(value) ? Object.keys(value).length : Buffer.byteLength(text(value));
}

function formatted(format: string, given: Given): string {
  let at = 0;
  return format.replaceAll(/%(0?\d*)([a-z%])/g, (whole_, width: string, verb: string) => {
    if (verb === '%') return '%';
    const value = printed(given[at++]);
    const shown = verb === 'q' ? JSON.stringify(value) : value;
    if (!'sdvq'.includes(verb))
      throw new TemplateFault(`${whole_} is not supported in printf; there are %s, %d, %v, %q`);
    return shown.padStart(Number(width), width.startsWith('0') ? '0' : ' ');
  });
}

const refused: [names: RegExp, why: string][] = [
  [
    /^(env|expandenv|getHostByName)$/,
    'would give a value of the machine that reads the file, which is not the run’s',
  ],
  [
    /^(rand|uuid|gen|derive|htpasswd|bcrypt|shuffle|encrypt)/,
    'gives another value at each reading, and a file is read more than once',
  ],
  [/^(regex|mustRegex)/, 'can take for ever with a pattern that a file gives'],
];

/** @throws TemplateFault for a function that is not there, and for one that cannot do with what it is given */
export function callFunction(name: string, given: Given, now: Date): unknown {
  if (Object.hasOwn(functions, name)) {
    try {
      return functions[name]!(given, now);
    } catch (error) {
      if (error instanceof TemplateFault) throw new TemplateFault(`${name}: ${error.message}`);
      throw new TemplateFault(`${name} cannot do with what it is given`);
    }
  }
  const why = refused.find(([names]) => names.test(name))?.[1];
  throw new TemplateFault(
    why === undefined
      ? `the function ${name} is not supported. There are ${Object.keys(functions).join(', ')}`
      : `the function ${name} is not supported: it ${why}`,
  );
}
