import { odata, RestError, type TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { ConflictError } from '../ports/store.ts';
import { fromProperties } from './tableDocument.ts';

export type Row = Record<string, unknown> & { etag?: string };

/** Table Storage takes at most 100 entities in one transaction. */
export const writesAtOnce = 100;
/** Table Storage gives at most 1,000 rows in one answer. */
const mostRowsAtOnce = 1000;

/**
 * The rows of one partition between two keys.
 * @param top rows that are asked for at once; as many as the service gives, where not given
 */
export function range(
  table: TableClient,
  partition: string,
  { from, to }: { from: string; to: string },
  top?: number,
): AsyncIterable<Row> {
  return pages(table, odata`PartitionKey eq ${partition} and RowKey ge ${from} and RowKey lt ${to}`, top);
}

/** What a filter lets through, page by page. */
export async function* pages(table: TableClient, filter: string, atOnce?: number): AsyncIterable<Row> {
  const settings = atOnce === undefined ? {} : { maxPageSize: Math.min(atOnce, mostRowsAtOnce) };
  for await (const page of table.listEntities<Row>({ queryOptions: { filter } }).byPage(settings))
    yield* page;
}

/** Every row, each held against the schema. */
export async function all<T>(schema: z.ZodType<T>, rows: AsyncIterable<Row>): Promise<T[]> {
  const values: T[] = [];
  for await (const row of rows) values.push(fromProperties(schema, row));
  return values;
}

/** What is read, undefined where it is not there. */
export async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RestError && error.statusCode === 404) return undefined;
    throw error;
  }
}

/** 409: the row is there already; 412: another version; 404: the row to change has gone. */
export async function conflicts(what: string, writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    if (cause instanceof RestError && [404, 409, 412].includes(cause.statusCode ?? 0))
      throw new ConflictError(`${what}: another write came between`, { cause });
    throw cause;
  }
}
