import { odata, RestError, type TableClient, TableTransaction } from '@azure/data-tables';
import type { z } from 'zod';
import { ConflictError, type Unread, UnreadableError } from '../ports/store.ts';
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

/** Every row that can be read; of each other one `unread` is told. */
export async function* readable<T, R extends Row>(
  rows: AsyncIterable<R> | Iterable<R>,
  read: (row: R) => T,
  unread?: Unread,
): AsyncIterable<T> {
  for await (const row of rows) {
    let value: T;
    try {
      value = read(row);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread?.(error);
      continue;
    }
    yield value;
  }
}

/** Every row that can be read, each held against the schema. */
export async function all<T>(schema: z.ZodType<T>, rows: AsyncIterable<Row>, unread?: Unread): Promise<T[]> {
  const values: T[] = [];
  for await (const value of readable(rows, (row) => fromProperties(schema, row), unread)) values.push(value);
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

/** Removes rows of one partition, those that are there. */
export async function removeAll(table: TableClient, rows: { partitionKey: string; rowKey: string }[]) {
  for (let at = 0; at < rows.length; at += writesAtOnce) {
    const part = rows.slice(at, at + writesAtOnce);
    const transaction = new TableTransaction();
    for (const { partitionKey, rowKey } of part) transaction.deleteEntity(partitionKey, rowKey);
    try {
      await conflicts('removing rows', table.submitTransaction(transaction.actions));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      for (const { partitionKey, rowKey } of part)
        await table.deleteEntity(partitionKey, rowKey).catch(ignore(404));
    }
  }
}

/** Takes a refusal with this status for what was wanted. */
export const ignore = (status: number) => (error: { statusCode?: number }) => {
  if (error.statusCode !== status) throw error;
};
