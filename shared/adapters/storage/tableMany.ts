import { odata, type TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { Run } from '../../model/run.ts';
import { TaskState } from '../../model/state.ts';
import { type Asked, type Store, UnreadableError } from '../../ports/store.ts';
import { fromProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { found, maxRowsAtOnce, type Row } from './tableRows.ts';

/** So many are read one by one: at once, and without the rows between them. */
const oneByOne = 8;
const readsAtOnce = 32;
/** Fewer of them than one in so many rows of an answer are too sparse for a range. */
const sparse = 10;

/** Many rows at once, by their keys. */
export const createTableMany = (main: TableClient): Pick<Store, 'statesOf' | 'runsOf'> => ({
  statesOf: (registry, tasks) => manyOf(main, TaskState, registry, tasks.map(keys.stateRow)),
  runsOf(registry, runIds) {
    const rowKeys = runIds.map((runId) => keys.runRow(registry, runId) ?? keys.noRow);
    return manyOf(main, Run, registry, rowKeys);
  },
});

/** What rows hold, in the order of their keys here. */
async function manyOf<T>(
  main: TableClient,
  schema: z.ZodType<T>,
  registry: string,
  rowKeys: string[],
): Promise<Asked<T>[]> {
  const rows = await rowsByKey(main, keys.registryPartition(registry), rowKeys);
  return rows.map((row) => {
    try {
      return row && { value: fromProperties(schema, row), etag: row.etag! };
    } catch (error) {
      if (error instanceof UnreadableError) return error;
      throw error;
    }
  });
}

/**
 * Rows of one partition by their keys, in the order of the keys. They are read by range, a thousand in an answer, as long
 * as one row of ten is wanted; what is left then, one by one. So at most a thousand rows are read in vain.
 */
async function rowsByKey(
  table: TableClient,
  partition: string,
  rowKeys: string[],
): Promise<(Row | undefined)[]> {
  const rows = new Map<string, Row>();
  let wanted = [...new Set(rowKeys)].sort();
  const last = wanted.at(-1);
  while (wanted.length > oneByOne) {
    const within = odata`PartitionKey eq ${partition} and RowKey ge ${wanted[0]!} and RowKey le ${last!}`;
    const { page, isLast } = await firstPage(table, within);
    for (const row of page) rows.set(String(row.rowKey), row);
    const end = String(page.at(-1)?.rowKey ?? '');
    const left = isLast ? [] : wanted.filter((key) => key > end);
    const isSparse = (wanted.length - left.length) * sparse < page.length;
    wanted = left;
    if (isSparse) break;
  }
  const readNext = async () => {
    for (let key = wanted.shift(); key !== undefined; key = wanted.shift()) {
      const row = await found(table.getEntity<Row>(partition, key));
      if (row) rows.set(key, row);
    }
  };
  await Promise.all(Array.from({ length: Math.min(readsAtOnce, wanted.length) }, readNext));
  return rowKeys.map((key) => rows.get(key));
}

async function firstPage(table: TableClient, filter: string): Promise<{ page: Row[]; isLast: boolean }> {
  const pages = table.listEntities<Row>({ queryOptions: { filter } }).byPage({ maxPageSize: maxRowsAtOnce });
  for await (const page of pages)
    return { page, isLast: page.length < maxRowsAtOnce && !page.continuationToken };
  return { page: [], isLast: true };
}
