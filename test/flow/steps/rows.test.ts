import assert from 'node:assert/strict';
import { test } from 'uvu';
import { finishDelete } from '../../../shared/flow/finishDelete.ts';
import { imageNamed } from '../../../shared/flow/imageNamed.ts';
import { stateOfRun, subjectOf } from '../../../shared/flow/subject.ts';
import { type ReachPorts, registryReached, storageReached } from '../../../shared/flow/whatIsReached.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { without } from '../../../shared/model/without.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { callsOf } from '../push/steps/pushWorld.ts';

const registry = 'appacr';
const key = { registry, task: 'app' };
const pin = (image: string) => ({ image, type: 'RunTime' as const, digest: 'old' });
const tracked = (image: string) => ({ ...pin(image), pinnedAt: '2026-11-23T08:00:00.000Z' });
const deleted: TaskState = {
  ...sampleState(registry, 'app'),
  ...{ deleted: true, enabled: false, outputs: ['out:1'] },
  bases: [tracked('both:1'), tracked('base:1')],
  built: { runId: 'ca1', pins: [pin('both:1'), pin('before:1')] },
};
const images = ['both:1', 'base:1', 'before:1', 'out:1'];

/** A world with the state of a task, and the edges of it as it was. */
async function worldOf(state: TaskState | undefined): Promise<World> {
  const world = createWorld({ registries: [registry] });
  const { store } = world.ports;
  if (state) await store.commit(registry, [{ put: 'state', value: state }]);
  await store.changeEdges(key, { bases: images.slice(0, 3), outputs: ['out:1'] }, { bases: [], outputs: [] });
  return world;
}
async function edgesLeft({ ports: { store } }: World): Promise<string[]> {
  const edges = await Promise.all(images.map((image) => store.imageEdges(image)));
  return images.filter((_, at) => edges[at]!.dependents.length + edges[at]!.producers.length > 0);
}
/** Another write comes before the state of a deleted task is forgotten. */
function disturbed(world: World, then: (world: World) => Promise<void>): void {
  const { store } = world.ports;
  const { forgetState } = store;
  let isFirst = true;
  store.forgetState = async (state) => {
    if (!isFirst) return forgetState(state);
    isFirst = false;
    await then(world);
    throw new ConflictError('another was before');
  };
}
const { deleted: _, ...again } = { ...deleted, bases: [tracked('base:1')] };

/** Each: the state of the task, what comes between, whether one was deleted, the edges that are left, their changes. */
const deletions: [
  title: string,
  state: TaskState | undefined,
  between: ((world: World) => Promise<void>) | undefined,
  expected: { was: boolean; left: string[]; changes: number; state: boolean },
][] = [
  ['that never was', undefined, undefined, { was: false, left: images, changes: 0, state: false }],
  ['that is not deleted', again, undefined, { was: false, left: images, changes: 0, state: true }],
  ['that is deleted', deleted, undefined, { was: true, left: [], changes: 1, state: false }],
  [
    'that was never built',
    without(deleted, 'built'),
    undefined,
    { was: true, left: ['before:1'], changes: 1, state: false },
  ],
  [
    'that another deletes at once',
    deleted,
    async ({ ports: { store } }) => store.forgetState((await store.state(registry, 'app'))!),
    { was: true, left: [], changes: 1, state: false },
  ],
  [
    'that is changed meanwhile',
    deleted,
    async ({ ports: { store } }) => {
      const { etag } = (await store.state(registry, 'app'))!;
      await store.commit(registry, [{ put: 'state', value: { ...deleted, outputs: [] }, etag }]);
    },
    { was: true, left: [], changes: 2, state: false },
  ],
  [
    'that is made again meanwhile',
    deleted,
    async ({ ports: { store } }) => {
      const { etag } = (await store.state(registry, 'app'))!;
      await store.commit(registry, [{ put: 'state', value: again, etag }]);
    },
    { was: true, left: images, changes: 2, state: true },
  ],
];
for (const [title, state, between, expected] of deletions)
  test(`of the edges of a task ${title}, ${expected.left.length} images have one in the end`, async () => {
    const world = await worldOf(state);
    if (between) disturbed(world, between);
    const calls = callsOf(world, 'changeEdges');
    const was = await finishDelete(key, world.ports);
    const left = await edgesLeft(world);
    const isThere = (await world.ports.store.state(registry, 'app')) !== undefined;
    assert.deepEqual({ was, left, changes: calls.length, state: isThere }, expected);
    for (const { args } of calls)
      for (const { bases } of args.slice(1) as { bases: string[] }[])
        assert.equal(new Set(bases).size, bases.length, 'each edge once');
  });

test('what a run builds is its task, or what it asks for itself', async () => {
  const world = await worldOf(again);
  const { store } = world.ports;
  const task = sampleTask(registry, 'app');
  await store.commit(registry, [{ put: 'task', value: task }]);
  const run = sampleRun(registry, 'ca1', 'app');
  const calls = callsOf(world, 'task', 'state');
  assert.deepEqual(await subjectOf(run, world.ports), { task });
  assert.deepEqual((await stateOfRun(run, world.ports))?.value, again);
  const gone = { ...run, task: 'gone' };
  assert.equal(await subjectOf(gone, world.ports), undefined);
  assert.equal(await stateOfRun(gone, world.ports), undefined);
  assert.equal(calls.length, 4);
  const quick = without(run, 'task');
  assert.deepEqual(await subjectOf(quick, world.ports), { task: undefined });
  assert.equal(await stateOfRun(quick, world.ports), undefined);
  assert.equal(calls.length, 4, 'a run of no task has no rows to read');
});

for (const [given, image] of [
  ['team/app:1', 'appacr.azurecr.io/team/app:1'],
  ['app', 'appacr.azurecr.io/app:latest'],
  ['other.io/app:1', 'other.io/app:1'],
  [`app:1@sha256:${'a'.repeat(64)}`, 'appacr.azurecr.io/app:1'],
] as const)
  test(`asked for ${given.slice(0, 20)} a registry looks for ${image}`, () =>
    assert.equal(imageNamed(given, { loginServer: 'appacr.azurecr.io' }), image));

/** Ports that answer all that is asked, but for one. */
function reachPorts(fails?: string, reason: unknown = new Error('away')) {
  const asked: string[] = [];
  const answer = async (name: string) => {
    asked.push(name);
    if (name === fails) throw reason;
  };
  const ports = {
    store: {
      presences: () => answer('presences'),
      imageEdges: () => answer('edges'),
      push: () => answer('pushes'),
    },
    queue: { reach: () => answer('queue') },
    registry: { reach: (server: string) => answer(`registry ${server}`) },
    engine: { run: (name: string) => answer(`runs of ${name}`) },
  } as unknown as ReachPorts;
  return { ports, asked };
}
const own = { ...{ name: registry, id: '', endpoint: '' }, loginServer: 'appacr.azurecr.io' };
const tables = ['presences', 'edges', 'pushes'];

/** Each: what fails, and what is told of both. */
const storage: [
  title: string,
  fails: string | undefined,
  tables: string | undefined,
  queues: string | undefined,
][] = [
  ['is there', undefined, undefined, undefined],
  ...tables.map((one): [string, string, string, undefined] => [`lacks ${one}`, one, 'away', undefined]),
  ['lacks its queues', 'queue', undefined, 'away'],
];
for (const [title, fails, table, queue] of storage)
  test(`storage that ${title} is told of, each table and the queues asked once`, async () => {
    const { ports, asked } = reachPorts(fails);
    const told = await storageReached(ports);
    assert.deepEqual(
      told.map(({ name, good, error }) => [name, good, error?.message]),
      [
        ['tables', 'can be read', table],
        ['queues', 'can be reached', queue],
      ],
    );
    assert.deepEqual(asked, [...tables, 'queue']);
  });

for (const hasRuns of [true, false])
  for (const [title, fails, reason] of [
    ['answers', undefined, undefined],
    ['is away', 'registry appacr.azurecr.io', new Error('away')],
    ['fails with what is no error', 'registry appacr.azurecr.io', 'away'],
  ] as const)
    test(`a registry that ${title} is told of, its runs ${hasRuns ? 'too' : 'are not asked for'}`, async () => {
      const { ports, asked } = reachPorts(fails, reason);
      const told = await registryReached(own, ports, hasRuns);
      const runs = hasRuns ? [['runEngine', 'tells of its runs', undefined]] : [];
      assert.deepEqual(
        told.map(({ name, good, error }) => [name, good, error?.message]),
        [['registry', 'can be read', fails && 'away'], ...runs],
      );
      assert.ok(told.every(({ error }) => error === undefined || error instanceof Error));
      assert.deepEqual(asked, ['registry appacr.azurecr.io', ...(hasRuns ? [`runs of ${registry}`] : [])]);
    });

test.run();
