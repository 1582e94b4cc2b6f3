import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Run } from '../../../../shared/model/run.ts';
import type { OpenRun, TaskState } from '../../../../shared/model/state.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import type { World } from '../../../worlds/world.ts';
import {
  base,
  mid,
  placesOf,
  registry,
  rewriteState,
  rowOf,
  startsOf,
  startWorld,
  stateOf,
  takeSlot,
  timerTrigger,
  under,
} from './startWorld.ts';

type Change = [bases: string[], outputs: string[]];
type Ends = 'starts' | 'waits' | 'stays' | 'back' | 'Canceled';
interface Row {
  title: string;
  run?: Partial<Run>;
  state?: Partial<TaskState>;
  given?: (world: World, runId: string) => unknown;
  ends: Ends;
  /** What its row has then. */
  has?: (run: Run) => void;
  /** The edges that are added. */
  edges?: Change[];
  /** How often its source is fetched; once where it starts, never else. */
  fetches?: 1;
  /** Delays of start messages of the run itself. */
  own?: number[];
}
const soon = (world: { now(): number }, seconds: number) =>
  new Date(world.now() + seconds * 1000).toISOString();
const open = (runId: string, phase: OpenRun['phase']): OpenRun => ({
  runId,
  phase,
  automatic: true,
  canonical: true,
});
const waits = (more: object = {}) => ({
  waitingFor: { runs: ['appacr/x'], images: [], reason: 'waits', ...more },
});
const past = '2026-11-23T09:00:00.000Z';
const future = '2036-11-23T10:00:00.000Z';
const moved: Pick<Run, 'imageUpdateTrigger'> = {
  imageUpdateTrigger: {
    ...{ id: 'e', timestamp: past },
    images: [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest: 'sha256:x' }],
  },
};
const addBase = (world: World) => {
  world.push('baseacr.azurecr.io/tools:1');
  world.dockerfile('app', 'FROM baseacr.azurecr.io/tools:1 AS t\nFROM appacr.azurecr.io/mid:1\n');
};
const rows: Row[] = [
  {
    title: 'whose turn it is',
    ends: 'starts',
    has: ({ pins }) =>
      assert.deepEqual(
        pins?.map(({ image }) => image),
        [base, mid],
      ),
    edges: [[[], []]],
  },
  { title: 'that waits for a time to come', run: waits({ nextTry: future }), ends: 'waits' },
  { title: 'that waited for a time', run: waits({ nextTry: past }), ends: 'starts', edges: [[[], []]] },
  {
    title: 'that waited for a time, while no slot is free',
    run: waits({ nextTry: past }),
    given: takeSlot,
    ends: 'back',
  },
  { title: 'that waited for a run', run: waits(), ends: 'back', own: [0] },
  { title: 'while no slot is free', given: takeSlot, ends: 'stays' },
  {
    title: 'whose task is deleted',
    given: (world) => world.ports.store.commit(registry, [{ remove: 'task', task: 'app' }]),
    ends: 'Canceled',
    has: ({ runErrorMessage }) => assert.equal(runErrorMessage, 'The task app was deleted.'),
  },
  {
    title: 'whose task’s state is gone',
    given: (world) => world.ports.store.commit(registry, [{ remove: 'state', task: 'app' }]),
    ends: 'Canceled',
    has: ({ runErrorMessage }) => assert.equal(runErrorMessage, 'The task app was deleted.'),
  },
  {
    title: 'behind another of its task under way',
    run: { timerTrigger },
    state: { open: [open(under, 'Pinned'), open('c2', 'Queued')] },
    ends: 'waits',
    has: ({ waitingFor }) =>
      assert.deepEqual([waitingFor?.runs, waitingFor?.images], [[`appacr/${under}`], [base, mid]]),
  },
  {
    title: 'that a timer started below one that is rebuilt',
    run: { timerTrigger },
    given: (world) => rewriteState(world, 'mid', { open: [open(under, 'Pinned')] }),
    ends: 'waits',
    has: ({ waitingFor }) => {
      assert.deepEqual([waitingFor?.runs, waitingFor?.images], [[`appacr/${under}`], [base, mid]]);
      assert.equal(waitingFor?.reason, `waits for ${under} of appacr/mid: it is built on what they make`);
    },
  },
  {
    title: 'that a person started below one that is rebuilt',
    given: (world) => rewriteState(world, 'mid', { open: [open(under, 'Pinned')] }),
    ends: 'starts',
    edges: [[[], []]],
  },
  {
    title: 'below one that failed',
    run: { timerTrigger },
    given: async (world) =>
      rewriteState(world, 'mid', { last: { ...(await stateOf(world, 'mid')).last!, status: 'Failed' } }),
    ends: 'starts',
    has: ({ notes }) =>
      assert.match(
        notes!.at(-1)!,
        /^Warning: appacr\/mid makes a base image, .* ended Failed\. Built on what there is\.$/,
      ),
    edges: [[[], []]],
  },
  {
    title: 'with a base image that one above it has not heard of',
    fetches: 1,
    run: { timerTrigger },
    given: (world) => {
      world.push(base);
      world.events.splice(0);
    },
    ends: 'stays',
    // The push merges into it, which is another write.
    own: [1],
  },
  {
    title: 'by hand with a base image that one above it has not heard of',
    given: (world) => {
      world.push(base);
      world.events.splice(0);
    },
    ends: 'starts',
    edges: [[[], []]],
  },
  {
    title: 'with a new base image',
    given: addBase,
    ends: 'starts',
    edges: [[['baseacr.azurecr.io/tools:1'], []]],
  },
  {
    title: 'that makes an image that is not known',
    state: { outputs: [] },
    ends: 'starts',
    edges: [[[], ['appacr.azurecr.io/app:1']]],
  },
  {
    title: 'with a new base image, of something else than the task',
    run: { overrides: { arguments: [], values: [], target: 't' } } as never,
    given: addBase,
    ends: 'starts',
  },
  {
    title: 'for a base image that has not moved',
    fetches: 1,
    run: moved,
    ends: 'Canceled',
    has: ({ runErrorMessage, pins }) => {
      assert.match(runErrorMessage!, /^Nothing to build: \w+ was built on the same base images already\.$/);
      assert.deepEqual(
        pins?.map(({ image }) => image),
        [base, mid],
      );
    },
  },
  {
    title: 'that another worker prepares',
    given: async (world, runId) => {
      const { value, etag } = (await world.ports.store.run(registry, runId))!;
      const preparing = { by: 'x', until: soon(world, 50), count: 1 };
      await world.ports.store.commit(registry, [{ put: 'run', value: { ...value, preparing }, etag }]);
    },
    ends: 'stays',
    has: ({ preparing }) => assert.equal(preparing?.by, 'x'),
  },
  {
    title: 'whose slot another takes while it is prepared',
    fetches: 1,
    given: whilePrepared(takeSlot),
    ends: 'stays',
    edges: [[[], []]],
  },
  {
    title: 'that waited for a time and whose slot another takes while it is prepared',
    fetches: 1,
    run: waits({ nextTry: past }),
    given: whilePrepared(takeSlot),
    ends: 'back',
    edges: [[[], []]],
  },
  {
    title: 'whose row is changed while it is prepared',
    fetches: 1,
    given: whilePrepared(async (world, runId) => {
      const { value, etag } = (await world.ports.store.run(registry, runId))!;
      await world.ports.store.commit(registry, [{ put: 'run', value: { ...value, notes: ['x'] }, etag }]);
    }),
    ends: 'stays',
    edges: [[[], []]],
    own: [1],
  },
  {
    title: 'that a push starts one above while it is prepared',
    fetches: 1,
    run: { timerTrigger },
    given: whilePrepared((world) => rewriteState(world, 'mid', { open: [open(under, 'Pinned')] })),
    ends: 'waits',
    has: ({ waitingFor }) =>
      assert.deepEqual([waitingFor?.runs, waitingFor?.images], [[`appacr/${under}`], [base, mid]]),
  },
  {
    title: 'whose registry is busy',
    fetches: 1,
    given: (world) => {
      world.trouble.registry = () => new RegistryError('Unreachable', 'busy');
    },
    ends: 'waits',
    has: ({ waitingFor, preparing }) => {
      assert.match(waitingFor!.reason, /^waits, and is tried again at .*: busy$/);
      assert.equal(preparing, undefined);
    },
    own: [15],
  },
];
/** Does something once, as the run's source is read. */
function whilePrepared(change: (world: World, runId: string) => Promise<unknown>) {
  return (world: World, runId: string) => {
    const { source } = world.ports;
    let isDone = false;
    world.ports.source = {
      async fetch(...asked) {
        if (!isDone) await change(world, runId);
        isDone = true;
        return source.fetch(...asked);
      },
    };
  };
}
for (const row of rows)
  test(`a run ${row.title} ${row.ends === 'Canceled' ? 'ends' : row.ends}`, async () => {
    const { world, runId, run, built, start } = await startWorld(row.run, row.state);
    await row.given?.(world, runId);
    const { store } = world.ports;
    const before = (await run())!;
    const edges: Change[] = [];
    world.ports.store = {
      ...store,
      changeEdges(key, add, remove) {
        assert.deepEqual(
          [key, remove],
          [
            { registry, task: 'app' },
            { bases: [], outputs: [] },
          ],
        );
        edges.push([add.bases, add.outputs]);
        return store.changeEdges(key, add, remove);
      },
    };
    const { source } = world.ports;
    let fetches = 0;
    world.ports.source = {
      fetch(...asked) {
        fetches++;
        return source.fetch(...asked);
      },
    };
    await start();
    const after = (await run())!;
    assert.equal(fetches, row.fetches ?? Number(row.ends === 'starts'));
    assert.equal(built().length, row.ends === 'starts' ? 1 : 0);
    assert.deepEqual(edges, row.edges ?? []);
    const places = [await placesOf(world, false), await placesOf(world, true)].map((all) =>
      all.includes(runId),
    );
    const expected: Record<Ends, [status: string, queued: boolean, waiting: boolean]> = {
      ...{
        starts: ['Started', false, false],
        waits: ['Queued', false, true],
        stays: ['Queued', true, false],
      },
      ...{ back: ['Queued', true, false], Canceled: ['Canceled', false, false] },
    };
    assert.deepEqual([after.status, ...places], expected[row.ends], after.runErrorMessage);
    assert.equal(after.waitingFor !== undefined, row.ends === 'waits');
    if (row.ends === 'starts')
      assert.deepEqual([after.engineRunId, after.followCount], [built()[0]!.run.runId, 0]);
    if (row.ends === 'stays' && !row.has) {
      assert.equal(after.preparing, undefined, 'another worker may have it');
      if (!row.own) assert.deepEqual(after, before);
    }
    row.has?.(after);
    assert.deepEqual(
      startsOf(world).flatMap(([id, delay]) => (id === runId ? [delay] : [])),
      row.own ?? [],
    );
  });

test('a move that one above has not heard of starts it', async () => {
  const { world, run, start } = await startWorld({ timerTrigger });
  const digest = world.push(base);
  world.events.splice(0);
  await start();
  const { open: runs } = await stateOf(world, 'mid');
  assert.equal(runs.length, 1);
  const { imageUpdateTrigger } = (await rowOf(world, runs[0]!.runId))!;
  assert.deepEqual(
    imageUpdateTrigger?.images.map((image) => image.digest),
    [digest],
  );
  await start();
  assert.deepEqual((await run())!.waitingFor?.runs, [`appacr/${runs[0]!.runId}`]);
});

test('a run that meets another write gives up its hold at once, and one that meets a fault waits', async () => {
  for (const error of [new ConflictError('another write came between'), new TypeError('broken')]) {
    const { world, runId, run, start } = await startWorld();
    world.ports.store = { ...world.ports.store, changeEdges: () => Promise.reject(error) };
    await start();
    const { preparing, waitingFor } = (await run())!;
    assert.equal(preparing, undefined);
    assert.equal(waitingFor !== undefined, error instanceof TypeError);
    assert.deepEqual(startsOf(world), [[runId, error instanceof TypeError ? 15 : 1]]);
  }
});

test.run();
