import type { Judgements } from '../../shared/model/bases/policy.ts';
import type { Sightings } from '../../shared/model/bases/sightings.ts';
import type { Run } from '../../shared/model/run.ts';
import type { Ignored, Presence, Scan } from '../../shared/model/scan.ts';
import type {
  Decision,
  PushProgress,
  QueueEntry,
  Slots,
  TaskState,
  Waiter,
} from '../../shared/model/state.ts';
import type { Task } from '../../shared/model/task.ts';
import type { TaskRun } from '../../shared/model/taskRun.ts';
import type { Delivery, Webhook } from '../../shared/model/webhook.ts';
import { newestFirst, oldestFirst, parseRunId } from '../../shared/names/runId.ts';
import {
  ConflictError,
  type Paging,
  type Part,
  type RecordedPush,
  type RunQuery,
  type Store,
  type Stored,
  type Write,
} from '../../shared/ports/store.ts';
import { memoryLedger } from './memoryLedger.ts';

interface Row {
  json: string;
  etag: number;
}

/** All that a memory store holds. */
export interface MemoryRows {
  kinds: Map<string, Map<string, Row>>;
  counters: Map<string, number>;
  edges: Map<string, Set<string>>;
  pushes: Map<string, Map<string, string>>;
  days: Map<string, Map<string, RecordedPush>>;
  progress: Map<string, PushProgress>;
}

/** A Store whose content can be copied, for a test that starts from it many times. */
export type MemoryStore = Store & { rows(): MemoryRows };

/** Of all stores, so that no version of a copied row comes again. */
let version = 0;

/** `registry!kind` of a key. */
const kindOf = (key: string) => key.slice(0, key.indexOf('!', key.indexOf('!') + 1) >>> 0);

/**
 * The Store in memory, with the same answers as the one on tables (the contract test holds both to it). Documents are
 * kept as JSON, so that nobody shares an object with it.
 */
export function createMemoryStore(from?: MemoryRows): MemoryStore {
  const data: MemoryRows = from
    ? structuredClone(from)
    : {
        kinds: new Map(),
        counters: new Map(),
        edges: new Map(),
        pushes: new Map(),
        days: new Map(),
        progress: new Map(),
      };
  const { kinds, counters, edges } = data;

  // Rows of one kind in one registry lie together, so that a range looks at no others.
  const rows = {
    get: (key: string) => kinds.get(kindOf(key))?.get(key),
    delete: (key: string) => kinds.get(kindOf(key))?.delete(key),
    set(key: string, row: Row) {
      const kind = kinds.get(kindOf(key));
      if (kind) kind.set(key, row);
      else kinds.set(kindOf(key), new Map([[key, row]]));
    },
  };
  const get = <T>(key: string): Stored<T> | undefined => {
    const row = rows.get(key);
    return row && { value: JSON.parse(row.json) as T, etag: String(row.etag) };
  };
  const stored = <T>(prefix: string): Stored<T>[] => {
    const kind = kinds.get(kindOf(prefix));
    if (!kind || kind.size === 0) return [];
    const keys = [...kind.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => {
      const { json, etag } = kind.get(key)!;
      return { value: JSON.parse(json) as T, etag: String(etag) };
    });
  };
  const rangePart = <T>(prefix: string, { after = '', top }: Paging): Part<T> => {
    const keys = [...(kinds.get(kindOf(prefix))?.keys() ?? [])].sort();
    const some = keys.filter((key) => key.startsWith(prefix) && key.slice(prefix.length) > after);
    const values = some.slice(0, top).map((key) => get<T>(key)!.value);
    return { values, ...(values.length === top && { next: some[top - 1]!.slice(prefix.length) }) };
  };
  const range = <T>(prefix: string): T[] => stored<T>(prefix).map(({ value }) => value);

  const forget = (key: string, etag: string) => {
    if (String(rows.get(key)?.etag) !== etag) throw new ConflictError(`${key} was disturbed`);
    rows.delete(key);
  };
  const storedRuns = (registry: string, { task, status, before }: RunQuery = {}) => {
    const older = before === undefined ? '' : runKey(registry, before);
    return stored<Run>(`${registry}!run!`).filter(
      ({ value: run }) =>
        (task === undefined || run.task?.toLowerCase() === task.toLowerCase()) &&
        (status === undefined || run.status === status) &&
        runKey(registry, run.runId) > older,
    );
  };

  const store: MemoryStore = {
    rows: () => structuredClone(data),
    task: async (registry, task) => get<Task>(taskKey(registry, task)),
    tasks: async (registry) => range<Task>(`${registry}!task!`),
    state: async (registry, task) => get<TaskState>(stateKey(registry, task)),
    statesOf: async (registry, tasks) => tasks.map((task) => get<TaskState>(stateKey(registry, task))),
    states: async (registry) => range<TaskState>(`${registry}!state!`),
    statesPart: async (registry, paging) => rangePart<TaskState>(`${registry}!state!`, paging),
    statesWithTimers: async (registry) =>
      stored<TaskState>(`${registry}!state!`).filter(({ value }) => value.timers !== undefined),
    webhook: async (registry, task, trigger) => get<Webhook>(webhookKey(registry, task, trigger)),
    webhooks: async (registry, task) =>
      stored<Webhook>(`${registry}!webhook!${task === undefined ? '' : `${task.toLowerCase()}!`}`),
    dueWebhooks: async (registry, now) =>
      stored<Webhook>(`${registry}!webhook!`).filter(
        ({ value }) => value.nextAttempt !== undefined && value.nextAttempt <= now.toISOString(),
      ),
    delivery: async (registry, task, trigger, key) =>
      get<Delivery>(deliveryKey(registry, task, trigger, key))?.value.runId,
    async forgetDeliveries(registry, before, top) {
      const old = range<Delivery>(`${registry}!delivery!`)
        .filter(({ time }) => time < before.toISOString())
        .slice(0, top);
      for (const { task, trigger, key } of old) rows.delete(deliveryKey(registry, task, trigger, key));
      return old.length;
    },
    run: async (registry, runId) =>
      parseRunId(registry, runId) === undefined ? undefined : get<Run>(runKey(registry, runId)),
    runsOf: async (registry, runIds) => runIds.map((runId) => get<Run>(runKey(registry, runId))),
    async *runs(registry, only) {
      for (const { value } of storedRuns(registry, only)) yield value;
    },
    async *storedRuns(registry, only) {
      yield* storedRuns(registry, only);
    },
    forgetRun: async ({ value: { registry, runId }, etag }) => forget(runKey(registry, runId), etag),
    forgetState: async ({ value: { registry, task }, etag }) => forget(stateKey(registry, task), etag),
    taskRun: async (registry, name) => get<TaskRun>(taskRunKey(registry, name)),
    taskRuns: async (registry) => range<TaskRun>(`${registry}!taskrun!`),
    pace: async (registry) => get<Slots>(`${registry}!pace`),
    async *places(registry, { waiting, top = Number.POSITIVE_INFINITY } = {}) {
      const places = range<QueueEntry>(`${registry}!place!`);
      yield* places
        .filter(({ waitsFor }) => waiting === undefined || waiting === (waitsFor !== undefined))
        .slice(0, top);
    },
    waiters: async (registry, awaited) =>
      range<Waiter>(`${registry}!waiter!${awaited === undefined ? '' : `${awaited}!`}`),
    async forgetWaiters(_, gone) {
      for (const waiter of gone) rows.delete(waiterKey(waiter));
    },
    async *decisions(registry, task) {
      yield* range<Decision>(`${registry}!decision!${task.toLowerCase()}!`);
    },
    decisionsPart: async (registry, task, paging) =>
      rangePart<Decision>(`${registry}!decision!${task.toLowerCase()}!`, paging),

    async commit(registry, writes) {
      if (writes.length > 100) throw new RangeError('at most 100 parts');
      for (const write of writes) {
        const row = rows.get(keyOf(registry, write));
        if ('remove' in write ? !row : !fits(write, row?.etag))
          throw new ConflictError(`${JSON.stringify(write).slice(0, 80)} was disturbed`);
      }
      for (const write of writes) {
        if ('remove' in write) rows.delete(keyOf(registry, write));
        else rows.set(keyOf(registry, write), { json: JSON.stringify(write.value), etag: ++version });
      }
    },
    async takeRunNumbers(registry, count) {
      const first = counters.get(registry) ?? 1;
      counters.set(registry, first + count);
      return first;
    },

    async imageEdges(image, { after = '', top }: Partial<Paging> = {}) {
      const sorted = [...(edges.get(image) ?? [])].filter((edge) => edge > after).sort();
      const part = sorted.slice(0, top);
      const of = (kind: string) =>
        part
          .filter((edge) => edge.startsWith(kind))
          .map((edge) => {
            const [, registry = '', task = ''] = edge.split('!');
            return { registry, task };
          });
      const sightings = get<Sightings>(`common!sightings!${image}`);
      const next = part.length === top ? { next: part.at(-1)! } : {};
      return {
        dependents: of('dependent'),
        producers: of('producer'),
        ...(sightings && { sightings }),
        ...next,
      };
    },
    producers: async (image) => (await store.imageEdges(image)).producers,
    async changeEdges({ registry, task }, add, remove) {
      const change = (image: string, kind: string, present: boolean) => {
        const set = edges.get(image) ?? new Set();
        edges.set(image, set);
        if (present) set.add(`${kind}!${registry}!${task.toLowerCase()}`);
        else set.delete(`${kind}!${registry}!${task.toLowerCase()}`);
      };
      for (const image of add.bases) change(image, 'dependent', true);
      for (const image of add.outputs) change(image, 'producer', true);
      for (const image of remove.bases) change(image, 'dependent', false);
      for (const image of remove.outputs) change(image, 'producer', false);
    },

    sightings: async (image) => get<Sightings>(`common!sightings!${image}`),
    async putSightings(sightings, etag) {
      const key = `common!sightings!${sightings.image}`;
      if (String(rows.get(key)?.etag) !== String(etag))
        throw new ConflictError(`what was seen of ${sightings.image} was disturbed`);
      rows.set(key, { json: JSON.stringify(sightings), etag: ++version });
    },

    judgements: async () => get<Judgements>('common!judgements!'),
    async putJudgements(judgements, etag) {
      if (String(rows.get('common!judgements!')?.etag) !== String(etag))
        throw new ConflictError('what was said of digests was disturbed');
      rows.set('common!judgements!', { json: JSON.stringify(judgements), etag: ++version });
    },

    heldImages: async () => range<{ image: string }>('common!held!').map(({ image }) => image),
    async noteHeld(image) {
      rows.set(`common!held!${image}`, { json: JSON.stringify({ image }), etag: ++version });
    },
    async forgetHeld(image) {
      rows.delete(`common!held!${image}`);
    },

    ...memoryLedger(data, (registry, value) => rows.delete(keyOf(registry, { put: 'decision', value }))),

    scan: async () => get<Scan>('common!watch!'),
    async putScan(watch, etag) {
      if (String(rows.get('common!watch!')?.etag) !== String(etag))
        throw new ConflictError('the watch was disturbed');
      rows.set('common!watch!', { json: JSON.stringify(watch), etag: ++version });
    },
    presences: async () => range<Presence>('common!app!'),
    async putPresence(presence) {
      rows.set(`common!app!${presence.app}`, { json: JSON.stringify(presence), etag: ++version });
    },
    ignored: async () => range<Ignored>('common!ignored!'),
    async countIgnored(kind, example, lastTime) {
      const count = (get<Ignored>(`common!ignored!${kind}`)?.value.count ?? 0) + 1;
      const json = JSON.stringify({ kind, count, lastTime, example });
      rows.set(`common!ignored!${kind}`, { json, etag: ++version });
    },
  };
  return store;
}

const taskKey = (registry: string, task: string) => `${registry}!task!${task.toLowerCase()}`;
const taskRunKey = (registry: string, name: string) => `${registry}!taskrun!${name.toLowerCase()}`;
const stateKey = (registry: string, task: string) => `${registry}!state!${task.toLowerCase()}`;
const webhookKey = (registry: string, task: string, trigger: string) =>
  `${registry}!webhook!${task.toLowerCase()}!${trigger}`;
const deliveryKey = (registry: string, task: string, trigger: string, key: string) =>
  `${registry}!delivery!${task.toLowerCase()}!${trigger}!${key}`;
const runKey = (registry: string, runId: string) =>
  `${registry}!run!${newestFirst(parseRunId(registry, runId)!)}`;

const waiterKey = ({ registry, runId, awaited }: Waiter) =>
  `${registry}!waiter!${awaited}!${oldestFirst(parseRunId(registry, runId)!)}`;

function keyOf(registry: string, write: Write): string {
  if ('remove' in write && write.remove === 'taskRun') return taskRunKey(registry, write.name);
  if ('remove' in write && 'task' in write)
    return write.remove === 'task' ? taskKey(registry, write.task) : stateKey(registry, write.task);
  switch ('put' in write ? write.put : write.remove) {
    case 'task':
      return taskKey(registry, (write as { value: Task }).value.name);
    case 'state':
      return stateKey(registry, (write as { value: TaskState }).value.task);
    case 'run':
      return runKey(registry, (write as { value: Run }).value.runId);
    case 'taskRun':
      return taskRunKey(registry, (write as { value: TaskRun }).value.name);
    case 'pace':
      return `${registry}!pace`;
    case 'webhook': {
      const { task, trigger } = (write as { value: Webhook }).value;
      return webhookKey(registry, task, trigger);
    }
    case 'delivery': {
      const { task, trigger, key } = (write as { value: Delivery }).value;
      return deliveryKey(registry, task, trigger, key);
    }
    case 'place': {
      const { runId, automatic, waitsFor } = (write as { value: QueueEntry }).value;
      const rank = waitsFor ? 2 : automatic ? 1 : 0;
      return `${registry}!place!${rank}!${oldestFirst(parseRunId(registry, runId)!)}`;
    }
    case 'waiter':
      return waiterKey((write as { value: Waiter }).value);
    default: {
      const { task, push } = (write as { value: Decision }).value;
      return `${registry}!decision!${task.toLowerCase()}!${9e15 - Date.parse(push.timestamp)}!${push.id}`;
    }
  }
}

function fits(write: Extract<Write, { put: string }>, etag: number | undefined): boolean {
  if ('replace' in write && write.replace) return true;
  const wanted = 'etag' in write ? write.etag : undefined;
  if (wanted === undefined) return etag === undefined;
  return wanted === '*' ? etag !== undefined : wanted === String(etag);
}
