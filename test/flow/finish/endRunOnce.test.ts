import assert from 'node:assert/strict';
import { test } from 'uvu';
import { endAtEngine } from '../../../shared/flow/finish/endAtEngine.ts';
import { endRun } from '../../../shared/flow/finish/endRun.ts';
import { queueEntryOf, waitingPlace } from '../../../shared/flow/queue/places.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { ConflictError, UnreadableError, type Write } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const id = (number: number) => formatRunId(registry, number);
const runId = id(1);
const queued = sampleRun(registry, runId, 'app');
const started: Run = { ...queued, status: 'Started', startTime: queued.createTime, engineRunId: 'e1' };
const open = (number: number, phase: 'Queued' | 'Pinned' = 'Queued') => ({
  ...{ runId: id(number), phase, automatic: false, canonical: true },
});
const inQueue = (value: Run): Write[] => [
  { put: 'run', value },
  { put: 'place', value: queueEntryOf(value) },
];
/** A run that waits, in the registry of another name too. */
const waiting = (number: number, of = registry, waitsFor = `${registry}/${id(99)}`): Write[] => {
  const waitingFor = { runs: [waitsFor], images: [], reason: 'waits' };
  const value: Run = { ...sampleRun(of, id(number), 'app'), waitingFor };
  return [{ put: 'run', value }, ...waitingPlace(value)];
};

async function worldWith(run: Run, state: Partial<TaskState> = {}, more: Write[] = []): Promise<World> {
  const world = createWorld({ registries: [registry, 'otheracr'], runsPerRegistry: 0 });
  const phase = run.status === 'Queued' ? 'Queued' : 'Pinned';
  await world.ports.store.commit(registry, [
    ...(phase === 'Queued' ? inQueue(run) : [{ put: 'run' as const, value: run }]),
    { put: 'state', value: { ...sampleState(registry, 'app'), open: [open(1, phase)], ...state } },
    { put: 'pace', value: { registry, running: phase === 'Queued' ? [] : [runId] } },
    ...more,
  ]);
  return world;
}
const placesOf = async ({ ports: { store } }: World) => {
  const places: string[] = [];
  for await (const place of store.places(registry, { waiting: false })) places.push(place.runId);
  return places;
};

/** What is done before the first write of the end, which then meets it. */
type Meanwhile = (world: World, commit: World['ports']['store']['commit']) => Promise<unknown>;
interface Row {
  title: string;
  run?: Run;
  meanwhile?: Meanwhile;
  more?: Write[];
  ends?: false;
  /** What the last write has. */
  writes?: string[];
  /** How often the queue is read for the place. */
  reads?: number;
  left?: string[];
}
const changeState: Meanwhile = async ({ ports: { store } }, commit) => {
  const { value, etag } = (await store.state(registry, 'app'))!;
  await commit(registry, [{ put: 'state', value: { ...value, enabled: false }, etag }]);
};
const rows: Row[] = [
  { title: 'one that is queued', writes: ['run', 'state', 'place'] },
  { title: 'one at the engine', run: started, writes: ['run', 'state', 'pace'] },
  {
    title: 'one that is queued, whose task is changed',
    meanwhile: changeState,
    writes: ['run', 'state', 'place'],
    reads: 1,
  },
  {
    title: 'one that is queued before another, whose task is changed',
    meanwhile: changeState,
    more: inQueue(sampleRun(registry, id(2), 'other')),
    writes: ['run', 'state', 'place'],
    reads: 1,
    left: [id(2)],
  },
  {
    title: 'one whose place is gone, before another',
    meanwhile: (_, commit) => commit(registry, [{ remove: 'place', value: queueEntryOf(queued) }]),
    more: inQueue(sampleRun(registry, id(2), 'other')),
    writes: ['run', 'state'],
    reads: 1,
    left: [id(2)],
  },
  {
    title: 'one that is changed',
    meanwhile: (_, commit) =>
      commit(registry, [{ put: 'run', value: { ...queued, notes: ['x'] }, etag: '*' }]),
    writes: ['run', 'state', 'place'],
  },
  {
    title: 'one that is gone',
    run: started,
    meanwhile: async ({ ports: { store } }) => store.forgetRun((await store.run(registry, runId))!),
    ends: false,
  },
  {
    title: 'one that another worker ends',
    run: started,
    meanwhile: (_, commit) =>
      commit(registry, [{ put: 'run', value: { ...started, status: 'Failed', finishTime: 'x' }, etag: '*' }]),
    ends: false,
  },
];
for (const { title, run = queued, meanwhile, more, ends = true, writes, reads = 0, left = [] } of rows)
  test(`the end of ${title} meanwhile is ${ends ? 'written once' : 'not written'}`, async () => {
    const world = await worldWith(run, {}, more);
    const { store } = world.ports;
    let [tries, looks] = [0, 0];
    let last: string[] | undefined;
    world.ports.store = {
      ...store,
      places(of, options) {
        if (!options) looks++;
        return store.places(of, options);
      },
      async commit(of, given) {
        if (tries++ === 0 && meanwhile) {
          await meanwhile({ ...world, ports: { ...world.ports, store } }, store.commit);
          throw new ConflictError('another write came between');
        }
        last ??= given.map((one) => ('put' in one ? one.put : one.remove));
        return store.commit(of, given);
      },
    };
    assert.equal(await endRun(registry, runId, { status: 'Canceled' }, world.ports), ends);
    assert.deepEqual(last, writes);
    assert.equal(looks, reads);
    assert.deepEqual(await placesOf(world), left);
  });

const asks: [
  title: string,
  run: Run,
  state: Partial<TaskState>,
  more: Write[],
  asked: string[],
  rows: string[][],
][] = [
  // It may be the one that asks a busy server, for which others of its registry wait.
  ['a run of no task', without(started, 'task') as Run, {}, [], [registry], []],
  ['a task that makes nothing', started, { outputs: [] }, [], [registry], []],
  [
    'a task that makes an image',
    started,
    { outputs: ['appacr.azurecr.io/app:1'] },
    [],
    [registry, 'otheracr'],
    [],
  ],
  [
    'a task with a next run',
    started,
    { open: [open(1, 'Pinned'), open(2)], outputs: ['appacr.azurecr.io/app:1'] },
    waiting(2),
    [registry, 'otheracr'],
    [[id(2)]],
  ],
  [
    'a queued run before the next',
    queued,
    { open: [open(1), open(2)], outputs: [] },
    waiting(2),
    [registry],
    [[id(2)]],
  ],
  [
    'a task with a next run behind one under way',
    started,
    { open: [open(1, 'Pinned'), open(3, 'Pinned'), open(2)], outputs: [] },
    waiting(2),
    [registry],
    [[id(2)]],
  ],
];
for (const [title, run, state, more, asked, read] of asks)
  test(`the end of ${title}: who waits is asked of ${asked.join(' and ') || 'none'}`, async () => {
    const world = await worldWith(run, state, more);
    const { store } = world.ports;
    // A run of the same number in another registry has nothing to do with it.
    await store.commit('otheracr', waiting(2, 'otheracr'));
    const seen: { asked: string[]; rows: string[][] } = { asked: [], rows: [] };
    world.ports.store = {
      ...store,
      waiters(of, ended) {
        seen.asked.push(of);
        assert.equal(ended, `${registry}/${runId}`);
        return store.waiters(of, ended);
      },
      runsOf(of, runIds) {
        assert.equal(of, registry);
        seen.rows.push(runIds);
        return store.runsOf(of, runIds);
      },
    };
    assert.equal(await endRun(registry, runId, { status: 'Failed' }, world.ports), true);
    assert.deepEqual(seen, { asked, rows: read });
  });

for (const [title, change, built] of [
  ['that read its base images', { pins: [], pinnedAt: queued.createTime }, true],
  ['that is to read them', { pinnedAt: queued.createTime }, false],
  ['that read nothing', {}, false],
] as [string, Partial<Run>, boolean][])
  test(`a build ${title} is ${built ? '' : 'not '}what the task was built on`, async () => {
    const world = await worldWith({ ...started, ...change });
    await endRun(registry, runId, { status: 'Succeeded' }, world.ports);
    const { value } = (await world.ports.store.state(registry, 'app'))!;
    assert.equal(value.built?.runId, built ? runId : undefined);
  });

test('what is logged of an end names its run', async () => {
  const world = await worldWith(started);
  const lines: [string, string, object | undefined][] = [];
  world.ports.log = (...line) => void lines.push(line as never);
  world.ports.engine.forget = () => Promise.reject(new RunEngineError('busy', { transient: true }));
  world.ports.store = { ...world.ports.store, state: () => Promise.reject(new UnreadableError('cut short')) };
  await endAtEngine(started, { status: 'Failed' }, world.ports);
  assert.deepEqual(
    lines.map(([level, , facts]) => [level, facts]),
    [
      ['warning', { registry, runId }],
      ['error', { registry, task: 'app' }],
      ['information', { registry, runId, task: 'app' }],
    ],
  );
});

test.run();
