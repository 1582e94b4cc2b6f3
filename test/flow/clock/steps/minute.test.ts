import assert from 'node:assert/strict';
import { test } from 'uvu';
import { endedOrLate, everyMinute, newClockMemory } from '../../../../shared/flow/clock/everyMinute.ts';
import { sweepEngine } from '../../../../shared/flow/clock/sweepEngine.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { type Fault, newScan, type Scan } from '../../../../shared/model/scan.ts';
import { engineKeyOf, formatRunId } from '../../../../shared/names/runId.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';
import { callsOf, linesOf, time } from '../../push/steps/pushWorld.ts';

const registry = 'appacr';
const today = '2026-11-23';
const timers = 'starting what timers are due';
const round = 'the round over all base images';
const all = [
  timers,
  'sending lost messages again',
  'registering and removing webhooks',
  round,
  'forgetting old decisions',
  'forgetting old deliveries',
  'forgetting old runs',
  'removing what stayed at the run engine',
];
const begun = (msAgo: number) => new Date(Date.parse(time) - msAgo);
const fault = (what: string, reason = 'away'): Fault => ({ what, reason });

/** A clock at which all but the chores that are named are under way already, so that none of them begins. */
function clockOf(...free: string[]) {
  const world = createWorld({ registries: [registry] });
  const memory = newClockMemory();
  for (const name of all) if (!free.includes(name)) memory.underWay.set(name, begun(60_000));
  return { world, memory, lines: linesOf(world) };
}
const timersFail = ({ ports }: World, reason = 'away') => {
  ports.store.statesWithTimers = async () => {
    throw new Error(reason);
  };
};
const scanOf = async ({ ports: { store } }: World) => (await store.scan())?.value;
const ofTimers = fault(`the timers of ${registry}`);
const logged = (what: Fault) => ['warning', `${timers}: ${what.what} is left out: ${what.reason}`];
const late = (since: Date) => fault('the rest', `under way since ${since.toISOString()}`);

/** Each: what was told before, whether the timers fail, and what is told then and logged; undefined where nothing is written. */
const reports: [
  title: string,
  before: Fault[] | undefined,
  fails: boolean,
  expected: { faults: Fault[] | undefined; lines: unknown[][]; written: number },
][] = [
  ['nothing is wrong', undefined, false, { faults: undefined, lines: [], written: 0 }],
  ['something is wrong', undefined, true, { faults: [ofTimers], lines: [logged(ofTimers)], written: 1 }],
  ['the same is wrong', [ofTimers], true, { faults: [ofTimers], lines: [], written: 0 }],
  ['nothing is wrong any more', [ofTimers], false, { faults: [], lines: [], written: 1 }],
  [
    'something else is wrong',
    [fault('x')],
    true,
    { faults: [ofTimers], lines: [logged(ofTimers)], written: 1 },
  ],
  ['it had been late', [late(begun(0))], false, { faults: [], lines: [], written: 1 }],
  ['less is wrong', [fault('x'), ofTimers], true, { faults: [ofTimers], lines: [], written: 1 }],
];
for (const [title, before, fails, { faults, lines: said, written }] of reports)
  test(`a chore where ${title} is told of ${said.length} times, and written down ${written}`, async () => {
    const { world, memory, lines } = clockOf(timers);
    const scan = { ...newScan, faults: { ...(before && { [timers]: before }), other: [fault('y')] } };
    await world.ports.store.putScan(scan, undefined);
    if (fails) timersFail(world);
    const calls = callsOf(world, 'putScan');
    await everyMinute(world.ports, memory);
    assert.deepEqual((await scanOf(world))!.faults, {
      ...(faults && { [timers]: faults }),
      other: [fault('y')],
    });
    assert.deepEqual([lines, calls.length], [said, written]);
    assert.equal(memory.underWay.has(timers), false);
  });

/** Each: since when a chore is under way, what was told of it, and what is told then. */
const lateness: [title: string, msAgo: number, before: Fault[], after: Fault[]][] = [
  ['a minute', 60_000, [], []],
  ['just less than half an hour', 1_799_999, [], []],
  ['half an hour', 1_800_000, [], [late(begun(1_800_000))]],
  ['half an hour, and has faults', 1_800_000, [ofTimers], [late(begun(1_800_000)), ofTimers]],
  ['half an hour, and was told of', 1_800_000, [late(begun(1_800_000))], [late(begun(1_800_000))]],
  ['a minute, and was late before', 60_000, [late(begun(9_000_000)), ofTimers], [ofTimers]],
  ['a minute, and has a fault of that name', 60_000, [fault('the rest')], [fault('the rest')]],
  [
    'a minute, and has a fault since then',
    60_000,
    [fault('x', 'under way since')],
    [fault('x', 'under way since')],
  ],
  [
    'a minute, and has a fault that begins otherwise',
    60_000,
    [fault('the rest', 'is under way since then')],
    [fault('the rest', 'is under way since then')],
  ],
];
for (const [title, msAgo, before, after] of lateness)
  test(`a chore that has been under way for ${title} has ${after.length} faults`, async () => {
    const { world, memory } = clockOf();
    memory.underWay.set(timers, begun(msAgo));
    await world.ports.store.putScan({ ...newScan, faults: { [timers]: before } }, undefined);
    const calls = callsOf(world, 'statesWithTimers');
    await everyMinute(world.ports, memory);
    assert.deepEqual((await scanOf(world))!.faults, { [timers]: after });
    assert.deepEqual(calls, [], 'it is not begun again');
  });

test('of a chore whose time has not come is told what was', async () => {
  const deliveries = 'forgetting old deliveries';
  const { world, memory } = clockOf(deliveries);
  const scan = { ...newScan, deliveriesForgotten: today, faults: { [deliveries]: [fault('x')] } };
  await world.ports.store.putScan(scan, undefined);
  await everyMinute(world.ports, memory);
  assert.deepEqual(await scanOf(world), scan);
});

test('of a chore a hundred faults are told', async () => {
  const { world, memory } = clockOf(timers);
  const names = Array.from({ length: 120 }, (_, at) => `r${at}`);
  const [known] = world.ports.settings.registries;
  world.ports.settings.registries = names.map((name) => ({ ...known!, name }));
  timersFail(world);
  await everyMinute(world.ports, memory);
  assert.equal((await scanOf(world))!.faults![timers]!.length, 100);
});

test('a chore that takes longer than the others goes on, and ends when it ends', async () => {
  const { world, memory } = clockOf(timers);
  let end = () => {};
  world.ports.store.statesWithTimers = () =>
    new Promise((resolve) => {
      end = () => resolve([]);
    });
  await everyMinute(world.ports, memory, 1);
  assert.deepEqual(memory.underWay.get(timers), new Date(time));
  end();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(memory.underWay.has(timers), false);
});

test('what ends in time is not waited for any longer', async () => {
  let isOver = false;
  const begun = performance.now();
  await endedOrLate(Promise.resolve(), 60_000);
  assert.ok(performance.now() - begun < 30_000);
  await endedOrLate(
    new Promise(() => {}).finally(() => {
      isOver = true;
    }),
    1,
  );
  assert.equal(isOver, false);
});

test('where the state of the clock cannot be read, only what needs none is done, and it says so', async () => {
  const { world, memory } = clockOf(...all);
  world.ports.store.scan = async () => {
    throw new Error('the row is away');
  };
  const calls = callsOf(world, 'statesWithTimers', 'states', 'pushesOf', 'putScan');
  await assert.rejects(everyMinute(world.ports, memory), (error) => {
    assert.ok(error instanceof AggregateError);
    assert.equal(error.message, 'The clock failed at reading where its chores were: the row is away');
    assert.deepEqual(
      error.errors.map(({ message }) => message),
      ['the row is away'],
    );
    return true;
  });
  assert.deepEqual(
    calls.map(({ name }) => name),
    ['statesWithTimers'],
  );
  assert.deepEqual(memory.failed, []);
});

test('a chore that fails as a whole is named, as is what could not be told', async () => {
  const { world, memory } = clockOf(timers, 'removing what stayed at the run engine');
  timersFail(world);
  world.ports.store.putScan = async () => {
    throw new Error('the row is full');
  };
  await assert.rejects(everyMinute(world.ports, memory), {
    message:
      'The clock failed at removing what stayed at the run engine: the row is full; telling what could not be done: the row is full',
  });
});

test('without a memory every chore begins', async () => {
  const world = createWorld({ registries: [registry] });
  const calls = callsOf(world, 'statesWithTimers', 'states', 'pace', 'dueWebhooks', 'forgetDeliveries');
  await everyMinute(world.ports);
  assert.equal(new Set(calls.map(({ name }) => name)).size, 5);
});

const runOf = (number: number, change: Partial<Run> = {}): Run => ({
  ...sampleRun(registry, formatRunId(registry, number)),
  ...{ nonce: `0000000${number}-0000-4000-8000-000000000000` },
  ...change,
});
/** Each: the run of a key, the key where it is another, whether it is removed. */
const keys: [title: string, run: Run | undefined, key: string | undefined, isRemoved: boolean][] = [
  ['that has ended', runOf(1, { status: 'Failed' }), undefined, true],
  ['that goes on', runOf(1, { status: 'Running' }), undefined, false],
  ['that is gone', undefined, engineKeyOf(runOf(1)), false],
  ['of another app', runOf(1, { status: 'Failed' }), engineKeyOf(runOf(1, { nonce: '9999' })), false],
  ['of nobody', runOf(1, { status: 'Failed' }), 'somebody-elses', false],
  ['that has ended, in capitals', runOf(1, { status: 'Failed' }), engineKeyOf(runOf(1)).toUpperCase(), true],
];
for (const [title, run, key = engineKeyOf(run!), isRemoved] of keys)
  test(`what the engine keeps of a run ${title} ${isRemoved ? 'is removed' : 'stays'}`, async () => {
    const world = createWorld({ registries: [registry, 'otheracr'] });
    const lines = linesOf(world);
    const other = runOf(2, { status: 'Running' });
    for (const value of run ? [run, other] : [other])
      await world.ports.store.commit(registry, [{ put: 'run', value }]);
    const asked: string[] = [];
    const removed: string[] = [];
    world.ports.engine.keys = async (of) => {
      asked.push(of);
      return [key];
    };
    world.ports.engine.forget = async (_, one) => void removed.push(one);
    const scan: Scan = { ...newScan, engineSwept: '2026-11-22' };
    assert.deepEqual(await sweepEngine(world.ports, scan), []);
    assert.deepEqual([asked, removed], [[registry], isRemoved ? [key] : []]);
    assert.deepEqual(
      lines,
      isRemoved ? [['information', `${key} had stayed at the run engine`, { registry }]] : [],
    );
    assert.equal((await scanOf(world))!.engineSwept, today);
    assert.equal(await sweepEngine(world.ports, (await scanOf(world))!), undefined);
    assert.equal(asked.length, 1);
  });

for (const [error, faults] of [
  [new UnreadableError('cut short'), []],
  [new Error('away'), [fault('what stayed at the run engine of appacr')]],
] as const)
  test(`a run that ${faults.length ? 'cannot be asked for is told of' : 'cannot be read keeps what it has'}, and the day is over`, async () => {
    const world = createWorld({ registries: [registry] });
    const run = runOf(1, { status: 'Failed' });
    await world.ports.store.commit(registry, [{ put: 'run', value: run }]);
    world.ports.engine.keys = async () => [engineKeyOf(run)];
    world.ports.engine.forget = async () => assert.fail('it is removed');
    world.ports.store.run = async () => {
      throw error;
    };
    assert.deepEqual(await sweepEngine(world.ports, newScan), faults);
    assert.equal((await scanOf(world))!.engineSwept, today);
  });

test.run();
