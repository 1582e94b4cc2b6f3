import type { TableClient } from '@azure/data-tables';
import { Judgements } from '../../model/bases/policy.ts';
import { Ignored, newScan, Presence, Scan } from '../../model/scan.ts';
import { ConflictError, type Store } from '../../ports/store.ts';
import { columnsVersion, fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { all, conflicts, found, ignore, type Row, range, readableOr } from './tableRows.ts';

/** A count that others count at too is tried this often; a few that are missed do not matter. */
const countTurns = 5;

/**
 * What belongs to no registry: what was said of digests and is held, the memory of the rounds, the apps that work here, and the
 * count of events that were not taken.
 */
export function createTableScan(
  main: TableClient,
): Pick<
  Store,
  | 'judgements'
  | 'putJudgements'
  | 'heldImages'
  | 'noteHeld'
  | 'forgetHeld'
  | 'scan'
  | 'putScan'
  | 'presences'
  | 'putPresence'
  | 'ignored'
  | 'countIgnored'
> {
  const partitionKey = keys.commonPartition;

  async function put(rowKey: string, what: string, value: object, etag: string | undefined): Promise<void> {
    const entity = { partitionKey, rowKey, ...toProperties(what, value) };
    await conflicts(
      `writing ${what}`,
      etag === undefined ? main.createEntity(entity) : main.updateEntity(entity, 'Replace', { etag }),
    );
  }

  return {
    async scan() {
      const row = await found(main.getEntity<Row>(partitionKey, keys.watchRow));
      return row && { value: readableOr(Scan, row, newScan), etag: row.etag! };
    },
    putScan: (scan, etag) => put(keys.watchRow, 'the watch', scan, etag),
    // Not read as none where it cannot be: what is quarantined must stay so.
    async judgements() {
      const row = await found(main.getEntity<Row>(partitionKey, keys.judgementsRow));
      return row && { value: fromProperties(Judgements, row), etag: row.etag! };
    },
    putJudgements: (judgements, etag) =>
      put(keys.judgementsRow, 'what was said of digests', judgements, etag),
    async heldImages() {
      const images: string[] = [];
      for await (const { rowKey } of range(main, partitionKey, keys.rowRange('held')))
        images.push(keys.imageOfHeldRow(String(rowKey)));
      return images;
    },
    async noteHeld(image) {
      const row = { partitionKey, rowKey: keys.heldRow(image), ...columnsVersion };
      await main.upsertEntity(row, 'Replace');
    },
    async forgetHeld(image) {
      await main.deleteEntity(partitionKey, keys.heldRow(image)).catch(ignore(404));
    },
    presences: () => all(Presence, range(main, partitionKey, keys.rowRange('app'))),
    async putPresence(presence) {
      const rowKey = keys.presenceRow(presence.app);
      const row = { partitionKey, rowKey, ...toProperties('a presence', presence) };
      await main.upsertEntity(row, 'Replace');
    },
    ignored: () => all(Ignored, range(main, partitionKey, keys.rowRange('ignored'))),
    async countIgnored(kind, example, lastTime) {
      for (let turn = 1; turn <= countTurns; turn++) {
        const row = await found(main.getEntity<Row>(partitionKey, keys.ignoredRow(kind)));
        const count = row ? (readableOr(Ignored, row, undefined)?.count ?? 0) + 1 : 1;
        try {
          return await put(keys.ignoredRow(kind), 'a count', { kind, count, lastTime, example }, row?.etag);
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
        }
      }
    },
  };
}
