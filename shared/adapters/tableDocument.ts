import type { z } from 'zod';
import { TooLargeError, UnreadableError } from '../ports/store.ts';

/** A string property holds 64 KiB of UTF-16; an entity 1 MiB with its keys. Azurite holds neither bound, so we do. */
const charactersInProperty = 32_000;
const charactersInDocument = 480_000;

/** The version of the stored shape; a reader that meets a higher one refuses instead of guessing. */
const version = 1;

/**
 * A document as the properties of a row: its JSON, cut over as many properties as it takes.
 * @throws TooLargeError when it does not fit a row; nothing is cut off
 */
export function toProperties(what: string, document: unknown): Record<string, string | number> {
  const json = JSON.stringify(document);
  if (json.length > charactersInDocument)
    throw new TooLargeError(
      `${what} takes ${json.length} characters, more than the ${charactersInDocument} that a table row holds. Make it smaller, for example by fewer or shorter arguments.`,
    );
  const properties: Record<string, string | number> = { version };
  for (let at = 0, part = 0; at < json.length; part++) {
    const end = endOfPart(json, at + charactersInProperty);
    properties[`json${part}`] = json.slice(at, end);
    at = end;
  }
  return properties;
}

/** A character of two halves goes into one property: half a one is no text to the service. */
function endOfPart(json: string, end: number): number {
  const isHigh = /[\uD800-\uDBFF]/.test(json[end - 1] ?? '');
  return isHigh && end < json.length ? end - 1 : end;
}

/**
 * Reads a document back and holds it against its schema: an older version of Plinth may have written it.
 * @throws UnreadableError naming the row when it is not of a shape this version knows
 */
export function fromProperties<T>(schema: z.ZodType<T>, row: Record<string, unknown>): T {
  const refuse = (why: string) =>
    new UnreadableError(
      `row ${row.partitionKey}/${row.rowKey} ${why}`,
      typeof row.etag === 'string' ? row.etag : undefined,
    );
  if (row.version !== version) throw refuse(`has version ${row.version}; this Plinth reads ${version}`);
  let json = '';
  for (let part = 0; typeof row[`json${part}`] === 'string'; part++) json += row[`json${part}`];
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which may hold what is nobody's business.
    throw refuse('is not JSON');
  }
  const read = schema.safeParse(document);
  if (read.success) return withUnknown(document, read.data) as T;
  const fields = read.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw refuse(`does not have the expected shape at ${fields}`);
}

/** What was read, with what the schema does not know: a newer version wrote it, and finds it again after this one wrote. */
function withUnknown(stored: unknown, read: unknown): unknown {
  if (Array.isArray(stored) && Array.isArray(read) && stored.length === read.length)
    return read.map((item, at) => withUnknown(stored[at], item));
  if (!isObject(stored) || !isObject(read)) return read;
  const known = Object.entries(read).map(([key, value]) => [key, withUnknown(stored[key], value)]);
  return { ...stored, ...Object.fromEntries(known) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
