import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { pruneDeliveries } from '../../../shared/flow/clock/pruneDeliveries.ts';
import { pruneLedger } from '../../../shared/flow/clock/pruneLedger.ts';
import type { Run } from '../../../shared/model/run.ts';
import { newScan } from '../../../shared/model/scan.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import { type Aging, aging, ended, id, ofNoTask, putRuns } from '../../worlds/aging.ts';
import { push, registry } from '../../worlds/countedWorld.ts';

const putState = ({ store }: Aging, change: Partial<TaskState> = {}, task = 'task1') =>
  store.commit(registry, [{ put: 'state', value: { ...sampleState(registry, task), ...change } }]);

const last = (number: number) => ({
  runId: id(number),
  status: 'Succeeded' as const,
  inputs: '',
  failures: 0,
  automatic: true,
  endedAt: '2025-01-01T00:00:00.000Z',
});

/** Each: a run of number 7, older or younger than a year, beside others, and whether it is still there after a sweep. */
const rows: [what: string, make: (world: Aging) => Promise<unknown>, stays: boolean][] = [
  [
    'an old run of a task that ran again',
    async (w) => {
      await putState(w, { newest: id(9), last: last(9) });
      await putRuns(w, ended(w, 7, 400), ended(w, 9, 10));
    },
    false,
  ],
  ['an old quick run', (w) => putRuns(w, ofNoTask(ended(w, 7, 400))), false],
  ['an old run of a task that was deleted', (w) => putRuns(w, ended(w, 7, 400)), false],
  [
    'an old run that failed',
    async (w) => {
      await putState(w, { newest: id(9) });
      await putRuns(w, ended(w, 7, 400, { status: 'Failed' }));
    },
    false,
  ],
  [
    'a run that was asked for long ago and ended lately',
    (w) => putRuns(w, ended(w, 7, 370, { finishTime: w.ago(364) })),
    true,
  ],
  ['a run of 364 days', (w) => putRuns(w, ended(w, 7, 364)), true],
  ['an old run that is queued', (w) => putRuns(w, ended(w, 7, 400, { status: 'Queued' })), true],
  ['an old run that goes on', (w) => putRuns(w, ended(w, 7, 400, { status: 'Running' })), true],
  ['an old run that is archived', (w) => putRuns(w, ended(w, 7, 400, { isArchiveEnabled: true })), true],
  [
    'the last run of a task',
    async (w) => {
      await putState(w, { newest: id(7) });
      await putRuns(w, ended(w, 7, 400));
    },
    true,
  ],
  [
    'the last run of a task whose state is of an earlier version',
    async (w) => {
      await putState(w);
      await putRuns(w, ended(w, 5, 500), ended(w, 7, 400));
    },
    true,
  ],
  [
    'the last run of a task as it is defined',
    async (w) => {
      await putState(w, { newest: id(9), last: last(7) });
      await putRuns(w, ended(w, 7, 400));
    },
    true,
  ],
  [
    'the run that the image of a task is from',
    async (w) => {
      await putState(w, { newest: id(9), last: last(9), built: { runId: id(7), pins: [] } });
      await putRuns(w, ended(w, 7, 400));
    },
    true,
  ],
  [
    'an ended run that the state still calls open',
    async (w) => {
      const open = [{ runId: id(7), phase: 'Pinned' as const, automatic: true, canonical: true }];
      await putState(w, { newest: id(9), open });
      await putRuns(w, ended(w, 7, 400));
    },
    true,
  ],
  [
    'an old run of a task whose state cannot be read',
    async (w) => {
      await putRuns(w, ended(w, 7, 400));
      const { state } = w.store;
      w.store.state = async (...of) => {
        if (of[1] === 'task1') throw new Error('row is not JSON');
        return state(...of);
      };
    },
    true,
  ],
];
for (const [what, make, stays] of rows)
  for (const sweeps of ['first', 'second'] as const)
    test(`${what} ${stays ? 'stays' : 'goes'} in the ${sweeps} sweep`, async () => {
      const world = aging();
      if (sweeps === 'second') {
        await world.wholeSweep();
        world.pass(1);
      }
      await make(world);
      await world.wholeSweep();
      assert.equal((await world.ids()).includes(id(7)), stays);
    });

test('a pass costs at most a page of runs, the state of each task in it, and a call for each that is removed, among however many', async () => {
  const world = aging();
  await world.wholeSweep();
  world.pass(1);
  const count = 5_000;
  for (let at = 1; at <= count; at += 100)
    await putRuns(
      world,
      ...Array.from({ length: 100 }, (_, one) => ended(world, at + one, at < 2500 ? 400 : 10)),
    );
  await putState(world, { newest: id(count) });

  const first = await world.cost(() => world.sweep());
  // Where the old ones begin is found by halving; then what waits for runs that have ended, a page, the state, the removal, and what the clock remembers.
  assert.ok(first.main!.calls <= 13 + 4 + 102, `${first.main!.calls} calls`);
  assert.ok(first.main!.rows <= 13 + 100 + 3, `${first.main!.rows} rows`);
  const next = await world.cost(() => world.sweep());
  assert.deepEqual(next.main, { calls: 105, rows: 103 });

  const passes = await world.wholeSweep();
  assert.equal((await world.ids()).length, count - 2500);
  assert.ok(passes <= 25, `${passes} passes`);
  const rest = await world.cost(() => world.sweep());
  assert.deepEqual(rest.main, { calls: 1, rows: 1 }, 'nothing more that day');
});

test('the newest run of a task whose state an earlier version wrote is looked for once', async () => {
  const world = aging();
  await world.wholeSweep();
  world.pass(1);
  await putRuns(world, ended(world, 1, 400), ended(world, 2, 400));
  for (let at = 3; at <= 402; at += 100)
    await putRuns(
      world,
      ...Array.from({ length: 100 }, (_, one) => ended(world, at + one, 400, { task: 'other' })),
    );
  await putState(world, {});
  const first = await world.cost(() => world.wholeSweep());
  assert.ok(first.main!.rows > 400, `${first.main!.rows} rows`);
  assert.deepEqual((await world.store.state(registry, 'task1'))?.value.newest, id(2));
  await putRuns(world, ended(world, 500, 400));
  world.pass(1);
  const second = await world.cost(() => world.wholeSweep());
  assert.ok(second.main!.rows < 30, `${second.main!.rows} rows`);
  assert.ok((await world.ids()).includes(id(2)), 'the newest run of the task stays');
});

test('a run that cannot be read stays, keeps no other from going, and is told of until the sweep ends', async () => {
  const world = aging();
  for (let at = 1; at <= 250; at++) await putRuns(world, ofNoTask(ended(world, at, 400)));
  const broken = { ...ofNoTask(ended(world, 240, 400)), status: 'Unheard of' } as unknown as Run;
  const { etag } = (await world.store.run(registry, id(240)))!;
  await world.store.commit(registry, [{ put: 'run', value: broken, etag }]);
  const first = await world.sweep();
  assert.match(first![0]!.reason, /expected shape at status/);
  await world.wholeSweep();
  assert.deepEqual(await world.ids(), []);
  await assert.rejects(world.store.run(registry, id(240)), /run!.* does not have the expected shape/);
});

test('decisions go by the day, at most 200 pushes a pass, and a day that cannot be emptied keeps no other', async () => {
  const world = aging();
  const record = async (name: string, days: number) => {
    const of = { ...push('a.azurecr.io/b:1'), id: name, timestamp: world.ago(days) };
    const row = {
      push: of,
      registry,
      task: 'task1',
      verdict: 'skipped' as const,
      reason: '',
      time: world.ago(days),
    };
    await world.store.commit(registry, [{ put: 'decision', value: row }]);
    await world.store.recordPush(name, [row]);
  };
  for (let at = 0; at < 250; at++) await record(`old-${at}`, 100);
  await record('stuck', 99);
  await record('older', 98);
  await record('young', 10);
  await world.store.putScan({ ...newScan, ledgerFrom: world.ago(101).slice(0, 10) }, undefined);
  const { forgetPush } = world.store;
  world.store.forgetPush = async (day, of) => {
    if (of.id === 'stuck') throw new Error('no');
    return forgetPush(day, of);
  };
  const pass = async () => pruneLedger(world.flow, await world.watch());
  const first = await world.cost(pass);
  assert.ok(first.pushes!.calls <= 3 * 200 + 10 && first.main!.calls <= 200 + 3, JSON.stringify(first));
  const faults = [...(await pass())!, ...((await pass()) ?? [])];
  assert.deepEqual(
    faults.map(({ what }) => what.split(' of ')[0]),
    ['push stuck'],
  );
  const left: string[] = [];
  for await (const decision of world.store.decisions(registry, 'task1')) left.push(decision.push.id);
  assert.deepEqual(left, ['young', 'stuck']);
  assert.equal(await pruneLedger(world.flow, await world.watch()), undefined, 'nothing more that day');
});

test('marks of deliveries go after their days, at most 100 a pass', async () => {
  const world = aging();
  const keys = Array.from({ length: 250 }, (_, at) => `push ${at}`);
  for (const key of [...keys, 'young'])
    await world.store.commit(registry, [
      {
        put: 'delivery',
        value: {
          registry,
          task: 'task1',
          trigger: 't',
          key,
          runId: 'cx1',
          time: world.ago(key === 'young' ? 80 : 91),
        },
      },
    ]);
  const pass = async () => pruneDeliveries(world.flow, await world.watch());
  const { main } = await world.cost(pass);
  assert.ok(main!.calls <= 3, `${main!.calls} calls`);
  await pass();
  await pass();
  assert.equal(await world.store.delivery(registry, 'task1', 't', 'push 0'), undefined);
  assert.equal(await world.store.delivery(registry, 'task1', 't', 'push 249'), undefined);
  assert.equal(await world.store.delivery(registry, 'task1', 't', 'young'), 'cx1');
  assert.equal(await pass(), undefined);
});

test('two clocks at once remove the same rows once, and neither fails', async () => {
  const world = aging();
  for (let at = 1; at <= 150; at++) await putRuns(world, ofNoTask(ended(world, at, 400)));
  await Promise.all([everyMinute(world.flow), everyMinute(world.flow)]);
  await Promise.all([everyMinute(world.flow), everyMinute(world.flow)]);
  assert.deepEqual(await world.ids(), []);
});

test.run();
