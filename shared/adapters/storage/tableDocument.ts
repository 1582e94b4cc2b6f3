import type { z } from 'zod';
import { TooLargeError, UnreadableError } from '../../ports/store.ts';
import { type UnknownParts, unknownOf, unknownParts, withUnknown } from '../../ports/unknownParts.ts';

/**
 * A string property holds 64 KiB of UTF-16; an entity 1 MiB with its keys. Azurite enforces neither bound, so Plinth
 * does.
 */
const charactersInProperty = 32_000;
const charactersInDocument = 480_000;

/** The version of the stored shape; a reader that meets a higher one refuses instead of guessing. */
const version = 1;

/** What a row carries whose columns are read by themselves, without a document. */
export const columnsVersion = { version };

/** Whether such a row has another shape than this version's, which rows from before they had a version have too. */
export const hasOtherVersion = (row: Record<string, unknown>) =>
  row.version !== undefined && row.version !== version;

/** @throws UnreadableError naming such a row when a newer version wrote it */
export function checkColumns(row: Record<string, unknown>): void {
  if (hasOtherVersion(row)) throw otherVersion(row);
}

function unreadable(row: Record<string, unknown>, why: string): UnreadableError {
  const etag = typeof row.etag === 'string' ? row.etag : undefined;
  const [kind] = String(row.rowKey).split('!') as [string];
  return new UnreadableError(`row ${row.partitionKey}/${row.rowKey} ${why}`, { etag, kind });
}

const otherVersion = (row: Record<string, unknown>) =>
  unreadable(row, `has version ${row.version}; this Plinth reads ${version}`);

/**
 * A document as the properties of a row: its JSON, cut over as many properties as it takes.
 * @throws TooLargeError when it does not fit a row; nothing is cut off
 */
export function toProperties(what: string, document: object): Record<string, string | number> {
  const { [unknownParts]: unknown } = document as { [unknownParts]?: UnknownParts };
  const json = JSON.stringify(withUnknown(document, unknown));
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
 * Reads a document back and holds it against its schema: another version of Plinth may have written it. What a newer
 * one wrote goes along unseen (unknownParts.ts).
 * @throws UnreadableError naming the row when this version has no such shape
 */
export function fromProperties<T>(schema: z.ZodType<T>, row: Record<string, unknown>): T {
  const refuse = (why: string) => unreadable(row, why);
  if (row.version !== version) throw otherVersion(row);
  let json = '';
  for (let part = 0; typeof row[`json${part}`] === 'string'; part++) json += row[`json${part}`];
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw refuse('is not JSON');
  }
  const read = schema.safeParse(document);
  if (read.success) {
    const unknown = unknownOf(document, read.data);
    return unknown ? ({ ...read.data, [unknownParts]: unknown } as T) : read.data;
  }
  const fields = read.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw refuse(`does not have the expected shape at ${fields}`);
}
