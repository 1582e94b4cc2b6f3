import type { TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { Ignored, newWatch, Watch } from '../model/watch.ts';
import { ConflictError, type Store, UnreadableError } from '../ports/store.ts';
import { fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { all, conflicts, found, type Row, range } from './tableRows.ts';

/** A count that others count at too is tried this often; a few that are missed do not matter. */
const countTurns = 5;

/** What belongs to no registry: the memory of the rounds, and the count of events that were not taken. */
export function createTableWatch(
  main: TableClient,
): Pick<Store, 'watch' | 'putWatch' | 'ignored' | 'countIgnored'> {
  const partitionKey = keys.commonPartition;

  async function put(rowKey: string, what: string, value: object, etag: string | undefined): Promise<void> {
    const entity = { partitionKey, rowKey, ...toProperties(what, value) };
    await conflicts(
      `writing ${what}`,
      etag === undefined ? main.createEntity(entity) : main.updateEntity(entity, 'Replace', { etag }),
    );
  }

  return {
    async watch() {
      const row = await found(main.getEntity<Row>(partitionKey, keys.watchRow));
      return row && { value: readable(Watch, row) ?? newWatch, etag: row.etag! };
    },
    putWatch: (watch, etag) => put(keys.watchRow, 'the watch', watch, etag),
    ignored: () => all(Ignored, range(main, partitionKey, keys.rowRange('ignored'))),
    async countIgnored(kind, example, lastTime) {
      for (let turn = 1; turn <= countTurns; turn++) {
        const row = await found(main.getEntity<Row>(partitionKey, keys.ignoredRow(kind)));
        const count = row ? (readable(Ignored, row)?.count ?? 0) + 1 : 1;
        try {
          return await put(keys.ignoredRow(kind), 'a count', { kind, count, lastTime, example }, row?.etag);
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
        }
      }
    },
  };
}

/** What only helps is begun anew where it cannot be read. */
function readable<T>(schema: z.ZodType<T>, row: Row): T | undefined {
  try {
    return fromProperties(schema, row);
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}
