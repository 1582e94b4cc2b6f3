import { TaskFileFault } from './fault.ts';
import type { YamlMap, YamlNode } from './yamlTree.ts';

/** What a property of the file is in the engine; `any` is not checked. */
export type FieldKind = 'text' | 'texts' | 'whole' | 'wholes' | 'flag' | 'any';

const said: Record<FieldKind, string> = {
  text: 'a text',
  texts: 'a list of texts',
  whole: 'a whole number',
  wholes: 'a list of whole numbers',
  flag: 'true or false',
  any: 'anything',
};

/** The known properties of a map that have a value. */
export class Fields {
  readonly #values: ReadonlyMap<string, { value: unknown; line: number }>;
  constructor(values: ReadonlyMap<string, { value: unknown; line: number }>) {
    this.#values = values;
  }
  /** Empty where there is none, as in the engine. */
  text = (name: string) => (this.#values.get(name)?.value as string | undefined) ?? '';
  texts = (name: string) => (this.#values.get(name)?.value as Texts | undefined) ?? [];
  whole = (name: string) => (this.#values.get(name)?.value as number | undefined) ?? 0;
  flag = (name: string) => (this.#values.get(name)?.value as boolean | undefined) ?? false;
  /** A `YamlNode`, of a property of the kind `any`. */
  node = (name: string) => this.#values.get(name)?.value as YamlNode | undefined;
  value = (name: string) => this.#values.get(name)?.value;
  lineOf = (name: string) => this.#values.get(name)?.line;
}
export type Texts = { text: string; line: number }[];

/**
 * Reads a map as the engine unmarshals it: strictly by kind, also what a step has no use for. What is not known, or is
 * nothing, is passed over.
 * @param what names the map for people
 * @throws TaskFileFault
 */
export function readFields(node: YamlNode, kinds: Readonly<Record<string, FieldKind>>, what: string): Fields {
  if (node.kind !== 'map') throw new TaskFileFault(node.line, `${what} is not a map of properties.`);
  const values = new Map<string, { value: unknown; line: number }>();
  for (const [name, { line, node: given }] of node.entries) {
    if (!Object.hasOwn(kinds, name) || isNothing(given)) continue;
    values.set(name, { value: ofKind(given, kinds[name]!, `${name} of ${what}`, line), line });
  }
  return new Fields(values);
}

export const isNothing = (node: YamlNode) => node.kind === 'scalar' && node.value === undefined;

/** The texts of a map by name: numbers and flags as they are written. @throws TaskFileFault */
export function textMap(node: YamlMap, what: string): Record<string, string> {
  return Object.fromEntries(
    [...node.entries].map(([name, { node: given, line }]) => [
      name,
      textOf(given, `${name} of ${what}`, line),
    ]),
  );
}

function ofKind(node: YamlNode, kind: FieldKind, what: string, line: number): unknown {
  const wrong = () => new TaskFileFault(line, `${what} is not ${said[kind]}.`);
  if (kind === 'any') return node;
  if (kind === 'text') return textOf(node, what, line);
  if (kind === 'texts' || kind === 'wholes') {
    if (node.kind !== 'list') throw wrong();
    return node.items.map((item) =>
      kind === 'texts'
        ? { text: textOf(item, `an entry of ${what}`, item.line), line: item.line }
        : ofKind(item, 'whole', `an entry of ${what}`, item.line),
    );
  }
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (kind === 'flag') {
    if (typeof value !== 'boolean') throw wrong();
    return value;
  }
  // Of a fraction the engine takes the whole part.
  const number =
    typeof value === 'bigint' || typeof value === 'number' ? Math.trunc(Number(value)) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw wrong();
  return number;
}

function textOf(node: YamlNode, what: string, line: number): string {
  if (node.kind !== 'scalar') throw new TaskFileFault(line, `${what} is not a text.`);
  return node.value === undefined ? '' : node.text;
}
