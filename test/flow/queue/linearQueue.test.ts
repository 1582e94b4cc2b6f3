import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { noEdges } from '../../../shared/ports/store.ts';
import { retrySeconds } from '../../../shared/rules/timing.ts';
import { byTier } from '../../tier.ts';
import { countIn, type Given, ownOf, work, workFor } from '../../worlds/counted.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';
import { createWorld, runsOf, type World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const made = (name: string) => `appacr.azurecr.io/${name}:1`;
const many = (count: number, of: (at: number) => Given[]) =>
  Array.from({ length: count }, (_, at) => of(at)).flat();

/** A world over a store whose calls and rows are counted, in which each task was built once on the base images of now. */
async function countedWorld(tasks: Given[]) {
  const world = createWorld({ registries: ['baseacr', 'appacr'] });
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  const tables = [main, edges, pushes];
  world.ports.store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  for (const image of [base, ...tasks.flatMap(({ bases }) => bases)])
    if (!world.tags.has(image)) world.push(image);
  const { store } = world.ports;
  const pinnedAt = new Date(world.now()).toISOString();
  for (const { registry, name, bases, trigger } of tasks) {
    await putTask(ownOf(world, registry), name, world.task(name, bases, `${name}:1`, trigger), world.ports);
    const state = (await store.state(registry, name))!;
    const pins = bases.map((image, at) => ({
      image,
      type: at === bases.length - 1 ? ('RunTime' as const) : ('BuildTime' as const),
      digest: world.tags.get(image)!,
    }));
    const value = {
      ...state.value,
      bases: pins.map((pin) => ({ ...pin, pinnedAt })),
      outputs: [made(name)],
      built: { runId: 'ca1', pins },
    };
    await store.commit(registry, [{ put: 'state', value, etag: state.etag }]);
    await store.changeEdges({ registry, task: name }, { bases, outputs: [made(name)] }, noEdges);
  }
  world.pass(60);
  world.events.length = 0;
  for (const { calls } of tables) calls.length = 0;
  return { world, calls: () => tables.flatMap(({ calls }) => calls) };
}

interface Row {
  title: string;
  tasks(count: number): Given[];
  builds(count: number): number;
  /** Seconds for which the registry answers 429. */
  busy?: number;
}

const rows: Row[] = [
  {
    title: 'wait for one run',
    tasks: (count) => [
      { registry: 'appacr', name: 'build-mid', bases: [base] },
      ...many(count, (at) => [
        { registry: 'appacr', name: `build-app${at}`, bases: [made('build-mid'), base] },
      ]),
    ],
    builds: (count) => count + 1,
  },
  {
    title: 'stand in chains of two over one base image',
    tasks: (count) =>
      many(count, (at) => [
        { registry: 'appacr', name: `build-mid${at}`, bases: [base] },
        { registry: 'appacr', name: `build-app${at}`, bases: [made(`build-mid${at}`)] },
      ]),
    builds: (count) => 2 * count,
  },
  {
    title: 'are built on the base image alone',
    tasks: (count) => many(count, (at) => [{ registry: 'appacr', name: `build-app${at}`, bases: [base] }]),
    builds: (count) => count,
  },
  {
    title: 'are built on a base image whose registry answers 429 for ten minutes',
    tasks: (count) => many(count, (at) => [{ registry: 'appacr', name: `build-app${at}`, bases: [base] }]),
    builds: (count) => count,
    busy: 600,
  },
];

const mostOf = (count: number, busy: boolean) => {
  // Each is prepared twice, and the clock reads the rows of those that wait, ten times.
  if (busy) return { messages: 4, calls: 85, queueRows: 47 };
  // A push with so many dependents is decided in pages, and who waits for a run of another page finds out by itself.
  return count < 1_000 ? { messages: 3, calls: 52, queueRows: 8 } : { messages: 3, calls: 66, queueRows: 41 };
};

for (const { title, tasks, builds, busy = 0 } of rows)
  for (const count of byTier({ fast: [10, 30], normal: [10, 100], long: [10, 100, 1_000] })) {
    const most = mostOf(count, busy > 0);
    test(`${count} tasks that ${title} cost at most ${most.messages} messages, ${most.calls} calls and ${most.queueRows} rows of the queue a build, ten builds more for the push, and fetch each context ${busy ? 'twice' : 'once'}`, async () => {
      const { world, calls } = await countedWorld(tasks(count));
      const counts = countIn(world);
      const queue = countPlaces(world);
      world.push(base);
      const until = world.now() + busy * 1000;
      world.trouble.registry = () => (world.now() < until ? busyRegistry() : undefined);
      await work(world, counts);
      await workFor(world, busy + 60 + count / 4, counts, { clock: busy > 0 });
      const runs = await runsOf(world, 'appacr');
      assert.deepEqual(
        runs.filter(({ status }) => status !== 'Succeeded'),
        [],
      );
      assert.equal(runs.length, builds(count));
      const cost = { messages: counts.messages, calls: calls().length, queueRows: queue.rows };
      console.log(`${count} that ${title}: ${JSON.stringify(cost)} of ${runs.length} builds`);
      for (const [name, each] of Object.entries(most)) {
        const found = cost[name as keyof typeof cost];
        assert.ok(found <= each * (runs.length + 10), `${found} ${name} of ${runs.length} builds`);
      }
      // One run asks the registry again, each time with its context, and the others wait for that.
      const fetches = [...counts.fetches.values()]
        .map((times) => times.length)
        .sort((one, other) => one - other);
      const twice = Array.from({ length: runs.length - 1 }, () => 2);
      const expected = busy ? [...twice, busy / retrySeconds + 1] : runs.map(() => 1);
      assert.deepEqual(fetches, expected);
    });
  }

const busyRegistry = () =>
  new RegistryError('TooManyRequests', 'slow down', { busyServer: 'baseacr.azurecr.io' });

/** Counts the rows of the queue that are read from now on. */
function countPlaces(world: World) {
  const counted = { rows: 0 };
  const { store } = world.ports;
  world.ports.store = {
    ...store,
    async *places(registry, only) {
      for await (const place of store.places(registry, only)) {
        counted.rows++;
        yield place;
      }
    },
  };
  return counted;
}

test.run();
