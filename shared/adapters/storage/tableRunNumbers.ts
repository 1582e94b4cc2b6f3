import type { TableClient } from '@azure/data-tables';
import { formatRunId } from '../../names/runId.ts';
import { ConflictError } from '../../ports/store.ts';
import { checkColumns, columnsVersion } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { conflicts, found, type Row, range } from './tableRows.ts';

/**
 * Takes run numbers of a registry from its counter.
 * @returns the first of them
 */
export async function takeRunNumbers(main: TableClient, registry: string, count: number): Promise<number> {
  const partitionKey = keys.registryPartition(registry);
  for (;;) {
    const row = await found(main.getEntity<Row>(partitionKey, keys.counterRow));
    if (row) checkColumns(row);
    const next = Number.isSafeInteger(row?.next) ? Number(row?.next) : await afterNewest(main, registry);
    const entity = { partitionKey, rowKey: keys.counterRow, ...columnsVersion, next: next + count };
    formatRunId(registry, next + count - 1);
    try {
      await conflicts(
        'taking run ids',
        row ? main.updateEntity(entity, 'Replace', { etag: row.etag! }) : main.createEntity(entity),
      );
      return next;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Where the counter is gone or unreadable, counting goes on after the newest run: no number is used twice. */
async function afterNewest(main: TableClient, registry: string): Promise<number> {
  for await (const { rowKey } of range(main, keys.registryPartition(registry), keys.rowRange('run'), 1))
    return keys.runNumber(String(rowKey)) + 1;
  return 1;
}
