import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startDueTimers } from '../../../../shared/flow/clock/startDueTimers.ts';
import type { Timer } from '../../../../shared/model/state.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import { createWorld, runsOf, type World } from '../../../worlds/world.ts';
import { callsOf, linesOf } from '../../push/steps/pushWorld.ts';
import { conflict, id, writesOf } from '../../queue/steps/queueRows.ts';

const registry = 'appacr';
const at = (clock: string) => `2026-11-23T${clock}:00.000Z`;
/** The world's clock stands at ten. */
const timer = (name: string, schedule = '30 9 * * *', last = at('08:00')): Timer => ({
  name,
  schedule,
  last,
});

async function worldOf(tasks: Record<string, Timer[]>) {
  const world = createWorld({ registries: [registry, 'otheracr'] });
  for (const [task, timers] of Object.entries(tasks))
    await world.ports.store.commit(registry, [
      { put: 'state', value: { ...sampleState(registry, task), timers } },
    ]);
  return world;
}
const timersOf = async ({ ports: { store } }: World, task: string) =>
  (await store.state(registry, task))!.value.timers!.map(({ name, last }) => [name, last.slice(11, 16)]);
const started = async (world: World) =>
  (await runsOf(world, registry)).map(({ task, timerTrigger }) => [
    task,
    timerTrigger!.timerTriggerName,
    timerTrigger!.scheduleOccurrence.slice(11, 16),
  ]);

/** Each: the timers of tasks, the runs that start, when each timer had its last, and how many transactions there are. */
const rows: [
  title: string,
  tasks: Record<string, Timer[]>,
  runs: string[][],
  after: string[][][],
  writes: number,
][] = [
  ['none', {}, [], [], 0],
  ['one that is not due', { app: [timer('a', '30 11 * * *')] }, [], [[['a', '08:00']]], 0],
  ['one that is due', { app: [timer('a')] }, [['app', 'a', '09:30']], [[['a', '09:30']]], 1],
  [
    'one that is due beside one that is not',
    { app: [timer('b', '30 11 * * *'), timer('a')] },
    [['app', 'a', '09:30']],
    [
      [
        ['b', '08:00'],
        ['a', '09:30'],
      ],
    ],
    1,
  ],
  [
    'two of one task',
    { app: [timer('a'), timer('b', '45 9 * * *')] },
    [
      ['app', 'a', '09:30'],
      ['app', 'b', '09:45'],
    ],
    [
      [
        ['a', '09:30'],
        ['b', '09:45'],
      ],
    ],
    2,
  ],
  [
    'three of one task',
    { app: [timer('a'), timer('b'), timer('c')] },
    [
      ['app', 'a', '09:30'],
      ['app', 'b', '09:30'],
      ['app', 'c', '09:30'],
    ],
    [
      [
        ['a', '09:30'],
        ['b', '09:30'],
        ['c', '09:30'],
      ],
    ],
    3,
  ],
  [
    'one of each of two tasks',
    { app: [timer('a')], web: [timer('a', '0 10 * * *')] },
    [
      ['app', 'a', '09:30'],
      ['web', 'a', '10:00'],
    ],
    [[['a', '09:30']], [['a', '10:00']]],
    1,
  ],
];
for (const [title, tasks, runs, after, writes] of rows)
  test(`of timers, ${title}, ${runs.length} runs start, each once`, async () => {
    const world = await worldOf(tasks);
    const lines = linesOf(world);
    const written = writesOf(world);
    assert.deepEqual(await startDueTimers(world.ports), []);
    assert.deepEqual(await started(world), runs);
    assert.deepEqual(await Promise.all(Object.keys(tasks).map((task) => timersOf(world, task))), after);
    assert.equal(written.filter((one) => one.includes('put run')).length, writes);
    assert.deepEqual(
      lines,
      (await runsOf(world, registry)).map(({ task, runId, timerTrigger: trigger }) => [
        'information',
        `timer ${trigger!.timerTriggerName} of ${task} is due: run ${runId}`,
        { registry, runId, occurrence: trigger!.scheduleOccurrence },
      ]),
    );
    // Whose turn it is, is sent its message; nobody else is asked for.
    assert.equal(world.messages.length, runs.length);
    const again = await startDueTimers(world.ports);
    assert.deepEqual([again, (await runsOf(world, registry)).length], [[], runs.length]);
  });

test('where no timer is due, nothing but the tasks with timers is read', async () => {
  const world = await worldOf({ app: [timer('a', '30 11 * * *')] });
  const calls = callsOf(world, 'pace', 'places', 'takeRunNumbers', 'commit', 'statesWithTimers');
  await startDueTimers(world.ports);
  assert.deepEqual(
    calls.map(({ name }) => name),
    ['statesWithTimers', 'statesWithTimers'],
  );
});

test('a task that is paused makes up for its timer when it is paused no more', async () => {
  const world = await worldOf({ app: [timer('a')], web: [timer('a')] });
  world.ports.settings.policies = [{ tasks: 'appacr/app', pause: 'frozen' }];
  assert.deepEqual(await startDueTimers(world.ports), []);
  assert.deepEqual(await started(world), [['web', 'a', '09:30']]);
  world.ports.settings.policies = [];
  await startDueTimers(world.ports);
  assert.deepEqual((await started(world)).length, 2);
});

test('a schedule that cannot be read is told of, and the other timers start', async () => {
  const world = await worldOf({ app: [timer('bad', 'daily'), timer('a')], web: [timer('a')] });
  const faults = await startDueTimers(world.ports);
  assert.deepEqual(
    faults.map(({ what }) => what),
    ['the timer bad of app of appacr'],
  );
  assert.ok(faults[0]!.reason.length > 0);
  assert.equal((await started(world)).length, 2);
});

test('a task whose state is changed meanwhile is decided on again, from what is there then', async () => {
  const world = await worldOf({ app: [timer('a')] });
  const written = writesOf(world, (nth) => (nth === 0 ? { before: conflict } : {}));
  assert.deepEqual(await startDueTimers(world.ports), []);
  assert.deepEqual(await started(world), [['app', 'a', '09:30']]);
  assert.equal(written.filter((one) => one.includes('put run')).length, 2);
  const gone = await worldOf({ app: [timer('a')] });
  const { store } = gone.ports;
  writesOf(gone, (nth) => (nth === 0 ? { before: conflict } : {}));
  gone.ports.store.state = async () => undefined;
  assert.deepEqual(await startDueTimers(gone.ports), []);
  assert.deepEqual(await runsOf(gone, registry), []);
  assert.ok(await store.state(registry, 'app'));
});

test('what fails of one task or registry is told, and the others start', async () => {
  const world = await worldOf({ app: [timer('a'), timer('b')], web: [timer('a'), timer('b')] });
  const { state, statesWithTimers } = world.ports.store;
  world.ports.store.state = async (of, task) => {
    if (task === 'app') throw new Error('away');
    return state(of, task);
  };
  world.ports.store.statesWithTimers = async (of) => {
    if (of === 'otheracr') throw new Error('away');
    return statesWithTimers(of);
  };
  assert.deepEqual(await startDueTimers(world.ports), [
    { what: 'the timers of app of appacr', reason: 'away' },
    { what: 'the timers of otheracr', reason: 'away' },
  ]);
  assert.deepEqual((await started(world)).length, 3);
});

test('a state without timers that is read among them starts nothing', async () => {
  const world = await worldOf({ app: [timer('a')] });
  const { statesWithTimers } = world.ports.store;
  world.ports.store.statesWithTimers = async (of) => {
    const none = { value: sampleState(registry, 'none'), etag: '1' };
    return of === registry ? [none, ...(await statesWithTimers(of))] : [];
  };
  assert.deepEqual(await startDueTimers(world.ports), []);
  assert.deepEqual(await started(world), [['app', 'a', '09:30']]);
  assert.deepEqual(
    world.messages.map(({ body }) => body),
    [{ registry, runId: id(1) }],
  );
});

test.run();
