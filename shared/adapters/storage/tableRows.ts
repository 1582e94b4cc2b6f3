import { odata, RestError, type TableClient, TableTransaction } from '@azure/data-tables';
import type { z } from 'zod';
import { ConflictError, type Paging, type Part, type Unread, UnreadableError } from '../../ports/store.ts';
import { fromProperties } from './tableDocument.ts';

export type Row = Record<string, unknown> & { etag?: string };

/** Table Storage takes at most 100 entities in one transaction. */
export const writesAtOnce = 100;
/** Table Storage gives at most 1,000 rows in one answer. */
export const maxRowsAtOnce = 1000;

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
  const settings = atOnce === undefined ? {} : { maxPageSize: Math.min(atOnce, maxRowsAtOnce) };
  for await (const page of table.listEntities<Row>({ queryOptions: { filter } }).byPage(settings))
    yield* page;
}

/**
 * The first rows of one partition between two keys, each read; those that cannot be are left out.
 * @param after a key within the range, itself left out
 */
export async function part<T>(
  rows: { table: TableClient; partition: string; range: { from: string; to: string } },
  { after, top }: Paging,
  read: (row: Row) => T,
  unread?: Unread,
): Promise<Part<T>> {
  const { table, partition, range } = rows;
  const key = odata`PartitionKey eq ${partition} and RowKey lt ${range.to}`;
  const from = after === undefined ? odata`RowKey ge ${range.from}` : odata`RowKey gt ${after}`;
  const found: Row[] = [];
  for await (const row of pages(table, `${key} and ${from}`, top)) if (found.push(row) >= top) break;
  const values: T[] = [];
  for await (const value of readable(found, read, unread)) values.push(value);
  return { values, ...(found.length >= top && { next: String(found.at(-1)!.rowKey) }) };
}

/** Every row that can be read; `unread` is called for each other one. */
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

/** A row that is only an optimisation: where it cannot be read, it counts as another value, and is replaced. */
export function readableOr<T, E>(schema: z.ZodType<T>, row: Row, otherwise: E): T | E {
  try {
    return fromProperties(schema, row);
  } catch (error) {
    if (error instanceof UnreadableError) return otherwise;
    throw error;
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

/**
 * 409: the row is there already; 412: another version; 404: the row to change has gone.
 * @param parts of a transaction; the service names by its number the one that met another write
 * @throws ConflictError
 */
export async function conflicts(
  what: string,
  writing: Promise<unknown>,
  parts: string[] = [],
): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    if (cause instanceof RestError && [404, 409, 412].includes(cause.statusCode ?? 0))
      throw new ConflictError(`${parts[numberOf(cause)] ?? what}: another write came between`, { cause });
    throw cause;
  }
}

/** `3:The update condition …`: the fourth part. */
const numberOf = ({ message }: RestError) => Number(/^(\d+):/.exec(message)?.[1]);

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

/** Treats a refusal with this status as success. */
export const ignore = (status: number) => (error: { statusCode?: number }) => {
  if (error.statusCode !== status) throw error;
};
