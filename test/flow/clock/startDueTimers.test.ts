import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startDueTimers } from '../../../shared/flow/clock/startDueTimers.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import { isAutomatic } from '../../../shared/model/cause.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';
import { createWorld, knownRegistry, taskOf } from '../../worlds/triggerWorld.ts';

type World = ReturnType<typeof createWorld>;

const timer = (schedule: string, name = 't1', status = 'Enabled') => ({ name, schedule, status });
const timed = (...timerTriggers: object[]) => taskOf({ timerTriggers });
const occurrences = async (world: World) =>
  (await world.runs()).map(
    ({ timerTrigger }) =>
      `${timerTrigger?.timerTriggerName} ${timerTrigger?.scheduleOccurrence.slice(11, 16)}`,
  );

test('a due timer starts one run that says which timer and which occurrence', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('5 10 * * *')));
  world.at('10:05:00.040');
  await startDueTimers(world.ports);
  const [run, ...more] = await world.runs();
  assert.deepEqual(run?.timerTrigger, {
    timerTriggerName: 't1',
    scheduleOccurrence: '2026-11-23T10:05:00.000Z',
  });
  assert.deepEqual([more, isAutomatic(run!), world.rung.map(({ runId }) => runId)], [[], true, [run!.runId]]);
});

/** Each: the timers of a task that is made at 10:00:30, when the clock comes, and the runs there are then. */
const stories: [title: string, timers: object[], clock: string[], runs: string[]][] = [
  ['the clock twice in a minute', [timer('*/5 * * * *')], ['10:05', '10:05:31'], ['t1 10:05']],
  [
    'the clock every minute',
    [timer('*/2 * * * *')],
    ['10:01', '10:02', '10:03', '10:04'],
    ['t1 10:02', 't1 10:04'],
  ],
  ['the clock down for a minute', [timer('5 10 * * *')], ['10:04', '10:06:02', '10:07'], ['t1 10:05']],
  ['of several missed, the newest', [timer('*/5 * * * *')], ['10:01', '10:28', '10:29'], ['t1 10:25']],
  ['missed for 59 minutes', [timer('1 10 * * *')], ['11:00'], ['t1 10:01']],
  ['missed for more than an hour', [timer('1 10 * * *')], ['11:01:01', '11:02'], []],
  ['before the task was made', [timer('59 9 * * *')], ['10:01'], []],
  [
    'two timers at once',
    [timer('5 * * * *'), timer('*/5 * * * *', 't2')],
    ['10:05'],
    ['t1 10:05', 't2 10:05'],
  ],
  [
    'a disabled timer',
    [timer('5 * * * *', 't1', 'Disabled'), timer('6 * * * *', 't2')],
    ['10:06'],
    ['t2 10:06'],
  ],
];
for (const [title, timers, clock, runs] of stories)
  test(`${title}: ${runs.join(', ') || 'no run'}`, async () => {
    const world = createWorld();
    await world.put('nightly', timed(...timers));
    for (const time of clock) {
      world.at(time.length === 5 ? `${time}:00.020` : time);
      await startDueTimers(world.ports);
    }
    assert.deepEqual(await occurrences(world), runs);
  });

const unreadable = ['at noon', '', '* * *', '61 * * * *', '5 10 * * * *', '@daily'];
for (const schedule of unreadable)
  test(`a stored schedule '${schedule}' costs its own timer, is told of, and the task's other timers go on`, async () => {
    const world = createWorld();
    await world.put('nightly', timed(timer('5 * * * *'), timer('5 * * * *', 't2')));
    const { value, etag } = (await world.store.state(knownRegistry.name, 'nightly'))!;
    const timers = value.timers!.map((one) => (one.name === 't1' ? { ...one, schedule } : one));
    await world.store.commit(knownRegistry.name, [{ put: 'state', value: { ...value, timers }, etag }]);
    world.at('10:05:00');
    const faults = await startDueTimers(world.ports);
    assert.deepEqual(await occurrences(world), ['t2 10:05']);
    assert.deepEqual(
      faults.map(({ what }) => what),
      [`the timer t1 of nightly of ${knownRegistry.name}`],
    );
    // Its owner replaces it.
    await world.patch('nightly', {
      properties: { trigger: { timerTriggers: [{ name: 't1', schedule: '6 * * * *' }] } },
    });
    world.at('10:06:00');
    assert.deepEqual(await startDueTimers(world.ports), []);
    assert.ok((await occurrences(world)).includes('t1 10:06'));
  });

test('five clocks at the same time start one run', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('5 10 * * *'), timer('5 * * * *', 't2')));
  world.at('10:05:00');
  await Promise.all(Array.from({ length: 5 }, () => startDueTimers(world.ports)));
  assert.deepEqual((await occurrences(world)).sort(), ['t1 10:05', 't2 10:05']);
  assert.deepEqual((await world.store.state(knownRegistry.name, 'nightly'))!.value.open.length, 2);
});

test('a disabled task has no occurrences, nor makes up for them once it is enabled', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('5 * * * *')));
  await world.patch('nightly', { properties: { status: 'Disabled' } });
  world.at('10:05:00');
  await startDueTimers(world.ports);
  world.at('10:06:00');
  await world.patch('nightly', { properties: { status: 'Enabled' } });
  await startDueTimers(world.ports);
  assert.deepEqual(await occurrences(world), []);
});

test('a task that is written again neither skips nor repeats an occurrence', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('5 * * * *')));
  world.at('10:05:10');
  await world.put('nightly', timed(timer('5 * * * *')));
  await startDueTimers(world.ports);
  await world.put('nightly', timed(timer('5 * * * *')));
  await startDueTimers(world.ports);
  assert.deepEqual(await occurrences(world), ['t1 10:05']);
});

test('a timer whose schedule changes counts from then on', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('50 * * * *')));
  world.at('10:30:00');
  await world.patch('nightly', {
    properties: { trigger: { timerTriggers: [{ name: 't1', schedule: '*/20 * * * *' }] } },
  });
  await startDueTimers(world.ports);
  assert.deepEqual(await occurrences(world), []);
  world.at('10:40:00');
  await startDueTimers(world.ports);
  assert.deepEqual(await occurrences(world), ['t1 10:40']);
});

test('timers are added and taken away by their name, as az does it', async () => {
  const world = createWorld();
  await world.put('nightly', timed(timer('5 * * * *')));
  await world.patch('nightly', { properties: { trigger: { timerTriggers: [timer('6 * * * *', 't2')] } } });
  const timers = async () =>
    (await world.store.state(knownRegistry.name, 'nightly'))?.value.timers?.map(({ name }) => name);
  assert.deepEqual(await timers(), ['t1', 't2']);
  await world.patch('nightly', {
    properties: { trigger: { timerTriggers: [{ name: 't1', status: 'Disabled' }] } },
  });
  assert.deepEqual(await timers(), ['t2']);
  await world.patch('nightly', { properties: { trigger: null } });
  assert.equal(await timers(), undefined);
});

const refused: [title: string, timers: object[], because: RegExp][] = [
  [
    'a schedule with seconds',
    [timer('0 * * * * *', 'quick')],
    /timer trigger 'quick'.*'0 \* \* \* \* \*' has 6 fields/,
  ],
  ['a day that never comes', [timer('0 0 31 2 *')], /'0 0 31 2 \*' never comes/],
  [
    'two timers of one name',
    [timer('1 * * * *'), timer('2 * * * *')],
    /Two timer triggers have the name 't1'/,
  ],
  [
    'more timers than a row should hold',
    Array.from({ length: 21 }, (_, at) => timer('1 * * * *', `t${at}`)),
    /at most 20/,
  ],
];
for (const [title, timers, because] of refused)
  test(`refuses ${title}, and changes nothing`, async () => {
    const world = createWorld();
    await world.put('nightly', timed(timer('5 * * * *')));
    const before = await world.store.task(knownRegistry.name, 'nightly');
    const attempts = [
      () => world.put('nightly', timed(...timers)),
      () => world.patch('nightly', { properties: { trigger: { timerTriggers: timers } } }),
    ];
    // By its name a patch changes the timer that is there.
    for (const attempt of title.includes('one name') ? attempts.slice(0, 1) : attempts)
      await assert.rejects(attempt, (error: Refusal) => {
        assert.ok(error instanceof Refusal && error.status === 400);
        assert.match(error.message, because);
        return true;
      });
    assert.deepEqual(await world.store.task(knownRegistry.name, 'nightly'), before);
  });

test('a thousand tasks without a due timer cost one read', async () => {
  const store = createMemoryStore();
  for (let at = 0; at < 1000; at++) {
    const timers =
      at % 2 ? { timers: [{ name: 't', schedule: '30 4 * * *', last: '2026-11-23T04:30:00.000Z' }] } : {};
    await store.commit(knownRegistry.name, [
      { put: 'state', value: { ...sampleState(knownRegistry.name, `task${at}`), ...timers } },
    ]);
  }
  const calls: string[] = [];
  const counting = new Proxy(store, {
    get: (target, name: keyof typeof store) => {
      calls.push(name);
      return target[name];
    },
  });
  await startDueTimers(createWorld({ store: counting }).ports);
  assert.deepEqual(calls, ['statesWithTimers']);
});

test.run();
