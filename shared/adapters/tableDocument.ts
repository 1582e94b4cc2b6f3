import type { z } from 'zod';
import { TooLargeError } from '../ports/store.ts';

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
  for (let at = 0, part = 0; at < json.length; at += charactersInProperty, part++)
    properties[`json${part}`] = json.slice(at, at + charactersInProperty);
  return properties;
}

/**
 * Reads a document back and holds it against its schema: an older version of Plinth may have written it.
 * @throws Error naming the row when it is not of a shape this version knows
 */
export function fromProperties<T>(schema: z.ZodType<T>, row: Record<string, unknown>): T {
  const where = `row ${row.partitionKey}/${row.rowKey}`;
  if (row.version !== version)
    throw new Error(`${where} has version ${row.version}; this Plinth reads ${version}.`);
  let json = '';
  for (let part = 0; typeof row[`json${part}`] === 'string'; part++) json += row[`json${part}`];
  const read = schema.safeParse(JSON.parse(json));
  if (!read.success) throw new Error(`${where} does not have the expected shape: ${read.error.message}`);
  return read.data;
}
