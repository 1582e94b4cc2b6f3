import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import type { z } from 'zod';
import { Run } from '../../model/run.ts';
import { Decision, Slots, TaskState } from '../../model/state.ts';
import { Task } from '../../model/task.ts';
import { TaskRun } from '../../model/taskRun.ts';
import { foldedName } from '../../names/taskKey.ts';
import type { Paging, Part, RunQuery, Store, Stored, Unread, Write } from '../../ports/store.ts';
import { columnsVersion, fromProperties, toProperties } from './tableDocument.ts';
import { changeEdges, imageEdges, producers, putSightings, sightings } from './tableEdges.ts';
import * as keys from './tableKeys.ts';
import { createTableLedger } from './tableLedger.ts';
import { createTableMany } from './tableMany.ts';
import { forgetWaiters, placeColumns, places, waiters } from './tablePlaces.ts';
import { all, conflicts, found, pages, part, type Row, range, readable } from './tableRows.ts';
import { takeRunNumbers } from './tableRunNumbers.ts';
import { createTableScan } from './tableScan.ts';
import { deliveryColumns, triggerReads, webhookColumns } from './tableTriggers.ts';

interface StoreTables {
  main: TableClient;
  edges: TableClient;
  pushes: TableClient;
}

/** The Store on Azure Table Storage. */
export function createTableStore({ main, edges, pushes }: StoreTables): Store {
  async function get<T>(
    schema: z.ZodType<T>,
    registry: string,
    rowKey: string,
  ): Promise<Stored<T> | undefined> {
    const row = await found(main.getEntity<Row>(keys.registryPartition(registry), rowKey));
    return row && { value: fromProperties(schema, row), etag: row.etag! };
  }

  const forget = (registry: string, rowKey: string, etag: string) =>
    conflicts(
      `removing ${rowKey} of ${registry}`,
      main.deleteEntity(keys.registryPartition(registry), rowKey, { etag }),
    );

  const rows = (registry: string, prefix: string) =>
    range(main, keys.registryPartition(registry), keys.rowRange(prefix));

  return {
    ...triggerReads(main, found),
    ...createTableMany(main),
    task: (registry, task) => get(Task, registry, keys.taskRow(task)),
    tasks: (registry, unread) => all(Task, rows(registry, 'task'), unread),
    state: (registry, task) => get(TaskState, registry, keys.stateRow(task)),
    states: (registry, unread) => all(TaskState, rows(registry, 'state'), unread),
    statesPart: (registry, paging, unread) =>
      partOf(main, TaskState, { registry, prefix: 'state', ...paging }, unread),
    async run(registry, runId) {
      const rowKey = keys.runRow(registry, runId);
      return rowKey === undefined ? undefined : get(Run, registry, rowKey);
    },
    async *runs(registry, query) {
      for await (const { value } of storedRuns(main, registry, query)) yield value;
    },
    storedRuns: (registry, query) => storedRuns(main, registry, query),
    forgetRun: ({ value: { registry, runId }, etag }) => forget(registry, runRow(registry, runId), etag),
    forgetState: ({ value: { registry, task }, etag }) => forget(registry, keys.stateRow(task), etag),
    taskRun: (registry, name) => get(TaskRun, registry, keys.taskRunRow(name)),
    taskRuns: (registry, unread) => all(TaskRun, rows(registry, 'taskrun'), unread),
    pace: (registry) => get(Slots, registry, keys.paceRow),
    places: (registry, only) => places(main, registry, only),
    waiters: (registry, awaited) => waiters(main, registry, awaited),
    forgetWaiters: (registry, gone) => forgetWaiters(main, registry, gone),
    async *decisions(registry, task) {
      yield* readable(rows(registry, keys.decisionPrefix(task)), (row) => fromProperties(Decision, row));
    },
    decisionsPart: (registry, task, paging) =>
      partOf(main, Decision, { registry, prefix: keys.decisionPrefix(task), ...paging }),

    async commit(registry, writes) {
      const transaction = new TableTransaction();
      for (const write of writes) addTo(transaction, registry, write);
      await conflicts(
        `changing ${registry}`,
        main.submitTransaction(transaction.actions),
        writes.map((write) => `${registry}: ${titleOf(write)}`),
      );
    },

    takeRunNumbers: (registry, count) => takeRunNumbers(main, registry, count),

    ...ofImages(edges),
    ...createTableLedger(main, pushes),
    ...createTableScan(main),
  };
}

const ofImages = (
  edges: TableClient,
): Pick<Store, 'imageEdges' | 'producers' | 'changeEdges' | 'sightings' | 'putSightings'> => ({
  imageEdges: (image, paging) => imageEdges(edges, image, paging),
  producers: (image) => producers(edges, image),
  changeEdges: (task, add, remove) => changeEdges(edges, task, add, remove),
  sightings: (image) => sightings(edges, image),
  putSightings: (value, etag) => putSightings(edges, value, etag),
});

/** A part of the rows with a prefix; what stands behind it in a key is the caller's key. */
async function partOf<T>(
  main: TableClient,
  schema: z.ZodType<T>,
  { registry, prefix, after, top }: Paging & { registry: string; prefix: string },
  unread?: Unread,
): Promise<Part<T>> {
  const range = keys.rowRange(prefix);
  const from = after === undefined ? {} : { after: range.from + after };
  const rows = { table: main, partition: keys.registryPartition(registry), range };
  const found = await part(rows, { ...from, top }, (row) => fromProperties(schema, row), unread);
  return { ...found, ...(found.next && { next: found.next.slice(range.from.length) }) };
}

/** Newest first; the service picks those of a task, or in a status. */
async function* storedRuns(
  main: TableClient,
  registry: string,
  { task, status, before, atOnce, unread }: RunQuery = {},
): AsyncIterable<Stored<Run>> {
  const { from, to } = keys.rowRange('run');
  const start = (before && keys.runRow(registry, before)) ?? from;
  const partition = keys.registryPartition(registry);
  const filters = [odata`PartitionKey eq ${partition} and RowKey gt ${start} and RowKey lt ${to}`];
  if (task) filters.push(odata`task eq ${foldedName(task)}`);
  // Said this way, rows that an older version wrote without the column are among them.
  if (status) filters.push(`not (${odata`status ne ${status}`})`);
  const rows = pages(main, filters.join(' and '), atOnce);
  const read = (row: Row) => ({ value: fromProperties(Run, row), etag: row.etag! });
  for await (const run of readable(rows, read, unread)) if (!status || run.value.status === status) yield run;
}

function addTo(transaction: TableTransaction, registry: string, write: Write): void {
  const partitionKey = keys.registryPartition(registry);
  if ('remove' in write) {
    transaction.deleteEntity(partitionKey, removedRow(write));
    return;
  }
  const row = { partitionKey, ...toRow(registry, write) };
  const etag = 'etag' in write ? write.etag : undefined;
  if ('replace' in write && write.replace) transaction.upsertEntity(row, 'Replace');
  else if (etag === undefined) transaction.createEntity(row);
  else transaction.updateEntity(row, 'Replace', { etag });
}

function runRow(registry: string, runId: string): string {
  const rowKey = keys.runRow(registry, runId);
  if (rowKey === undefined) throw new RangeError(`${runId} is no run id of ${registry}`);
  return rowKey;
}

function removedRow(write: Extract<Write, { remove: string }>): string {
  if (write.remove === 'taskRun') return keys.taskRunRow(write.name);
  if (write.remove === 'place') return keys.placeRow(write.value);
  if (write.remove === 'webhook') return keys.webhookRow(write.value.task, write.value.trigger);
  return write.remove === 'task' ? keys.taskRow(write.task) : keys.stateRow(write.task);
}

/** A part of a transaction, for people: `state of build-app`. */
function titleOf(write: Write): string {
  const kind = 'put' in write ? write.put : write.remove;
  const { runId, task, name } = ('value' in write ? write.value : write) as Partial<Record<string, string>>;
  const of = runId ?? task ?? name;
  return of ? `${kind} of ${of}` : kind;
}

function toRow(registry: string, write: Exclude<Write, { remove: string }>) {
  switch (write.put) {
    case 'task':
      return {
        rowKey: keys.taskRow(write.value.name),
        ...toProperties(`task ${write.value.name}`, write.value),
      };
    case 'state':
      return {
        rowKey: keys.stateRow(write.value.task),
        // A column of its own, so that the service can pick them.
        ...(write.value.timers && { timers: true }),
        ...toProperties(`state of ${write.value.task}`, write.value),
      };
    case 'run': {
      const rowKey = runRow(registry, write.value.runId);
      // Columns of their own, so that the service can pick the runs of one task, or in one status.
      const { task, status } = write.value;
      const columns = { status, ...(task !== undefined && { task: foldedName(task) }) };
      return { rowKey, ...columns, ...toProperties(`run ${write.value.runId}`, write.value) };
    }
    case 'taskRun':
      return {
        rowKey: keys.taskRunRow(write.value.name),
        ...toProperties(`task run ${write.value.name}`, write.value),
      };
    case 'webhook':
      return webhookColumns(write.value);
    case 'delivery':
      return deliveryColumns(write.value);
    case 'pace':
      return { rowKey: keys.paceRow, ...toProperties(`pace of ${registry}`, write.value) };
    case 'place':
      return { rowKey: keys.placeRow(write.value), ...placeColumns(write.value) };
    case 'waiter':
      return { rowKey: keys.waiterRow(write.value), ...columnsVersion };
    case 'decision': {
      const { task, push } = write.value;
      return {
        rowKey: keys.decisionRow(task, push.timestamp, push.id),
        ...toProperties('a decision', write.value),
      };
    }
  }
}
