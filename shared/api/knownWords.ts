import { z } from 'zod';
import { nearestTo } from '../names/nearestTo.ts';

/** The properties that an object of a request may have, by their name in lower case, and what is in them. */
export interface KnownWords {
  properties: Map<string, { name: string; words: KnownWords }>;
  /** Of an object whose names are its owner's own, a map of registries for example: what its values hold. */
  values?: KnownWords;
  items?: KnownWords;
  /** Of an object with a `type`: what is there besides in each of its kinds, by that type in lower case. */
  kinds: Map<string, KnownWords>;
  /** Its schema has no properties, so any is allowed. */
  open?: boolean;
}

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  type?: string;
  const?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
}

const none = (): KnownWords => ({ properties: new Map(), kinds: new Map() });

/** The words of several schemas together: what one of them has is known. */
export function wordsOf(...schemas: z.ZodType[]): KnownWords {
  const words = none();
  for (const schema of schemas) {
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
    learn(words, json, json.$defs ?? {});
  }
  return words;
}

function learn(words: KnownWords, given: Schema, definitions: Record<string, Schema>): void {
  const schema = resolve(given, definitions);
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    const kind = resolve(one, definitions).properties?.type?.const;
    learn(typeof kind === 'string' ? kindOf(words, kind) : words, one, definitions);
  }
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const known = words.properties.get(name.toLowerCase()) ?? { name, words: none() };
    words.properties.set(name.toLowerCase(), known);
    learn(known.words, member, definitions);
  }
  if (schema.items) {
    words.items ??= none();
    learn(words.items, schema.items, definitions);
  }
  if (typeof schema.additionalProperties === 'object') {
    words.values ??= none();
    learn(words.values, schema.additionalProperties, definitions);
  }
  const says = Object.keys(schema).some((key) => !['description', 'id', 'default', '$schema'].includes(key));
  if (!says) words.open = true;
}

const resolve = (schema: Schema, definitions: Record<string, Schema>): Schema =>
  schema.$ref ? (definitions[schema.$ref.replace('#/$defs/', '')] ?? {}) : schema;

function kindOf({ kinds }: KnownWords, kind: string): KnownWords {
  const known = kinds.get(kind.toLowerCase()) ?? none();
  kinds.set(kind.toLowerCase(), known);
  return known;
}

/** An unknown property, or one that is there twice: its path, and the nearest known name. */
export interface Unknown {
  path: string;
  nearest?: string;
}

/**
 * The body with the names of its properties as ACR spells them: ARM reads them without regard to case.
 * @param unknown gets every property that is none of the words
 */
export function readWords(value: unknown, words: KnownWords, unknown: Unknown[], path = ''): unknown {
  if (Array.isArray(value)) {
    return value.map((item, at) => readWords(item, words.items ?? opened, unknown, `${path}.${at}`));
  }
  if (typeof value !== 'object' || value === null) return value;
  const known = propertiesOf(value, words);
  const isOpen = words.open || (known.size === 0 && !words.values);
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const at = path === '' ? name : `${path}.${name}`;
      const property = known.get(name.toLowerCase());
      if (property && seen.has(property.name)) unknown.push({ path: at, nearest: property.name });
      if (property) seen.add(property.name);
      if (property) return [property.name, readWords(member, property.words, unknown, at)];
      if (words.values) return [name, readWords(member, words.values, unknown, at)];
      if (!isOpen) {
        const nearest = nearestTo(
          name,
          [...known.values()].map((one) => one.name),
        );
        unknown.push({ path: at, ...(nearest && { nearest }) });
      }
      return [name, member];
    }),
  );
}

const opened: KnownWords = { ...none(), open: true };

/** What the object may have by its type; where it names none that is known, what any of its kinds has. */
function propertiesOf(value: object, { properties, kinds }: KnownWords): KnownWords['properties'] {
  if (kinds.size === 0) return properties;
  const type = Object.entries(value).find(([name]) => name.toLowerCase() === 'type')?.[1];
  const kind = kinds.get(String(type).toLowerCase());
  return new Map([
    ...properties,
    ...(kind ? [kind] : [...kinds.values()]).flatMap((one) => [...one.properties]),
  ]);
}
