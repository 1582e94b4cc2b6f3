import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  parseDocument,
  type Scalar,
} from 'yaml';
import { TaskFileError } from './errors.ts';

/** A YAML document whose aliases are replaced by what they stand for. */
export interface GoYaml {
  root: unknown;
  /** The line in which a node begins, from 1. */
  lineOf(node: unknown): number;
  /** Whether a node stands in several places. */
  shared: boolean;
}

/**
 * Reads YAML as ACR's engine does, with gopkg.in/yaml.v2: YAML 1.1, where of two equal keys the later counts and of
 * several documents the first. Scalars keep their text; `scalarValue` says what they are.
 * @throws TaskFileError
 */
export function parseGoYaml(text: string): GoYaml {
  const counter = new LineCounter();
  refuseDeep(text);
  const document = parseDocument(text, {
    lineCounter: counter,
    uniqueKeys: false,
    schema: 'failsafe',
    version: '1.1',
  });
  const fault = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (fault) throw new TaskFileError(fault.linePos?.[0].line ?? 1, firstSentence(fault.message));
  const lineOf = (node: unknown) => counter.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  return { ...withoutAliases(document.contents, lineOf), lineOf };
}

/** Far more than a person writes. */
const mostLevels = 100;

/**
 * The library reads what is in one another by calling itself: some thousand levels end the process, by a fault of V8 that
 * nothing can catch. What it reads first, level by level, is counted before.
 * @throws TaskFileError
 */
function refuseDeep(text: string): void {
  const counter = new LineCounter();
  const left = [...new Parser(counter.addNewLine).parse(text)].map((token) => ({ token, level: 0 }));
  for (let next = left.pop(); next; next = left.pop()) {
    const { token, level } = next;
    if (level > mostLevels)
      throw new TaskFileError(
        counter.linePos(token.offset).line,
        `there are more than ${mostLevels} lists and maps in one another.`,
      );
    const parts = 'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : [];
    if (token.type === 'document' && token.value) left.push({ token: token.value, level });
    for (const part of parts) if (part) left.push({ token: part, level: level + 1 });
  }
}

const firstSentence = (message: string) => `${message.split(/ at line |\n|:$/)[0]!.replace(/\.$/, '')}.`;

/** Each alias becomes the node itself, which is then shared: a file of many aliases grows no larger by it. */
function withoutAliases(contents: unknown, lineOf: GoYaml['lineOf']): Pick<GoYaml, 'root' | 'shared'> {
  let shared = false;
  const anchors = new Map<string, unknown>();
  const open = new Set<unknown>();
  const real = (node: unknown): unknown => {
    if (isAlias(node)) {
      const { source } = node;
      const target = anchors.get(source);
      if (target === undefined)
        throw new TaskFileError(lineOf(node), `the YAML alias *${source} names no anchor before it.`);
      if (open.has(target))
        throw new TaskFileError(lineOf(node), `the YAML anchor &${source} contains itself.`);
      shared = true;
      return target;
    }
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node);
    open.add(node);
    if (isSeq(node)) node.items = node.items.map(real);
    if (isMap(node))
      for (const pair of node.items as Pair[]) {
        pair.key = real(pair.key);
        pair.value = real(pair.value);
        if (isMerge(pair.key) && !isMergeable(pair.value))
          throw new TaskFileError(lineOf(pair.key), '<< needs a map, or a list of maps.');
      }
    open.delete(node);
    return node;
  };
  return { root: real(contents), shared };
}

const isMerge = (key: unknown) => isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
const isMergeable = (value: unknown) =>
  isMap(value) || (isSeq(value) && value.items.every((item) => isMap(item)));

interface Entry {
  name: string;
  key: unknown;
  value: unknown;
}

const read = new WeakMap<object, Entry[]>();

/** The entries of a map in their order, those of `<<` where it stands; of equal names the later counts. */
export function entriesOf(map: unknown): Entry[] {
  if (!isMap(map)) return [];
  const known = read.get(map);
  if (known) return known;
  const entries = (map.items as Pair[]).flatMap(({ key, value }) => {
    if (!isMerge(key)) return [{ name: isScalar(key) ? textOfScalar(key) : '', key, value }];
    const merged = (isSeq(value) ? value.items.toReversed() : [value]).flatMap(entriesOf);
    return [...new Map(merged.map((entry) => [entry.name, entry])).values()];
  });
  read.set(map, entries);
  return entries;
}

const textOfScalar = ({ value }: Scalar) => String(value ?? '');

/** Whether a node has no value: absent, `~`, `null`. */
export const saysNothing = (node: unknown) =>
  node === null || node === undefined || (isScalar(node) && scalarValue(node) === undefined);

const words: [value: boolean | number | undefined, words: string][] = [
  [true, 'y Y yes Yes YES true True TRUE on On ON'],
  [false, 'n N no No NO false False FALSE off Off OFF'],
  [undefined, '~ null Null NULL'],
  [Number.NaN, '.nan .NaN .NAN'],
  [Number.POSITIVE_INFINITY, '.inf .Inf .INF +.inf +.Inf +.INF'],
  [Number.NEGATIVE_INFINITY, '-.inf -.Inf -.INF'],
];
const meanings = new Map(words.flatMap(([value, names]) => names.split(' ').map((name) => [name, value])));

/** What a scalar is; dates and sexagesimal numbers stay texts. */
export function scalarValue(node: Scalar): string | bigint | number | boolean | undefined {
  const text = textOfScalar(node);
  const tag =
    node.tag ?? (node.type === 'PLAIN' || node.type === undefined ? undefined : 'tag:yaml.org,2002:str');
  if (tag?.endsWith(':binary')) return Buffer.from(text, 'base64').toString('utf8');
  if (tag?.endsWith(':str') || tag === '!') return text;
  if (text === '') return undefined;
  if (meanings.has(text)) return meanings.get(text);
  const digits = text.replaceAll('_', '');
  const [, sign, body = ''] =
    /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/.exec(digits) ?? [];
  if (body !== '') {
    const octal = /^0[oO]?[0-7]+$/.test(body);
    const size = BigInt(octal ? `0o${body.replace(/^0[oO]?/, '')}` : body.toLowerCase());
    if (size < 2n ** 64n) return sign === '-' ? -size : size;
    return Number(digits);
  }
  return /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(digits) ? Number(digits) : text;
}

/** So many nodes a document may have when its aliases are written out. */
const maxNodes = 20_000;

/** A node as plain values. @throws TaskFileError where aliases multiply it beyond measure */
export function plainOf(node: unknown, { lineOf }: Pick<GoYaml, 'lineOf'>): unknown {
  let left = maxNodes;
  const plain = (inner: unknown): unknown => {
    if (left-- < 0)
      throw new TaskFileError(lineOf(node), `its YAML aliases multiply it to more than ${maxNodes} values.`);
    if (isScalar(inner)) return scalarValue(inner);
    if (isSeq(inner)) return inner.items.map(plain);
    if (isMap(inner))
      return Object.fromEntries(entriesOf(inner).map(({ name, value }) => [name, plain(value)]));
    return undefined;
  };
  return plain(node);
}
