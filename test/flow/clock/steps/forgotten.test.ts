import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pruneRuns } from '../../../../shared/flow/clock/pruneRuns.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { newScan, type Scan } from '../../../../shared/model/scan.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { without } from '../../../../shared/model/without.ts';
import { ConflictError, type RunQuery, UnreadableError } from '../../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../../doubles/storeContract.ts';
import { createWorld, runsOf, type World } from '../../../worlds/world.ts';
import { callsOf, registry, time } from '../../push/steps/pushWorld.ts';
import { id, writesOf } from '../../queue/steps/queueRows.ts';

const today = '2026-11-23';
const dayMs = 86_400_000;
const daysAgo = (days: number) => new Date(Date.parse(time) - days * dayMs).toISOString();
/** A run that ended so many days ago. */
const run = (number: number, days: number, change: Partial<Run> = {}): Run => ({
  ...sampleRun(registry, id(number), 'app'),
  ...{
    status: 'Succeeded',
    createTime: daysAgo(days),
    lastUpdatedTime: daysAgo(days),
    finishTime: daysAgo(days),
  },
  ...change,
});
async function worldOf(runs: Run[], state?: Partial<TaskState>, registries = [registry]): Promise<World> {
  const world = createWorld({ registries });
  for (const value of runs) await world.ports.store.commit(value.registry, [{ put: 'run', value }]);
  const value = { ...sampleState(registry, 'app'), ...state };
  if (state) await world.ports.store.commit(registry, [{ put: 'state', value }]);
  return world;
}
const scanWith = (sweeps: Scan['sweeps'], faults?: Scan['faults']): Scan => ({
  ...newScan,
  ...(sweeps && { sweeps }),
  ...(faults && { faults }),
});
const left = async (world: World) => (await runsOf(world, registry)).map(({ runId }) => runId);
const sweepOf = async ({ ports: { store } }: World) => (await store.scan())?.value.sweeps;
const second = { [registry]: { day: '2026-11-22' } };

const mark = { status: 'Succeeded' as const, inputs: '', failures: 0, automatic: true, endedAt: time };
const open = [{ runId: id(7), phase: 'Pinned' as const, automatic: true, canonical: true }];
const newest = { newest: id(9) };
/** Each: what is otherwise of an old run, the state of its task, and whether it goes. */
const rows: [title: string, change: Partial<Run>, state: Partial<TaskState> | undefined, goes: boolean][] = [
  ['that ended long ago', {}, newest, true],
  ['that failed long ago', { status: 'Failed' }, newest, true],
  ['of no task', { task: undefined } as never, newest, true],
  ['of a task that is gone', {}, undefined, true],
  ['of a task in capitals that names it', { task: 'APP' }, { newest: id(7) }, false],
  ['that is the newest of its task', {}, { newest: id(7) }, false],
  ['that is the last of its task', {}, { ...newest, last: { ...mark, runId: id(7) } }, false],
  ['that the image of its task is from', {}, { ...newest, built: { runId: id(7), pins: [] } }, false],
  ['that is open', {}, { ...newest, open }, false],
  ['that is set aside', {}, { ...newest, aside: open }, false],
  [
    'beside others that are named',
    {},
    { newest: id(9), last: { ...mark, runId: id(8) }, built: { runId: id(6), pins: [] } },
    true,
  ],
  ['that is kept', { isArchiveEnabled: true }, newest, false],
  ['that is queued', { status: 'Queued' }, newest, false],
  ['that goes on', { status: 'Running' }, newest, false],
  ['that ended lately', { finishTime: daysAgo(364) }, newest, false],
  ['that ended a year ago', { finishTime: daysAgo(365) }, newest, false],
  ['that ended more than a year ago', { finishTime: daysAgo(365.00001) }, newest, true],
  [
    'that has no end and was written lately',
    { finishTime: undefined, lastUpdatedTime: daysAgo(1) } as never,
    newest,
    false,
  ],
  ['that has no end and was written long ago', { finishTime: undefined } as never, newest, true],
];
for (const [title, change, state, goes] of rows)
  for (const sweeps of [undefined, second])
    test(`a run ${title} ${goes ? 'goes' : 'stays'} in ${sweeps ? 'a later' : 'the first'} sweep`, async () => {
      const world = await worldOf([run(7, 400, change), run(9, 1)], state);
      assert.deepEqual(await pruneRuns(world.ports, scanWith(sweeps)), []);
      assert.deepEqual(await left(world), goes ? [id(9)] : [id(7), id(9)]);
      assert.deepEqual(await sweepOf(world), { [registry]: { day: today } });
    });

/** Each: where the sweep of a registry is, and whether there is anything to do. */
for (const [title, sweep, isDue] of [
  ['never was', undefined, true],
  ['was yesterday', { day: '2026-11-22' }, true],
  ['was today', { day: today }, false],
  ['goes on since today', { day: today, before: id(5) }, true],
  ['goes on since yesterday', { day: '2026-11-22', before: id(5) }, true],
] as const)
  test(`a sweep that ${title} is ${isDue ? 'made' : 'not made'}, and keeps its day`, async () => {
    const world = await worldOf([]);
    const calls = callsOf(world, 'storedRuns', 'runs', 'waiters', 'putScan');
    const faults = await pruneRuns(world.ports, scanWith(sweep && { [registry]: sweep }));
    assert.deepEqual(faults, isDue ? [] : undefined);
    if (!isDue) return assert.deepEqual(calls, []);
    const goesOn = sweep !== undefined && 'before' in sweep;
    assert.deepEqual((await sweepOf(world))![registry], { day: goesOn ? sweep.day : today });
    // What waits for runs that have ended is swept when a sweep begins.
    assert.equal(calls.filter(({ name }) => name === 'waiters').length, goesOn ? 0 : 1);
  });

test('of several registries each has its own sweep, and what fails of one is told', async () => {
  const world = await worldOf([run(7, 400)], undefined, [registry, 'otheracr', 'thirdacr']);
  const { waiters } = world.ports.store;
  world.ports.store.waiters = async (of, ...rest) => {
    if (of === 'otheracr') throw new Error('away');
    return waiters(of, ...rest);
  };
  const sweeps = { thirdacr: { day: today }, gone: { day: '2026-01-01' } };
  await world.ports.store.putScan(scanWith(sweeps), undefined);
  assert.deepEqual(await pruneRuns(world.ports, scanWith(sweeps)), [
    { what: 'the old runs of otheracr', reason: 'away' },
  ]);
  assert.deepEqual(await sweepOf(world), { ...sweeps, [registry]: { day: today } });
});

test('a pass looks at a hundred runs, and the next goes on after them', async () => {
  const world = await worldOf(Array.from({ length: 150 }, (_, at) => run(at + 1, 400)));
  const asked: RunQuery[] = [];
  const { storedRuns } = world.ports.store;
  world.ports.store.storedRuns = (of, only = {}) => {
    asked.push(without(only, 'unread'));
    return storedRuns(of, only);
  };
  await pruneRuns(world.ports, scanWith(undefined));
  assert.deepEqual(await sweepOf(world), { [registry]: { day: today, before: id(51) } });
  assert.equal((await left(world)).length, 50);
  await pruneRuns(world.ports, scanWith(await sweepOf(world)));
  assert.deepEqual(await sweepOf(world), { [registry]: { day: today } });
  assert.deepEqual(await left(world), []);
  assert.deepEqual(asked, [{ atOnce: 100 }, { before: id(51), atOnce: 100 }]);
});

const told = [{ what: 'x', reason: 'before' }];
for (const [title, sweep, kept] of [
  ['begins', { day: '2026-11-22' }, []],
  ['goes on', { day: today, before: id(5) }, told],
] as const)
  test(`what was told before is told ${kept.length ? 'still' : 'no more'} where a sweep ${title}`, async () => {
    const world = await worldOf([]);
    const scan = scanWith(
      { [registry]: sweep },
      { 'forgetting old runs': [...told], other: [{ what: 'y', reason: 'z' }] },
    );
    assert.deepEqual(await pruneRuns(world.ports, scan), kept);
  });

/** Each: the numbers of the runs and their ages, and from which a later sweep goes down. */
const begins: [runs: [number: number, days: number][], before: number | undefined][] = [
  [[], undefined],
  [[[1, 1]], undefined],
  [[[1, 400]], 2],
  [
    [
      [1, 400],
      [2, 1],
    ],
    2,
  ],
  [
    [
      [1, 500],
      [5, 400],
      [9, 366],
      [20, 364],
      [31, 1],
    ],
    20,
  ],
  [
    [
      [3, 364],
      [4, 1],
    ],
    3,
  ],
  [Array.from({ length: 64 }, (_, at) => [at + 1, 400 - at] as [number, number]), 36],
];
for (const [runs, before] of begins)
  test(`of ${runs.length} runs a later sweep begins at ${before ?? 'none'}, found in few looks`, async () => {
    const world = await worldOf(runs.map(([number, days]) => run(number, days)));
    const asked: unknown[] = [];
    const { storedRuns, runs: listed } = world.ports.store;
    let looks = 0;
    world.ports.store.storedRuns = (of, only) => {
      asked.push(only?.before);
      return storedRuns(of, only);
    };
    world.ports.store.runs = (of, only) => {
      looks++;
      assert.equal(only?.atOnce, 1);
      return listed(of, only);
    };
    await pruneRuns(world.ports, scanWith(second));
    const last = runs.at(-1)?.[0] ?? 0;
    assert.ok(looks <= 2 + Math.ceil(Math.log2(last + 1)), `${looks}`);
    assert.equal(asked.length, before === undefined ? 0 : 1);
    // No run between the two is looked at in vain.
    if (before !== undefined) assert.equal(asked[0], id(before));
  });

test('the newest run of a task whose state does not name it is found once, stays, and is written down', async () => {
  const world = await worldOf([run(5, 500), run(7, 400)], {});
  const calls = callsOf(world, 'runs');
  assert.deepEqual(await pruneRuns(world.ports, scanWith(undefined)), []);
  const asked = calls.map(({ args }) => args);
  assert.deepEqual(asked, [[registry, { task: 'app', atOnce: 1 }]]);
  assert.deepEqual(await left(world), [id(7)]);
  assert.equal((await world.ports.store.state(registry, 'app'))!.value.newest, id(7));
});
for (const [error, faults] of [
  [new ConflictError('x'), []],
  [new Error('away'), [{ what: 'the runs of app of appacr', reason: 'away' }]],
] as const)
  test(`where that cannot be written for ${error.name}, its runs ${faults.length ? 'all stay' : 'go all the same'}`, async () => {
    const world = await worldOf([run(5, 500), run(7, 400)], {});
    writesOf(world, () => ({ before: error }));
    assert.deepEqual(await pruneRuns(world.ports, scanWith(undefined)), faults);
    assert.deepEqual(await left(world), faults.length ? [id(5), id(7)] : [id(7)]);
  });
test('a task whose newest run is found by none has an empty one', async () => {
  const world = await worldOf([run(5, 500)], {});
  world.ports.store.runs = async function* () {
    for (const none of [] as Run[]) yield none;
  };
  await pruneRuns(world.ports, scanWith(undefined));
  assert.equal((await world.ports.store.state(registry, 'app'))!.value.newest, '');
});

test('the runs of a task whose state cannot be read stay, those of the others go', async () => {
  const world = await worldOf([run(5, 500), run(6, 450, { task: 'web' }), run(7, 400)], newest);
  const { state } = world.ports.store;
  const asked: string[] = [];
  world.ports.store.state = async (of, task) => {
    asked.push(task);
    if (task === 'app') throw new UnreadableError('cut short');
    return state(of, task);
  };
  const { storedRuns } = world.ports.store;
  world.ports.store.storedRuns = (of, only) => {
    only?.unread?.(new UnreadableError('a run is cut short'));
    return storedRuns(of, only);
  };
  assert.deepEqual(await pruneRuns(world.ports, scanWith(undefined)), [
    { what: 'a row of the store', reason: 'a run is cut short' },
    { what: 'the runs of app of appacr', reason: 'cut short' },
  ]);
  assert.deepEqual(asked.sort(), ['app', 'web'], 'each once');
  assert.deepEqual(await left(world), [id(5), id(7)]);
});

for (const [error, faults] of [
  [new ConflictError('x'), []],
  [new Error('away'), [{ what: 'the old runs of appacr', reason: 'away' }]],
] as const)
  test(`a run that cannot be removed for ${error.name} is ${faults.length ? 'told of' : 'left'}`, async () => {
    const world = await worldOf([run(7, 400)]);
    world.ports.store.forgetRun = async () => {
      throw error;
    };
    assert.deepEqual(await pruneRuns(world.ports, scanWith(undefined)), faults);
  });

const request = {
  overrides: { arguments: [{ name: 'A', value: 'sealed', isSecret: true }], values: [] },
} as Partial<Run>;
const quick = { quickRun: { type: 'EncodedTaskRunRequest' } } as never as Partial<Run>;
const build = { quickBuild: { type: 'DockerBuildRequest' } } as never as Partial<Run>;
/** Each: a young run, and whether what only a start needs is taken from it. */
const requests: [title: string, change: Partial<Run>, isTaken: boolean][] = [
  ['with a quick build', build, true],
  ['with a quick run', quick, true],
  ['with a secret override', request, true],
  ['with an override that is no secret', { overrides: { target: 'x', arguments: [], values: [] } }, false],
  ['that goes on', { ...build, status: 'Running' }, false],
  ['without a request', {}, false],
];
for (const [title, change, isTaken] of requests)
  test(`of a young run ${title} ${isTaken ? 'the request is' : 'nothing is'} taken`, async () => {
    const value = run(7, 1, change);
    const world = await worldOf([value], newest);
    const calls = callsOf(world, 'run');
    const writes = writesOf(world);
    await pruneRuns(world.ports, scanWith(undefined));
    const after = (await runsOf(world, registry))[0]!;
    assert.equal(writes.length, isTaken ? 1 : 0);
    assert.deepEqual(
      [after.quickBuild, after.quickRun],
      isTaken ? [undefined, undefined] : [value.quickBuild, value.quickRun],
    );
    assert.ok(!isTaken || !JSON.stringify(after).includes('sealed'));
    assert.equal(calls.length, isTaken || change.overrides ? 1 : 0);
  });

test('a run that is gone before its request is taken is left', async () => {
  const world = await worldOf([run(7, 1, build)], newest);
  world.ports.store.run = async () => undefined;
  const writes = writesOf(world);
  assert.deepEqual(await pruneRuns(world.ports, scanWith(undefined)), []);
  assert.deepEqual(writes, []);
});

test.run();
