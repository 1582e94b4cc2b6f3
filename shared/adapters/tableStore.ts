import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import { z } from 'zod';
import { Run } from '../model/run.ts';
import { Decision, Pace, type Place, TaskState } from '../model/state.ts';
import { Task } from '../model/task.ts';
import {
  ConflictError,
  type Edges,
  type Store,
  type Stored,
  type TaskKey,
  type Write,
} from '../ports/store.ts';
import { formatRunId } from '../runId.ts';
import { fromProperties, toProperties } from './tableDocument.ts';
import { changeEdges, standing } from './tableEdges.ts';
import * as keys from './tableKeys.ts';
import { createTableLedger } from './tableLedger.ts';
import { all, conflicts, found, pages, type Row, range, readable } from './tableRows.ts';
import { deliveryColumns, triggerReads, webhookColumns } from './tableTriggers.ts';
import { createTableWatch } from './tableWatch.ts';

export interface StoreTables {
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

  const rows = (registry: string, prefix: string) =>
    range(main, keys.registryPartition(registry), keys.rowRange(prefix));

  return {
    ...triggerReads(main, found),
    task: (registry, task) => get(Task, registry, keys.taskRow(task)),
    tasks: (registry, unread) => all(Task, rows(registry, 'task'), unread),
    state: (registry, task) => get(TaskState, registry, keys.stateRow(task)),
    states: (registry, unread) => all(TaskState, rows(registry, 'state'), unread),
    async run(registry, runId) {
      const rowKey = keys.runRow(registry, runId);
      return rowKey === undefined ? undefined : get(Run, registry, rowKey);
    },
    async *runs(registry, { task, before, atOnce, unread } = {}) {
      const { from, to } = keys.rowRange('run');
      const start = (before && keys.runRow(registry, before)) ?? from;
      const partition = keys.registryPartition(registry);
      const range = odata`PartitionKey eq ${partition} and RowKey gt ${start} and RowKey lt ${to}`;
      const filter = task ? `${range} and ${odata`task eq ${task.toLowerCase()}`}` : range;
      yield* readable(pages(main, filter, atOnce), (row) => fromProperties(Run, row), unread);
    },
    pace: (registry) => get(Pace, registry, keys.paceRow),
    async *places(registry, { waiting, top } = {}) {
      const bounds = waiting === undefined ? keys.rowRange('place') : keys.placeRange(waiting);
      let left = top ?? Number.POSITIVE_INFINITY;
      if (left <= 0) return;
      for await (const row of range(main, keys.registryPartition(registry), bounds, top)) {
        yield readPlace(registry, row);
        if (--left <= 0) return;
      }
    },
    async *decisions(registry, task) {
      yield* readable(rows(registry, keys.decisionPrefix(task)), (row) => fromProperties(Decision, row));
    },

    async commit(registry, writes) {
      const transaction = new TableTransaction();
      for (const write of writes) addTo(transaction, registry, write);
      await conflicts(`changing ${registry}`, main.submitTransaction(transaction.actions));
    },

    async takeRunNumbers(registry, count) {
      const partitionKey = keys.registryPartition(registry);
      for (;;) {
        const row = await found(main.getEntity<Row>(partitionKey, keys.counterRow));
        const next = row ? Number(row.next) : 1;
        const entity = { partitionKey, rowKey: keys.counterRow, next: next + count };
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
    },

    standing: (image) => standing(edges, image),
    changeEdges: (task: TaskKey, add: Edges, remove: Edges) => changeEdges(edges, task, add, remove),

    ...createTableLedger(main, pushes),
    ...createTableWatch(main),
  };
}

function addTo(transaction: TableTransaction, registry: string, write: Write): void {
  const partitionKey = keys.registryPartition(registry);
  if ('remove' in write) {
    transaction.deleteEntity(partitionKey, removedRow(registry, write));
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

function removedRow(registry: string, write: Extract<Write, { remove: string }>): string {
  if (write.remove === 'run') return runRow(registry, write.runId);
  if (write.remove === 'place') return keys.placeRow(write.value);
  if (write.remove === 'webhook') return keys.webhookRow(write.value.task, write.value.trigger);
  return write.remove === 'task' ? keys.taskRow(write.task) : keys.stateRow(write.task);
}

const placeColumns = ({ runId, automatic, waitsFor }: Place) => ({
  runId,
  automatic,
  ...(waitsFor && { waitsFor: JSON.stringify(waitsFor) }),
});
const readPlace = (registry: string, { runId, automatic, waitsFor }: Row): Place => ({
  registry,
  runId: String(runId),
  automatic: automatic === true,
  ...(typeof waitsFor === 'string' && { waitsFor: readRuns(waitsFor) }),
});
/** Where it cannot be read what it waits for, it waits for something: the clock rings for it. */
function readRuns(waitsFor: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(waitsFor));
  } catch {
    return [];
  }
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
      // A column of its own, so that the service can pick the runs of one task.
      const task = write.value.task?.toLowerCase();
      return { rowKey, ...(task && { task }), ...toProperties(`run ${write.value.runId}`, write.value) };
    }
    case 'webhook':
      return webhookColumns(write.value);
    case 'delivery':
      return deliveryColumns(write.value);
    case 'pace':
      return { rowKey: keys.paceRow, ...toProperties(`pace of ${registry}`, write.value) };
    case 'place':
      return { rowKey: keys.placeRow(write.value), ...placeColumns(write.value) };
    case 'decision': {
      const { task, push } = write.value;
      return {
        rowKey: keys.decisionRow(task, push.timestamp, push.id),
        ...toProperties('a decision', write.value),
      };
    }
  }
}
