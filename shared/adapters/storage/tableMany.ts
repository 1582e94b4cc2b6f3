import { odata, type TableClient } from '@azure/data-tables';
import { found, maxRowsAtOnce, type Row } from './tableRows.ts';

/** So many are read one by one: at once, and without the rows between them. */
const oneByOne = 8;
const readsAtOnce = 32;
/** Fewer of them than one in so many rows of an answer are too sparse for a range. */
const sparse = 10;

/**
 * Rows of one partition by their keys, in the order of the keys. They are read by range, a thousand in an answer, as long
 * as one row of ten is wanted; what is left then, one by one. So at most a thousand rows are read in vain.
 */
export async function rowsByKey(
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
