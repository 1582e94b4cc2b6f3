import assert from 'node:assert/strict';
import { test } from 'uvu';
import { basesFromEngine } from '../../../shared/flow/finish/basesFromEngine.ts';
import { endAtEngine } from '../../../shared/flow/finish/endAtEngine.ts';
import { type Ending, endDeleted, endRun } from '../../../shared/flow/finish/endRun.ts';
import { queueEntryOf, waitingPlace } from '../../../shared/flow/queue/places.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { OpenRun, TaskState } from '../../../shared/model/state.ts';
import { engineKeyOf, formatRunId } from '../../../shared/names/runId.ts';
import { type EngineRun, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { ConflictError, UnreadableError, type Write } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const id = (number: number, of = registry) => formatRunId(of, number);
const runId = id(1);
const image = 'baseacr.azurecr.io/base:1';
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
const pins = [{ image, type: 'RunTime' as const, digest: 'sha256:b' }];

const run = (change: Partial<Run> = {}): Run => ({ ...sampleRun(registry, runId, 'app'), ...change });
const started: Partial<Run> = { status: 'Started', startTime: at(-60), engineRunId: 'e1' };
const open = (number: number, phase: OpenRun['phase'] = 'Queued'): OpenRun => ({
  ...{ runId: id(number), phase, automatic: false, canonical: true },
});
const waiting = (number: number, waitsFor: string, of = registry): Write[] => {
  const waitingFor = { runs: [waitsFor], images: [], reason: 'waits for it' };
  const value = { ...sampleRun(of, id(number, of), 'other'), waitingFor };
  return [{ put: 'run', value }, ...waitingPlace(value)];
};
const queuedPlace = (number: number): Write[] => {
  const value = sampleRun(registry, id(number), 'other');
  return [
    { put: 'run', value },
    { put: 'place', value: queueEntryOf(value) },
  ];
};

/** A world with one run of a task, its place or its slot. */
async function worldWith(value: Run, state: Partial<TaskState> = {}, more: Write[] = []): Promise<World> {
  const world = createWorld({ registries: [registry, 'otheracr'], runsPerRegistry: 1 });
  const phase = value.status === 'Queued' ? 'Queued' : 'Pinned';
  const own = { ...sampleState(registry, 'app'), open: [open(1, phase)], ...state };
  await world.ports.store.commit(registry, [
    { put: 'run', value },
    { put: 'state', value: own },
    ...(phase === 'Queued'
      ? [{ put: 'place' as const, value: queueEntryOf(value) }]
      : [{ put: 'pace' as const, value: { registry, running: [runId] } }]),
    ...more,
  ]);
  return world;
}
const rowOf = async ({ ports: { store } }: World) => (await store.run(registry, runId))!.value;
const stateOf = async ({ ports: { store } }: World) => (await store.state(registry, 'app'))!.value;
const startsOf = (world: World) =>
  world.messages.flatMap(({ queue, body }) => (queue === 'start' ? [`${body.registry}/${body.runId}`] : []));
const pushesOf = (world: World) =>
  world.messages.flatMap(({ queue, body }) =>
    queue === 'push' && 'digest' in body ? [[body.image, body.digest, body.timestamp]] : [],
  );

const going: Partial<Run> = {
  followAt: at(1),
  followCount: 3,
  expectedSeconds: 9,
  waitingFor: { runs: [], images: [], reason: 'x' },
  claimedUntil: at(9),
  trouble: { since: at(-9), count: 1 },
  preparing: { by: 'x', until: at(9), count: 1 },
  missing: { since: at(-9), count: 1 },
  finishTries: 1,
};
const outputImages = [{ registry: 'appacr.azurecr.io', repository: 'app', tag: '1', digest: 'sha256:a' }];
const ended = (change: Partial<Run>): Run => run({ lastUpdatedTime: at(0), finishTime: at(0), ...change });
const rows: [title: string, change: Partial<Run>, ending: Ending, becomes: Run][] = [
  [
    'a queued run ends without having begun',
    {},
    { status: 'Canceled' },
    ended({ status: 'Canceled', startTime: at(0) }),
  ],
  [
    'one at the engine keeps when it began',
    started,
    { status: 'Succeeded', outputImages },
    ended({ ...started, status: 'Succeeded', outputImages }),
  ],
  [
    'the engine’s own times count',
    started,
    { status: 'Failed', startTime: at(-50), finishTime: at(-5), runErrorMessage: 'it failed' },
    ended({
      ...started,
      status: 'Failed',
      startTime: at(-50),
      finishTime: at(-5),
      runErrorMessage: 'it failed',
    }),
  ],
  [
    'what it has only while it goes is taken away',
    { ...started, ...going },
    { status: 'Failed' },
    ended({ ...started, followCount: 3, status: 'Failed' }),
  ],
  [
    'one that is to be cancelled ends cancelled, whatever it came to',
    { ...started, cancelRequested: true },
    { status: 'Failed', runErrorMessage: 'it failed' },
    ended({ ...started, cancelRequested: true, status: 'Canceled' }),
  ],
  [
    'base images that were read as it ended are kept',
    started,
    { status: 'Succeeded', reading: { pins, pinnedAt: at(-60) } },
    ended({ ...started, status: 'Succeeded', pins, pinnedAt: at(-60) }),
  ],
];
for (const [title, change, ending, becomes] of rows)
  test(title, async () => {
    const world = await worldWith(run(change));
    assert.equal(await endRun(registry, runId, ending, world.ports), true);
    assert.deepEqual(await rowOf(world), becomes);
    const state = await stateOf(world);
    assert.deepEqual(state.open, []);
    assert.equal(state.built?.runId, becomes.pins && runId);
    assert.deepEqual(state.bases, becomes.pins ? [{ ...pins[0]!, pinnedAt: at(-60) }] : []);
    for await (const place of world.ports.store.places(registry)) assert.fail(place.runId);
    assert.deepEqual((await world.ports.store.pace(registry))?.value.running ?? [], []);
    assert.equal(await endRun(registry, runId, { status: 'Error' }, world.ports), false, 'once');
    assert.deepEqual(await rowOf(world), becomes);
  });

for (const [title, change, isEnded] of [
  ['queued', {}, true],
  ['started meanwhile', started, false],
] as const)
  test(`a run that is ${title} ${isEnded ? 'ends' : 'goes on'} where only a queued one is to end`, async () => {
    const world = await worldWith(run(change));
    assert.equal(
      await endRun(registry, runId, { status: 'Canceled', onlyFrom: 'Queued' }, world.ports),
      isEnded,
    );
    assert.equal((await rowOf(world)).status, isEnded ? 'Canceled' : 'Started');
  });

test('a run that is gone does not end', async () => {
  const world = await worldWith(run());
  assert.equal(await endRun(registry, id(7), { status: 'Canceled' }, world.ports), false);
  assert.deepEqual(world.messages, []);
});

/** Whom a run's end wakes. */
const own = `${registry}/${runId}`;
const wakes: [title: string, state: Partial<TaskState>, more: Write[], other: Write[], woken: string[]][] = [
  ['nobody where nobody waits', {}, [], [], []],
  [
    'the next of its task, which waits for another of them',
    { open: [open(1, 'Pinned'), open(2), open(3)] },
    waiting(2, `${registry}/${id(9)}`),
    [],
    [`${registry}/${id(2)}`],
  ],
  ['no run of its task that has started', { open: [open(1, 'Pinned'), open(2, 'Pinned')] }, [], [], []],
  ['the one that waits for it', {}, waiting(4, own), [], [`${registry}/${id(4)}`]],
  ['nobody that waits for another', {}, waiting(4, `${registry}/${id(9)}`), [], []],
  ['the next in the queue', {}, queuedPlace(5), [], [`${registry}/${id(5)}`]],
  ['nobody of another registry, as it makes nothing', {}, [], waiting(4, own, 'otheracr'), []],
  [
    'who waits in another registry, as it makes something',
    { outputs: ['appacr.azurecr.io/app:1'] },
    waiting(4, own),
    waiting(6, own, 'otheracr'),
    [`otheracr/${id(6, 'otheracr')}`, `${registry}/${id(4)}`],
  ],
];
for (const [title, state, more, other, woken] of wakes)
  test(`the end of a run wakes ${title}`, async () => {
    const world = await worldWith(run(started), state, more);
    if (other.length > 0) await world.ports.store.commit('otheracr', other);
    await endRun(registry, runId, { status: 'Failed' }, world.ports);
    assert.deepEqual(startsOf(world), woken);
    assert.deepEqual(pushesOf(world), []);
  });

for (const title of ['is gone with its task', 'cannot be read'])
  for (const [which, of] of [
    ['its own', registry],
    ['another', 'otheracr'],
  ] as const)
    test(`the end of a run whose state ${title} wakes who waits for it in ${which} registry`, async () => {
      const world = await worldWith(run(started));
      const { store } = world.ports;
      await store.commit(of, waiting(6, own, of));
      const unreadable = () => Promise.reject(new UnreadableError('the state is no JSON'));
      if (title === 'cannot be read') world.ports.store = { ...store, state: unreadable };
      else await store.commit(registry, [{ remove: 'state', task: 'app' }]);
      await endRun(registry, runId, { status: 'Canceled' }, world.ports);
      assert.deepEqual(startsOf(world), [`${of}/${id(6, of)}`]);
    });

const newer = { digest: 'sha256:c', since: at(-99), at: at(-90) };
const bases = [
  { image: 'a', type: 'RunTime' as const, digest: 'x', pinnedAt: at(-900) },
  { ...pins[0]!, pinnedAt: at(-900), newer },
];
const trigger = { id: 'e', timestamp: at(-9), images: [] };
for (const [title, change, comesAgain] of [
  ['that a person asked for and that read nothing', {}, true],
  ['that has read its base images', { ...started, pins, pinnedAt: at(-60) }, false],
  ['that a push started', { imageUpdateTrigger: trigger }, false],
] as [string, Partial<Run>, boolean][])
  test(`a push that was merged into a run ${title} ${comesAgain ? 'comes again' : 'is not told again'}`, async () => {
    const world = await worldWith(run(change), { bases });
    await endRun(registry, runId, { status: 'Canceled' }, world.ports);
    assert.deepEqual(pushesOf(world), comesAgain ? [[image, 'sha256:c', at(-99)]] : []);
  });

test('the answer to the writing is lost: it has ended, and whoever waits is woken', async () => {
  const world = await worldWith(run(started), {}, waiting(4, own));
  const { store } = world.ports;
  let lost = 0;
  world.ports.store = {
    ...store,
    async commit(...args) {
      await store.commit(...args);
      if (lost++ === 0) throw new ConflictError('the answer is lost');
    },
  };
  assert.equal(await endRun(registry, runId, { status: 'Failed' }, world.ports), true);
  assert.deepEqual(startsOf(world), [`${registry}/${id(4)}`]);
  assert.ok(lost > 0);
});

test('a queued run whose place was taken away by hand ends', async () => {
  const world = await worldWith(run());
  await world.ports.store.commit(registry, [{ remove: 'place', value: queueEntryOf(run()) }]);
  assert.equal(await endRun(registry, runId, { status: 'Canceled' }, world.ports), true);
  assert.equal((await rowOf(world)).status, 'Canceled');
});

test('a queued run that was changed meanwhile leaves its place', async () => {
  const world = await worldWith(run());
  const { store } = world.ports;
  let tries = 0;
  world.ports.store = {
    ...store,
    async commit(of, writes) {
      if (tries++ === 0)
        await store.commit(registry, [{ put: 'run', value: run({ notes: ['x'] }), etag: '*' }]);
      return store.commit(of, writes);
    },
  };
  assert.equal(await endRun(registry, runId, { status: 'Canceled' }, world.ports), true);
  for await (const place of store.places(registry)) assert.fail(place.runId);
});

for (const [title, error, ends] of [
  ['cannot be read', new UnreadableError('cut short'), true],
  ['cannot be reached', new TypeError('gone'), false],
] as const)
  test(`a run whose task’s state ${title} ${ends ? 'ends' : 'is tried again'}`, async () => {
    const world = await worldWith(run(started));
    const { store } = world.ports;
    const state = async () => {
      throw error;
    };
    const ending = endRun(
      registry,
      runId,
      { status: 'Failed' },
      { ...world.ports, store: { ...store, state } },
    );
    if (ends) assert.equal(await ending, true);
    else await assert.rejects(ending, TypeError);
    assert.equal((await rowOf(world)).status, ends ? 'Failed' : 'Started');
    const errors = world.log.filter(({ level }) => level === 'error').map(({ message }) => message);
    assert.deepEqual(errors, ends ? ['the state of app is left as it is: cut short'] : []);
  });

test('a run whose task was deleted ends cancelled, and says so', async () => {
  const world = await worldWith(run());
  await endDeleted(run(), world.ports);
  const { status, runErrorMessage } = await rowOf(world);
  assert.deepEqual([status, runErrorMessage], ['Canceled', 'The task app was deleted.']);
});

for (const fails of [false, true])
  test(`what the engine keeps under a run's key goes before it ends${fails ? ', or stays' : ''}`, async () => {
    const world = await worldWith(run(started));
    const forgotten: string[] = [];
    world.ports.engine.forget = async (of, key) => {
      forgotten.push(`${of}/${key}/${(await rowOf(world)).status}`);
      if (fails) throw new RunEngineError('busy', { transient: true });
    };
    await endAtEngine(run(started), { status: 'Failed' }, world.ports);
    assert.equal((await rowOf(world)).status, 'Failed');
    assert.deepEqual(forgotten, [`${registry}/${engineKeyOf(run(started))}/Started`]);
    const warnings = world.log.filter(({ level }) => level === 'warning').map(({ message }) => message);
    assert.equal(warnings.length, fails ? 1 : 0);
    if (fails) assert.match(warnings[0]!, /stays at the run engine: busy$/);
  });

type Told = { pins?: typeof pins; mayCome?: boolean; error?: Error };
const told: [title: string, answer: Told, after: number | undefined, comes: 'pins' | 'none' | 'again'][] = [
  ['names them', { pins }, 0, 'pins'],
  ['names them, and may say more', { pins, mayCome: true }, 0, 'pins'],
  ['names none', {}, 0, 'none'],
  ['may name them soon', { mayCome: true }, 119.999, 'again'],
  ['does not name them in two minutes', { mayCome: true }, 120, 'none'],
  ['does not name them, of an end without a time', { mayCome: true }, undefined, 'none'],
  ['cannot be read', { error: new TypeError('x') }, 119.999, 'again'],
  ['cannot be read for two minutes', { error: new TypeError('x') }, 120, 'none'],
];
for (const [title, { error, mayCome = false, pins: named }, after, comes] of told)
  test(`the base images of a build whose log ${title}: ${comes}`, async () => {
    const world = await worldWith(run(started));
    world.ports.engine.bases = async (of, engineRunId) => {
      assert.deepEqual([of, engineRunId], [registry, 'e1']);
      if (error) throw error;
      return { pins: named, mayCome };
    };
    const finishTime = after === undefined ? {} : { finishTime: at(-after) };
    const engineRun: EngineRun = { runId: 'e1', status: 'Succeeded', outputImages: [], ...finishTime };
    const reading = basesFromEngine(run(started), engineRun, world.ports);
    if (comes !== 'again') assert.deepEqual(await reading, comes === 'pins' ? pins : undefined);
    else if (error) await assert.rejects(reading, error);
    else
      await assert.rejects(
        reading,
        (why) =>
          why instanceof RunEngineError &&
          why.transient &&
          /no base images yet of run e1 of appacr/.test(why.message),
      );
  });

test.run();
