import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import { Decision } from '../model/state.ts';
import { ConflictError, type Store } from '../ports/store.ts';
import { fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { conflicts, ignore, type Row, readable, removeAll, writesAtOnce } from './tableRows.ts';

type Ledger = Pick<Store, 'recordPush' | 'push' | 'pushesOf' | 'forgetPush'>;

/** The ledger by push: a partition for each push, and one for each day that names them. */
export function createTableLedger(main: TableClient, pushes: TableClient): Ledger {
  async function recordPush(pushId: string, decisions: Decision[]): Promise<void> {
    const [first] = decisions;
    if (!first) return;
    const partitionKey = keys.pushPartition(pushId);
    const day = keys.dayPartition(first.time.slice(0, 10));
    // First, so that no push is in the ledger whom nobody would forget.
    await pushes.upsertEntity({ partitionKey: day, rowKey: partitionKey, id: pushId }, 'Replace');
    const entities = decisions.map((decision) => ({
      partitionKey,
      rowKey: keys.pushRow(decision.registry, decision.task),
      ...toProperties('a decision', decision),
    }));
    for (let at = 0; at < entities.length; at += writesAtOnce) {
      const part = entities.slice(at, at + writesAtOnce);
      try {
        const transaction = new TableTransaction();
        for (const entity of part) transaction.createEntity(entity);
        await conflicts('recording a push', pushes.submitTransaction(transaction.actions));
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        for (const entity of part) await pushes.createEntity(entity).catch(ignore(409));
      }
    }
  }

  async function rowsOf(pushId: string): Promise<Row[]> {
    const filter = odata`PartitionKey eq ${keys.pushPartition(pushId)}`;
    const rows: Row[] = [];
    for await (const row of pushes.listEntities<Row>({ queryOptions: { filter } })) rows.push(row);
    return rows;
  }

  async function decisionsIn(rows: Row[]): Promise<Decision[]> {
    const decisions: Decision[] = [];
    for await (const decision of readable(rows, (row) => fromProperties(Decision, row)))
      decisions.push(decision);
    return decisions;
  }

  return {
    recordPush,
    push: async (pushId) => decisionsIn(await rowsOf(pushId)),
    async pushesOf(day, top) {
      const filter = odata`PartitionKey eq ${keys.dayPartition(day)}`;
      const pages = pushes.listEntities<Row>({ queryOptions: { filter } }).byPage({ maxPageSize: top });
      for await (const page of pages) if (page.length > 0) return page.map(({ id }) => String(id));
      return [];
    },
    async forgetPush(day, pushId) {
      const rows = await rowsOf(pushId);
      const decisions = await decisionsIn(rows);
      const ofTask = decisions.map(({ registry, task, push }) => ({
        partitionKey: keys.registryPartition(registry),
        rowKey: keys.decisionRow(task, push.timestamp, push.id),
      }));
      for (const partition of new Set(ofTask.map(({ partitionKey }) => partitionKey)))
        await removeAll(
          main,
          ofTask.filter(({ partitionKey }) => partitionKey === partition),
        );
      await removeAll(
        pushes,
        rows.map(({ partitionKey, rowKey }) => ({
          partitionKey: String(partitionKey),
          rowKey: String(rowKey),
        })),
      );
      await pushes.deleteEntity(keys.dayPartition(day), keys.pushPartition(pushId)).catch(ignore(404));
    },
  };
}
