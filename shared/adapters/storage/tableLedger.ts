import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import { z } from 'zod';
import {
  countVerdicts,
  Decision,
  type Push,
  PushProgress,
  Verdict,
  type VerdictCounts,
} from '../../model/state.ts';
import { ConflictError, type RecordedPush, type Store } from '../../ports/store.ts';
import { columnsVersion, fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import {
  conflicts,
  found,
  ignore,
  part,
  type Row,
  readable,
  readableOr,
  removeAll,
  writesAtOnce,
} from './tableRows.ts';

type Ledger = Pick<
  Store,
  'recordPush' | 'pushProgress' | 'putPushProgress' | 'push' | 'pushesOf' | 'forgetPush'
>;

/** So many decisions have a row each; more are written many to a row. */
const oneByOne = 8;
/** Of the characters that a row holds; the decisions of a page are cut by it. */
const charactersOfPage = 200_000;
const DecisionPage = z.object({ decisions: z.array(Decision) });

/** The ledger by push: a partition for each push, and one for each day that names them. */
export const createTableLedger = (main: TableClient, pushes: TableClient): Ledger => ({
  recordPush: (pushId, decisions, isPart) => recordPush(pushes, pushId, decisions, isPart),
  async pushProgress(pushId) {
    const row = await found(pushes.getEntity<Row>(keys.pushPartition(pushId), keys.progressRow));
    return row && readableOr(PushProgress, row, undefined);
  },
  putPushProgress: (progress) => putPushProgress(pushes, progress),
  push: async (pushId) => decisionsIn(await rowsOf(pushes, pushId)),
  pushesOf: (day, paging) => {
    const rows = { table: pushes, partition: keys.dayPartition(day), range: keys.wholePartition };
    return part(rows, paging, readDayRow);
  },
  forgetPush: (day, push) => forgetPush(main, pushes, day, push),
});

async function recordPush(
  pushes: TableClient,
  pushId: string,
  decisions: Decision[],
  isPart = false,
): Promise<void> {
  if (decisions.length === 0) return;
  // First, so that no push is in the ledger that pruning would not find.
  const isNew = isPart || (await addToDay(pushes, pushId, decisions));
  const left = isNew ? decisions : await unrecorded(pushes, pushId, decisions);
  const entities = entitiesOf(pushId, left);
  for (let at = 0; at < entities.length; at += writesAtOnce) {
    try {
      const transaction = new TableTransaction();
      for (const entity of entities.slice(at, at + writesAtOnce)) transaction.createEntity(entity);
      await conflicts('recording a push', pushes.submitTransaction(transaction.actions));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      for (const decision of await unrecorded(pushes, pushId, decisions))
        await pushes.createEntity(entityOf(pushId, decision)).catch(ignore(409));
      return;
    }
  }
}

/** @returns false where the push is in the list of its day already */
async function addToDay(pushes: TableClient, pushId: string, decisions: Decision[]): Promise<boolean> {
  const [{ push, time }] = decisions as [Decision];
  const partitionKey = keys.dayPartition(time.slice(0, 10));
  try {
    const row = { partitionKey, ...dayColumns(pushId, push, countVerdicts(decisions)) };
    await conflicts('listing a push', pushes.createEntity(row));
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}

async function unrecorded(pushes: TableClient, pushId: string, decisions: Decision[]): Promise<Decision[]> {
  const known = new Set((await decisionsIn(await rowsOf(pushes, pushId))).map(keyOf));
  return decisions.filter((one) => !known.has(keyOf(one)));
}

const keyOf = ({ registry, task }: Decision) => keys.pushRow(registry, task);

const entityOf = (pushId: string, decision: Decision) => ({
  partitionKey: keys.pushPartition(pushId),
  rowKey: keyOf(decision),
  ...toProperties('a decision', decision),
});

/** A row for each, or where they are many, as few rows as hold them. */
function entitiesOf(pushId: string, decisions: Decision[]) {
  if (decisions.length <= oneByOne) return decisions.map((decision) => entityOf(pushId, decision));
  const pages: Decision[][] = [];
  let room = 0;
  for (const decision of decisions) {
    const size = JSON.stringify(decision).length;
    if (size > room) {
      pages.push([]);
      room = charactersOfPage;
    }
    pages.at(-1)!.push(decision);
    room -= size;
  }
  return pages.map((page) => ({
    partitionKey: keys.pushPartition(pushId),
    rowKey: keys.pushPageRow(page[0]!.registry, page[0]!.task),
    ...toProperties('decisions', { decisions: page }),
  }));
}

/** The list of its day has the push from the beginning, and its counts at the end. */
async function putPushProgress(pushes: TableClient, progress: PushProgress): Promise<void> {
  const { push, begun, after, isDone, decided } = progress;
  if (after === undefined || isDone) {
    const partitionKey = keys.dayPartition(begun.slice(0, 10));
    await pushes.upsertEntity({ partitionKey, ...dayColumns(push.id, push, decided) }, 'Replace');
  }
  const row = { partitionKey: keys.pushPartition(push.id), rowKey: keys.progressRow };
  await pushes.upsertEntity({ ...row, ...toProperties('how far a push is', progress) }, 'Replace');
}

async function rowsOf(pushes: TableClient, pushId: string): Promise<Row[]> {
  const filter = odata`PartitionKey eq ${keys.pushPartition(pushId)}`;
  const rows: Row[] = [];
  for await (const row of pushes.listEntities<Row>({ queryOptions: { filter } })) rows.push(row);
  return rows;
}

/** Of two for one task, the first that was made. */
async function decisionsIn(rows: Row[]): Promise<Decision[]> {
  const decisions = new Map<string, Decision>();
  const ofDecisions = rows.filter(({ rowKey }) => rowKey !== keys.progressRow);
  const read = (row: Row) =>
    keys.isPushPage(String(row.rowKey))
      ? fromProperties(DecisionPage, row).decisions
      : [fromProperties(Decision, row)];
  for await (const some of readable(ofDecisions, read))
    for (const one of some) {
      const known = decisions.get(keyOf(one));
      if (!known || one.time < known.time) decisions.set(keyOf(one), one);
    }
  return [...decisions.values()];
}

/** The row of a push in the list of its day; what was counted first stays, as what was decided does. */
function dayColumns(id: string, { image, digest, timestamp: time }: Push, decided: VerdictCounts) {
  return { ...columnsVersion, rowKey: keys.dayRow(time, id), id, image, digest, time, ...decided };
}

/** A row that an older version wrote has the id alone, or no column for a verdict that it did not know. */
function readDayRow({ rowKey, id = rowKey, image, digest, time, ...row }: Row): RecordedPush {
  const push = { key: String(rowKey), id: String(id) };
  if (time === undefined) return push;
  const decided = countVerdicts([]);
  for (const verdict of Verdict.options) decided[verdict] = Number(row[verdict] ?? 0);
  return { ...push, image: String(image), digest: String(digest), time: String(time), decided };
}

async function forgetPush(
  main: TableClient,
  pushes: TableClient,
  day: string,
  { id, key, time }: RecordedPush,
): Promise<void> {
  const rows = await rowsOf(pushes, id);
  const decisions = await decisionsIn(rows);
  const ofTask = decisions.map(({ registry, task, push }) => ({
    partitionKey: keys.registryPartition(registry),
    rowKey: keys.decisionRow(task, push.timestamp, id),
  }));
  const read = new Set(decisions.map(keyOf));
  for (const { rowKey } of rows) {
    const decided = keys.readPushRow(String(rowKey));
    // One that cannot be read is of the same push as the others.
    const timestamp = time ?? decisions[0]?.push.timestamp;
    if (!timestamp || !decided || read.has(String(rowKey))) continue;
    ofTask.push({ partitionKey: decided.registry, rowKey: keys.decisionRow(decided.task, timestamp, id) });
  }
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
