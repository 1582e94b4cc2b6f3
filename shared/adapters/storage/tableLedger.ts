import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import { Decision } from '../../model/state.ts';
import { ConflictError, type RecordedPush, type Store } from '../../ports/store.ts';
import { columnsVersion, fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { conflicts, ignore, part, type Row, readable, removeAll, writesAtOnce } from './tableRows.ts';

type Ledger = Pick<Store, 'recordPush' | 'push' | 'pushesOf' | 'forgetPush'>;

/** The ledger by push: a partition for each push, and one for each day that names them. */
export const createTableLedger = (main: TableClient, pushes: TableClient): Ledger => ({
  recordPush: (pushId, decisions) => recordPush(pushes, pushId, decisions),
  push: async (pushId) => decisionsIn(await rowsOf(pushes, pushId)),
  pushesOf: (day, paging) => {
    const rows = { table: pushes, partition: keys.dayPartition(day), range: keys.wholePartition };
    return part(rows, paging, readDayRow);
  },
  forgetPush: (day, push) => forgetPush(main, pushes, day, push),
});

async function recordPush(pushes: TableClient, pushId: string, decisions: Decision[]): Promise<void> {
  const [first] = decisions;
  if (!first) return;
  const partitionKey = keys.pushPartition(pushId);
  const day = keys.dayPartition(first.time.slice(0, 10));
  // First, so that no push is in the ledger that pruning would not find.
  await pushes.createEntity({ partitionKey: day, ...dayColumns(pushId, decisions) }).catch(ignore(409));
  const entities = decisions.map((decision) => ({
    partitionKey,
    rowKey: keys.pushRow(decision.registry, decision.task),
    ...toProperties('a decision', decision),
  }));
  for (let at = 0; at < entities.length; at += writesAtOnce) {
    const some = entities.slice(at, at + writesAtOnce);
    try {
      const transaction = new TableTransaction();
      for (const entity of some) transaction.createEntity(entity);
      await conflicts('recording a push', pushes.submitTransaction(transaction.actions));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      for (const entity of some) await pushes.createEntity(entity).catch(ignore(409));
    }
  }
}

async function rowsOf(pushes: TableClient, pushId: string): Promise<Row[]> {
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

/** The row of a push in the list of its day; what was counted first stays, as what was decided does. */
function dayColumns(id: string, decisions: Decision[]) {
  const { image, digest, timestamp: time } = decisions[0]!.push;
  const count = (wanted: Decision['verdict']) => decisions.filter(({ verdict }) => verdict === wanted).length;
  return {
    ...columnsVersion,
    rowKey: keys.dayRow(time, id),
    id,
    image,
    digest,
    time,
    started: count('started'),
    merged: count('merged'),
    waits: count('waits'),
    skipped: count('skipped'),
    ...(count('held') > 0 && { held: count('held') }),
  };
}

/** A row that an older version wrote has the id alone. */
function readDayRow({ rowKey, id = rowKey, image, digest, time, ...row }: Row): RecordedPush {
  const push = { key: String(rowKey), id: String(id) };
  if (time === undefined) return push;
  const count = (verdict: Decision['verdict']) => Number(row[verdict] ?? 0);
  return {
    ...push,
    image: String(image),
    digest: String(digest),
    time: String(time),
    decided: {
      started: count('started'),
      merged: count('merged'),
      waits: count('waits'),
      skipped: count('skipped'),
      ...(count('held') > 0 && { held: count('held') }),
    },
  };
}

async function forgetPush(
  main: TableClient,
  pushes: TableClient,
  day: string,
  { id, key, time }: RecordedPush,
): Promise<void> {
  const rows = await rowsOf(pushes, id);
  const decisions = await decisionsIn(rows);
  const read = new Map(decisions.map((one) => [keys.pushRow(one.registry, one.task), one.push.timestamp]));
  const ofTask = rows.flatMap((row) => {
    const rowKey = String(row.rowKey);
    const decided = keys.readPushRow(rowKey);
    // One that cannot be read is of the same push as the others.
    const timestamp = read.get(rowKey) ?? time ?? decisions[0]?.push.timestamp;
    if (!timestamp || !decided) return [];
    return [{ partitionKey: decided.registry, rowKey: keys.decisionRow(decided.task, timestamp, id) }];
  });
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
  await pushes.deleteEntity(keys.dayPartition(day), key).catch(ignore(404));
}
