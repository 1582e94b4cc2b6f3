import type { Run } from '../shared/model/run.ts';
import type { Decision, Pace, Place, TaskState } from '../shared/model/state.ts';
import type { Task } from '../shared/model/task.ts';
import type { Ignored, Watch } from '../shared/model/watch.ts';
import type { Delivery, Webhook } from '../shared/model/webhook.ts';
import { ConflictError, type Store, type Stored, type Write } from '../shared/ports/store.ts';
import { newestFirst, oldestFirst, parseRunId } from '../shared/runId.ts';

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
  days: Map<string, Set<string>>;
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
    : { kinds: new Map(), counters: new Map(), edges: new Map(), pushes: new Map(), days: new Map() };
  const { kinds, counters, edges, pushes, days } = data;

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
  const range = <T>(prefix: string): T[] => stored<T>(prefix).map(({ value }) => value);

  return {
    rows: () => structuredClone(data),
    task: async (registry, task) => get<Task>(taskKey(registry, task)),
    tasks: async (registry) => range<Task>(`${registry}!task!`),
    state: async (registry, task) => get<TaskState>(stateKey(registry, task)),
    states: async (registry) => range<TaskState>(`${registry}!state!`),
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
    async *runs(registry, { task, before } = {}) {
      const older = before === undefined ? '' : runKey(registry, before);
      for (const run of range<Run>(`${registry}!run!`)) {
        if (task !== undefined && run.task?.toLowerCase() !== task.toLowerCase()) continue;
        if (runKey(registry, run.runId) > older) yield run;
      }
    },
    pace: async (registry) => get<Pace>(`${registry}!pace`),
    async *places(registry, { waiting, top = Number.POSITIVE_INFINITY } = {}) {
      const places = range<Place>(`${registry}!place!`);
      yield* places
        .filter(({ waitsFor }) => waiting === undefined || waiting === (waitsFor !== undefined))
        .slice(0, top);
    },
    async *decisions(registry, task) {
      yield* range<Decision>(`${registry}!decision!${task.toLowerCase()}!`);
    },

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

    async standing(image) {
      const of = (kind: string) =>
        [...(edges.get(image) ?? [])]
          .filter((edge) => edge.startsWith(kind))
          .sort()
          .map((edge) => {
            const [, registry = '', task = ''] = edge.split('!');
            return { registry, task };
          });
      return { dependents: of('dependent'), producers: of('producer') };
    },
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

    async recordPush(pushId, decisions) {
      const recorded = pushes.get(pushId) ?? new Map<string, string>();
      pushes.set(pushId, recorded);
      for (const decision of decisions) {
        const day = decision.time.slice(0, 10);
        days.set(day, (days.get(day) ?? new Set()).add(pushId));
        const key = `${decision.registry}!${decision.task}`;
        if (!recorded.has(key)) recorded.set(key, JSON.stringify(decision));
      }
    },
    push: async (pushId) =>
      [...(pushes.get(pushId)?.values() ?? [])].map((json) => JSON.parse(json) as Decision),
    pushesOf: async (day, top) => [...(days.get(day) ?? [])].slice(0, top),
    async forgetPush(day, pushId) {
      for (const json of pushes.get(pushId)?.values() ?? []) {
        const value = JSON.parse(json) as Decision;
        rows.delete(keyOf(value.registry, { put: 'decision', value }));
      }
      pushes.delete(pushId);
      days.get(day)?.delete(pushId);
    },

    watch: async () => get<Watch>('common!watch!'),
    async putWatch(watch, etag) {
      if (String(rows.get('common!watch!')?.etag) !== String(etag))
        throw new ConflictError('the watch was disturbed');
      rows.set('common!watch!', { json: JSON.stringify(watch), etag: ++version });
    },
    ignored: async () => range<Ignored>('common!ignored!'),
    async countIgnored(kind, example, lastTime) {
      const count = (get<Ignored>(`common!ignored!${kind}`)?.value.count ?? 0) + 1;
      const json = JSON.stringify({ kind, count, lastTime, example });
      rows.set(`common!ignored!${kind}`, { json, etag: ++version });
    },
  };
}

const taskKey = (registry: string, task: string) => `${registry}!task!${task.toLowerCase()}`;
const stateKey = (registry: string, task: string) => `${registry}!state!${task.toLowerCase()}`;
const webhookKey = (registry: string, task: string, trigger: string) =>
  `${registry}!webhook!${task.toLowerCase()}!${trigger}`;
const deliveryKey = (registry: string, task: string, trigger: string, key: string) =>
  `${registry}!delivery!${task.toLowerCase()}!${trigger}!${key}`;
const runKey = (registry: string, runId: string) =>
  `${registry}!run!${newestFirst(parseRunId(registry, runId)!)}`;

function keyOf(registry: string, write: Write): string {
  if ('remove' in write && write.remove === 'run') return runKey(registry, write.runId);
  if ('remove' in write && 'task' in write)
    return write.remove === 'task' ? taskKey(registry, write.task) : stateKey(registry, write.task);
  switch ('put' in write ? write.put : write.remove) {
    case 'task':
      return taskKey(registry, (write as { value: Task }).value.name);
    case 'state':
      return stateKey(registry, (write as { value: TaskState }).value.task);
    case 'run':
      return runKey(registry, (write as { value: Run }).value.runId);
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
      const { runId, automatic, waitsFor } = (write as { value: Place }).value;
      const rank = waitsFor ? 2 : automatic ? 1 : 0;
      return `${registry}!place!${rank}!${oldestFirst(parseRunId(registry, runId)!)}`;
    }
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
