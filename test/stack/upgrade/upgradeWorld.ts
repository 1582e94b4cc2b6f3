import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { commonPartition } from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { isEnded, type Run } from '../../../shared/model/run.ts';
import { tables } from '../../../shared/names/azureNames.ts';
import type { Store } from '../../../shared/ports/store.ts';
import { isOnSame } from '../../worlds/storm/checks.ts';
import { tableClient } from '../storage/storage.ts';
import { digestNow } from '../whole/chaosChecks.ts';
import { startWorld, type World } from '../whole/world.ts';
import { packageBefore } from './versionBefore.ts';

/** The local stack with an app that is replaced, builds that are held, and the rows as they are. */
export interface UpgradeWorld extends World {
  /** Folder of the version before. */
  before: string;
  store: Store;
  /** From now on no build goes on. */
  hold(): void;
  letGo(): void;
  /** Waits until so many runs are being built, are queued and wait for others. */
  until(wanted: { built: number; queued: number; waiting: number }): Promise<void>;
  /** Waits until nothing is under way and every task is built on what its base images are now. */
  settled(): Promise<void>;
  /** Sentences about runs that are missing or too many. */
  faults(): Promise<string[]>;
  /** Gives the documents of the rows whose key starts so a property that no version reads. */
  addToRows(start: string): Promise<void>;
  /** The keys of those of them that have lost it, or are gone. */
  withoutAdded(start: string): Promise<string[]>;
  stop(): Promise<void>;
}

const registry = 'appacr';

/** Starts it with the version before. */
export async function startUpgradeWorld(): Promise<UpgradeWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-upgrade-'));
  const before = await packageBefore(join(dir, 'before'));
  let [held, open] = [0, () => {}];
  let gate = Promise.resolve();
  const world = await startWorld({
    package: before,
    executor: async (work) => {
      work.running();
      held++;
      await gate.finally(() => held--);
      return instantExecutor(world.stack.tls.ca)(work);
    },
    maxConcurrentRuns: 8,
    queueLeaseSeconds: 3,
    eventTimeScale: 0.05,
    settings: { PLINTH_RECONCILE_MINUTES: '1', PLINTH_RUNS_PER_REGISTRY: '2' },
  });
  // Its own template made them; no template removes them.
  for (const name of ['plinth-follow', 'plinth-follow-poison'])
    await new QueueClient(world.stack.azurite.connectionString, name).createIfNotExists();
  const table = (name: keyof typeof tables) =>
    tableClient(world.stack.azurite.connectionString, tables[name]);
  const store = createTableStore({ main: table('main'), edges: table('edges'), pushes: table('pushes') });
  const places = async (waiting: boolean) => {
    let count = 0;
    for await (const _ of store.places(registry, { waiting })) count++;
    return count;
  };
  return {
    ...{ ...world, before, store },
    ...addedProperties(table('main')),
    hold() {
      gate = new Promise((resolve) => (open = resolve));
    },
    letGo: () => open(),
    async until(wanted) {
      let found = {};
      await eventually('the runs', 120, async () => {
        found = { built: held, queued: await places(false), waiting: await places(true) };
        return isDeepStrictEqual(found, wanted);
      }).catch(() => assert.deepEqual(found, wanted));
    },
    async settled() {
      await world.stack.eventGrid.settled();
      let last: string[] = [];
      await eventually('rest', 300, async () => {
        last = await stale(world, store);
        return last.length === 0;
      }).catch(() => {
        throw new Error(last.join('\n'));
      });
    },
    faults: () => wrongRuns(world, store),
    async stop() {
      open();
      await world.stack.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function runsIn(store: Store): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of store.runs(registry)) runs.unshift(run);
  return runs;
}

/** What goes on, and tasks whose newest run is built on what a base image was before. */
async function stale({ stack }: World, store: Store): Promise<string[]> {
  const runs = await runsIn(store);
  const open = runs
    .filter(({ status }) => !isEnded(status))
    .map(({ runId, status }) => `${runId}: ${status}`);
  if (open.length > 0) return open;
  const wrong: string[] = [];
  for (const { task, bases } of await store.states(registry)) {
    const newest = runs.findLast((run) => run.task === task && run.status === 'Succeeded');
    for (const { image } of bases) {
      const now = await digestNow(stack, image);
      const built = newest?.pins?.find((pin) => pin.image === image)?.digest;
      if (built !== now) wrong.push(`${task} is built on ${image}@${built}, which is ${now}`);
    }
  }
  return wrong;
}

async function wrongRuns({ stack }: World, store: Store): Promise<string[]> {
  const runs = await runsIn(store);
  const failed = runs.filter(({ status }) => status !== 'Succeeded');
  const succeeded = runs.filter(({ status }) => status === 'Succeeded');
  const twice = succeeded.filter((run, at) => {
    const earlier = succeeded.slice(0, at).findLast(({ task }) => task === run.task);
    return run.imageUpdateTrigger && earlier && isOnSame(earlier.pins ?? [], run.pins ?? []);
  });
  const builds = stack.engine.runs().length;
  return [
    ...failed.map(({ runId, status, runErrorMessage }) => `${runId} is ${status}: ${runErrorMessage}`),
    ...twice.map(({ task, runId }) => `${runId} builds ${task} again on the same`),
    ...(builds === runs.length ? [] : [`${builds} builds for ${runs.length} runs`]),
  ];
}

interface DocumentRow {
  partitionKey: string;
  rowKey: string;
  etag: string;
  json0: string;
}

/** To rows of the registry and of no registry. The app writes them too, so each is changed until no write came between. */
function addedProperties(main: TableClient): Pick<UpgradeWorld, 'addToRows' | 'withoutAdded'> {
  const added = new Map<string, string[]>();
  const rowsFrom = async (start: string) => {
    const found: DocumentRow[] = [];
    for await (const row of main.listEntities<Partial<DocumentRow>>())
      if (
        row.json0 &&
        row.rowKey?.startsWith(start) &&
        [registry, commonPartition].includes(row.partitionKey!)
      )
        found.push(row as DocumentRow);
    return found;
  };
  return {
    async addToRows(start) {
      const keys = (await rowsFrom(start)).map(({ rowKey }) => rowKey);
      assert.ok(keys.length > 0, start);
      added.set(start, keys);
      for (const key of keys)
        await eventually(`a change of ${key}`, 30, async () => {
          const [row] = await rowsFrom(key);
          const { partitionKey, rowKey, etag, json0 } = row!;
          const changed = JSON.stringify({ ...JSON.parse(json0), addedLater: { deep: true } });
          return main
            .updateEntity({ partitionKey, rowKey, json0: changed }, 'Merge', { etag })
            .catch(() => false);
        });
    },
    async withoutAdded(start) {
      const kept = (await rowsFrom(start)).filter(({ json0 }) => JSON.parse(json0).addedLater?.deep);
      return added.get(start)!.filter((key) => !kept.some(({ rowKey }) => rowKey === key));
    },
  };
}
