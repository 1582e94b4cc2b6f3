import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Prepared } from '../../../shared/flow/prepare/prepare.ts';
import { queueEntryOf } from '../../../shared/flow/queue/places.ts';
import { claim } from '../../../shared/flow/start/claim.ts';
import { resumeClaimed } from '../../../shared/flow/start/resumeClaimed.ts';
import { DockerBuildRequest, type Run } from '../../../shared/model/run.ts';
import type { OpenRun, Slots, TaskState } from '../../../shared/model/state.ts';
import { without } from '../../../shared/model/without.ts';
import { engineKeyOf, formatRunId } from '../../../shared/names/runId.ts';
import { ConflictError, type Write } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const [runId, other] = [formatRunId(registry, 1), formatRunId(registry, 2)];
const image = 'baseacr.azurecr.io/base:1';
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();

const pins = [{ image, type: 'RunTime' as const, digest: 'sha256:new' }];
const prepared: Prepared = {
  request: {} as never,
  pins,
  pinnedAt: at(-3),
  notes: ['a note'],
  outputs: ['appacr.azurecr.io/app:1'],
};
const queued = (change: Partial<Run> = {}): Run => ({ ...sampleRun(registry, runId, 'app'), ...change });
const openRun: OpenRun = { runId, phase: 'Queued', automatic: false, canonical: true };
const state = (change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState(registry, 'app'),
  open: [openRun],
  ...change,
});
const base = { ...pins[0]!, pinnedAt: at(-3) };

/** A world with one queued run of a task, its state and its place. */
async function worldWith(run: Run, of: TaskState, slots?: Slots): Promise<World> {
  const world = createWorld({ registries: [registry], runsPerRegistry: 2 });
  const writes: Write[] = [
    { put: 'run', value: run },
    { put: 'state', value: of },
    { put: 'place', value: queueEntryOf(run) },
  ];
  if (slots) writes.push({ put: 'pace', value: slots });
  await world.ports.store.commit(registry, writes);
  return world;
}
async function storedIn({ ports: { store } }: World) {
  const places: string[] = [];
  for await (const place of store.places(registry)) places.push(place.runId);
  return {
    run: (await store.run(registry, runId))!,
    state: (await store.state(registry, 'app'))!,
    slots: (await store.pace(registry))?.value.running,
    places,
  };
}

interface Row {
  title: string;
  run?: Partial<Run>;
  state?: Partial<TaskState>;
  slots?: string[];
  prepared?: Partial<Prepared>;
  /** What the run's row has beside that it is claimed. */
  becomes: Partial<Run>;
  stateBecomes: Partial<TaskState>;
}
const pinned = { open: [{ ...openRun, phase: 'Pinned' as const }], bases: [base], outputs: prepared.outputs };
const read = { pins, pinnedAt: at(-3), notes: ['a note'] };
const trigger = (...tags: (string | undefined)[]) => ({
  imageUpdateTrigger: {
    id: 'e',
    timestamp: at(-9),
    images: tags.map((tag) => ({
      ...{ registry: 'baseacr.azurecr.io', repository: 'base', digest: 'sha256:old' },
      ...(tag && { tag }),
    })),
  },
});
const rows: Row[] = [
  { title: 'with its digests', becomes: read, stateBecomes: pinned },
  { title: 'beside another', slots: [other], becomes: read, stateBecomes: pinned },
  {
    title: 'with what it waited for behind it',
    run: { waitingFor: { runs: [], images: [], reason: 'x' }, trouble: { since: at(-9), count: 2 } },
    becomes: read,
    stateBecomes: pinned,
  },
  {
    title: 'with what its task took before',
    state: { built: { runId: other, pins, seconds: 42 } },
    becomes: { ...read, expectedSeconds: 42 },
    stateBecomes: { ...pinned, built: { runId: other, pins, seconds: 42 } },
  },
  {
    title: 'with an unknown time that its task took before',
    state: { built: { runId: other, pins } },
    becomes: read,
    stateBecomes: { ...pinned, built: { runId: other, pins } },
  },
  {
    title: 'with what its source is',
    prepared: { commit: 'c0ffee', branch: 'main', standsOn: [{ image: 'a', base: image }] },
    becomes: { ...read, commit: 'c0ffee', branch: 'main', standsOn: [{ image: 'a', base: image }] },
    stateBecomes: pinned,
  },
  {
    title: 'where the engine reads its source itself',
    prepared: { pins: undefined },
    run: trigger('1'),
    becomes: { pinnedAt: at(-3), notes: ['a note'] },
    stateBecomes: { ...pinned, bases: [] },
  },
  {
    title: 'with the digests it is built on in its trigger',
    run: trigger('1', '2', undefined),
    becomes: {
      ...read,
      imageUpdateTrigger: {
        ...trigger('1', '2', undefined).imageUpdateTrigger,
        images: trigger('1', '2', undefined).imageUpdateTrigger.images.map((one, place) =>
          place === 0 ? { ...one, digest: 'sha256:new' } : one,
        ),
      },
    },
    stateBecomes: pinned,
  },
  {
    title: 'with what it makes beside what its task makes',
    state: { outputs: ['appacr.azurecr.io/app:1', 'appacr.azurecr.io/other:1'] },
    becomes: read,
    stateBecomes: { ...pinned, outputs: ['appacr.azurecr.io/app:1', 'appacr.azurecr.io/other:1'] },
  },
  {
    title: 'to build something else, of which its task does not make what it makes',
    run: { overrides: { arguments: [], values: [], target: 'debug' } },
    state: { open: [{ ...openRun, canonical: false }] },
    becomes: read,
    stateBecomes: { open: [{ ...openRun, canonical: false, phase: 'Pinned' }] },
  },
];
for (const { title, run = {}, slots = [], prepared: change, becomes, ...given } of rows)
  test(`a run is claimed ${title}`, async () => {
    const world = await worldWith(
      queued(run),
      state(given.state),
      slots.length > 0 ? { registry, running: slots } : undefined,
    );
    const before = await storedIn(world);
    const claimed = await claim(before.run, before.state, { ...prepared, ...change }, world.ports);
    const { waitingFor, trouble, ...rest } = queued(run);
    const wanted: Run = {
      ...rest,
      ...{ status: 'Started', startTime: at(0), lastUpdatedTime: at(0), claimedUntil: at(90) },
      ...becomes,
    };
    const after = await storedIn(world);
    assert.deepEqual(claimed, wanted);
    assert.deepEqual(after.run.value, wanted);
    assert.deepEqual(after.state.value, state({ ...given.state, ...given.stateBecomes }));
    assert.deepEqual(after.slots, [...slots, runId]);
    assert.deepEqual(after.places, []);
  });

test('a run of no task is claimed without digests', async () => {
  const world = await worldWith(queued(), state());
  const before = await storedIn(world);
  const claimed = await claim(before.run, undefined, undefined, world.ports);
  assert.deepEqual(
    Object.keys(claimed!).sort(),
    [...Object.keys(queued()), 'startTime', 'claimedUntil'].sort(),
  );
  const after = await storedIn(world);
  assert.deepEqual([after.slots, after.places], [[runId], []]);
  assert.deepEqual(after.state, before.state);
});

test('a run is not claimed where its registry may have no more', async () => {
  const world = await worldWith(queued(), state(), { registry, running: [other, 'x'] });
  const before = await storedIn(world);
  assert.equal(await claim(before.run, before.state, prepared, world.ports), undefined);
  assert.deepEqual(await storedIn(world), before);
});

/** What another has written meanwhile, so many times; the run is claimed all the same, or another is told. */
const races: [title: string, changes: 'slots' | 'run' | 'state', times: number, isClaimed: boolean][] = [
  ['the slots are changed once', 'slots', 1, true],
  ['the slots are changed 49 times', 'slots', 49, true],
  ['the slots are changed 50 times', 'slots', 50, false],
  ['the run is changed', 'run', 1, false],
  ['the task is changed', 'state', 1, false],
];
for (const [title, changes, times, isClaimed] of races)
  test(`a run is ${isClaimed ? '' : 'not '}claimed where ${title} meanwhile`, async () => {
    const world = await worldWith(queued(), state(), { registry, running: [] });
    const before = await storedIn(world);
    const { store } = world.ports;
    let left = times;
    const change = async () => {
      left--;
      if (changes === 'slots') {
        const { value, etag } = (await store.pace(registry))!;
        return store.commit(registry, [{ put: 'pace', value, etag }]);
      }
      const { value, etag } = changes === 'run' ? before.run : before.state;
      return store.commit(registry, [{ put: changes, value, etag } as Write]);
    };
    const racing = {
      ...world.ports,
      store: {
        ...store,
        commit: async (of: string, writes: Write[]) => {
          if (left > 0) await change();
          return store.commit(of, writes);
        },
      },
    };
    const trying = claim(before.run, before.state, prepared, racing);
    if (isClaimed) assert.equal((await trying)?.status, 'Started');
    else await assert.rejects(trying, ConflictError);
    assert.equal(left, 0);
    assert.deepEqual((await storedIn(world)).slots, isClaimed ? [runId] : []);
  });

test('a fault of the store is no conflict', async () => {
  const world = await worldWith(queued(), state());
  const before = await storedIn(world);
  let tries = 0;
  const commit = async () => {
    tries++;
    throw new TypeError('gone');
  };
  const store = { ...world.ports.store, commit };
  await assert.rejects(claim(before.run, before.state, prepared, { ...world.ports, store }), TypeError);
  assert.equal(tries, 1);
});

const quickBuild = DockerBuildRequest.parse({
  ...{ type: 'DockerBuildRequest', imageNames: ['app:1'], dockerFilePath: 'Dockerfile' },
  ...{ sourceLocation: 'https://git.example.com/app.git', platform: { os: 'Linux' } },
});
const started = (change: Partial<Run> = {}): Run => ({
  ...without(queued({ status: 'Started', startTime: at(-120), claimedUntil: at(0), quickBuild }), 'task'),
  ...change,
});
interface Resumed {
  title: string;
  run?: Partial<Run>;
  /** The engine has its build under its key. */
  isFound?: true;
  does: 'nothing' | 'asks' | 'adopts' | Run['status'];
  says?: RegExp;
  isForgotten?: true;
}
const preparing = (count: number) => ({ preparing: { by: 'x', until: at(-9), count } });
const resumed: Resumed[] = [
  { title: 'whose worker has its time', run: { claimedUntil: at(0.001) }, does: 'nothing' },
  { title: 'whose worker has had its time', does: 'asks' },
  {
    title: 'without a time, as an older version wrote it',
    run: { claimedUntil: undefined as never },
    does: 'asks',
  },
  { title: 'whose build is there', isFound: true, does: 'adopts' },
  {
    title: 'whose build is there, though it was tried often',
    run: preparing(3),
    isFound: true,
    does: 'adopts',
  },
  { title: 'that was tried twice', run: preparing(2), does: 'asks' },
  {
    title: 'that was tried three times',
    run: preparing(3),
    does: 'Error',
    says: /ended 3 times/,
    isForgotten: true,
  },
  { title: 'that is to be cancelled', run: { cancelRequested: true }, does: 'Canceled', isForgotten: true },
  {
    title: 'whose task is gone',
    run: { task: 'gone' },
    does: 'Canceled',
    says: /task gone was deleted/,
    isForgotten: true,
  },
];
for (const { title, run: change = {}, isFound, does, says = /^$/, isForgotten } of resumed)
  test(`a claimed run ${title}: ${does}`, async () => {
    const value = started(change);
    const world = await worldWith(value, state({ open: [] }), { registry, running: [runId] });
    const { engine, store } = world.ports;
    const asked: string[] = [];
    const forgotten: string[] = [];
    world.ports.engine = {
      ...engine,
      find: async (_, key) =>
        isFound ? { runId: `e-${key}`, status: 'Running', outputImages: [] } : undefined,
      forget: async (_, key) => void forgotten.push(key),
      schedule: async (_, { key }) => {
        asked.push(key);
        assert.ok((await store.run(registry, runId))!.value.claimedUntil === at(90), 'claimed again before');
        return { runId: 'e1', status: 'Queued', outputImages: [] };
      },
    };
    await resumeClaimed((await storedIn(world)).run, world.ports.settings.registries[0]!, world.ports);
    const { run } = await storedIn(world);
    const key = engineKeyOf(value);
    assert.deepEqual(asked, does === 'asks' ? [key] : []);
    assert.deepEqual(forgotten, isForgotten ? [key] : []);
    assert.match(run.value.runErrorMessage ?? '', says);
    if (does === 'nothing') assert.deepEqual(run.value, value);
    const engineRunId = { asks: 'e1', adopts: `e-${key}` }[does as string];
    assert.equal(run.value.engineRunId, engineRunId);
    if (engineRunId) {
      assert.equal(run.value.claimedUntil, undefined);
      assert.deepEqual(
        world.messages.map(({ queue, due }) => [queue, due - begun]),
        [['follow', 1000]],
      );
    } else assert.equal(run.value.status, does === 'nothing' ? 'Started' : does);
  });

test.run();
