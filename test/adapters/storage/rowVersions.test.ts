import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const registry = 'appacr';
const time = '2026-11-23T10:00:00.000Z';
const image = 'a.azurecr.io/base:1';
const pushId = 'push1';

/** A store in which each kind of row was written once. */
async function written() {
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  const number = await store.takeRunNumbers(registry, 1);
  const runId = `cg${number}`;
  const decision = {
    ...{ registry, task: 'task1', time, push: { id: pushId, image, digest: 'sha256:1', timestamp: time } },
    ...{ verdict: 'skipped', reason: 'it has the digest' },
  } as unknown as Parameters<typeof store.recordPush>[1][number];
  await store.commit(registry, [
    { put: 'task', value: sampleTask(registry, 'task1') },
    { put: 'state', value: sampleState(registry, 'task1') },
    { put: 'run', value: sampleRun(registry, runId) },
    { put: 'place', value: { registry, runId, automatic: false } },
    { put: 'delivery', value: { registry, task: 'task1', trigger: 'commits', key: 'k', runId, time } },
  ]);
  await store.changeEdges({ registry, task: 'task1' }, { bases: [image], outputs: [] }, noEdges);
  await store.recordPush(pushId, [decision]);
  const tables = { main, edges, pushes };
  return { store, ...tables };
}
const noEdges = { bases: [], outputs: [] };

type World = Awaited<ReturnType<typeof written>>;
const placeOf = ({ main }: World) => main.keys(registry).find((key) => key.startsWith('place!'))!;
const places = async ({ store }: World) => {
  const found: string[] = [];
  for await (const { runId } of store.places(registry)) found.push(runId);
  return found;
};
const refusal = /^row appacr\/counter has version 2; this Plinth reads 1$/;

test('every row has a version, those without a document too', async () => {
  const { main, edges, pushes } = await written();
  const rows = [main, edges, pushes].flatMap((table) =>
    table.partitions().flatMap((partition) => table.keys(partition).map((key) => table.row(partition, key)!)),
  );
  assert.deepEqual(
    rows
      .filter(({ version }) => version !== 1)
      .map(({ partitionKey, rowKey }) => `${partitionKey}/${rowKey}`),
    [],
  );
  assert.equal(rows.length, 9);
});

const reads: [
  title: string,
  change: (world: World) => void,
  read: (world: World) => Promise<unknown>,
  unknown,
][] = [
  [
    'a place from before places had a version is one',
    (world) => world.main.change(registry, placeOf(world), { version: undefined }),
    places,
    ['cg1'],
  ],
  [
    'a place of a newer version is left to that version',
    (world) => world.main.change(registry, placeOf(world), { version: 2 }),
    places,
    [],
  ],
  [
    'a counter from before counters had a version counts on',
    ({ main }) => main.change(registry, 'counter', { version: undefined }),
    ({ store }) => store.takeRunNumbers(registry, 1),
    2,
  ],
  [
    'a delivery from before deliveries had a version has come',
    ({ main }) => {
      for (const key of main.keys(registry).filter((one) => one.startsWith('delivery!')))
        main.change(registry, key, { version: undefined });
    },
    ({ store }) => store.delivery(registry, 'task1', 'commits', 'k'),
    'cg1',
  ],
  [
    'an edge from before edges had a version is one',
    ({ edges }) => {
      const [partition] = edges.partitions();
      for (const key of edges.keys(partition!)) edges.change(partition!, key, { version: undefined });
    },
    async ({ store }) => (await store.imageEdges(image)).dependents,
    [{ registry, task: 'task1' }],
  ],
];
for (const [title, change, read, expected] of reads)
  test(title, async () => {
    const world = await written();
    change(world);
    assert.deepEqual(await read(world), expected);
  });

test('a counter of a newer version gives no number, and is named', async () => {
  const { store, main } = await written();
  main.change(registry, 'counter', { version: 2 });
  await assert.rejects(
    () => store.takeRunNumbers(registry, 1),
    (error: Error) => error instanceof UnreadableError && refusal.test(error.message),
  );
  assert.equal(main.row(registry, 'counter')!.next, 2);
});

test.run();
