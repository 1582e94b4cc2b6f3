import assert from 'node:assert/strict';
import { test } from 'uvu';
import { live } from '../../../shared/flow/overall/live.ts';
import type { LiveRun } from '../../../shared/graph/answers.ts';
import type { Run } from '../../../shared/model/run.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld } from '../../worlds/world.ts';
import { callsOf, linesOf } from '../push/steps/pushWorld.ts';

const registry = 'appacr';
const time = '2026-11-23T10:00:00.000Z';
const id = (number: number) => formatRunId(registry, number);
const run = (change: Partial<Run> = {}): Run => ({ ...sampleRun(registry, id(1), 'app'), ...change });
const shown: LiveRun = { runId: id(1), task: 'app', status: 'Queued', createTime: time };
const image = { registry: 'baseacr.azurecr.io', repository: 'base' };
const digest = `sha256:${'a'.repeat(64)}`;
const pushed = (...images: object[]): Partial<Run> => ({
  imageUpdateTrigger: { id: 'p1', timestamp: '2026-11-23T09:00:00.000Z', images: images as never },
});
const waitingFor = { runs: [], images: [], reason: 'the registry is busy' };

const rows: [title: string, run: Run, shown: LiveRun][] = [
  ['that is queued', run(), shown],
  ['of no task', without(run(), 'task') as Run, without(shown, 'task') as LiveRun],
  [
    'that has begun',
    run({ status: 'Running', startTime: '2026-11-23T10:01:00.000Z' }),
    { ...shown, status: 'Running', startTime: '2026-11-23T10:01:00.000Z' },
  ],
  [
    'that has ended',
    run({ status: 'Failed', finishTime: '2026-11-23T10:02:00.000Z' }),
    { ...shown, status: 'Failed', finishTime: '2026-11-23T10:02:00.000Z' },
  ],
  [
    'of a push of a tag',
    run(pushed({ ...image, tag: '1', digest }, { ...image, tag: '2', digest })),
    {
      ...shown,
      push: 'p1',
      pushed: {
        image: 'baseacr.azurecr.io/base:1',
        digest: `sha256:${'a'.repeat(12)}`,
        time: '2026-11-23T09:00:00.000Z',
      },
    },
  ],
  [
    'of a push that names neither tag nor digest',
    run(pushed(image)),
    {
      ...{ ...shown, push: 'p1' },
      pushed: { image: 'baseacr.azurecr.io/base:latest', time: '2026-11-23T09:00:00.000Z' },
    },
  ],
  ['of a push that names no image', run(pushed()), { ...shown, push: 'p1' }],
  ['that waits', run({ waitingFor }), { ...shown, waits: 'the registry is busy' }],
  [
    'that waits for a time',
    run({ waitingFor: { ...waitingFor, nextTry: '2026-11-23T10:05:00.000Z' } }),
    { ...shown, waits: 'the registry is busy', nextTry: '2026-11-23T10:05:00.000Z' },
  ],
  [
    'that is given up some time',
    run({ waitingFor: { ...waitingFor, givenUpAt: '2026-11-23T11:00:00.000Z' } }),
    { ...shown, waits: 'the registry is busy', givenUpAt: '2026-11-23T11:00:00.000Z' },
  ],
  ['that has waited and runs', run({ status: 'Running', waitingFor }), { ...shown, status: 'Running' }],
];
for (const [title, value, expected] of rows)
  test(`a run ${title} is shown`, async () => {
    const { ports } = createWorld({ registries: [registry] });
    await ports.store.commit(registry, [{ put: 'run', value }]);
    assert.deepEqual((await live(ports)).registries, [
      { name: registry, running: [], queued: [], runs: [expected] },
    ]);
  });

/** Each: how many runs there are, how many are shown, and whether the queue is longer than what is shown of it. */
for (const [runs, isMore] of [
  [0, false],
  [50, false],
  [51, false],
  [199, false],
  [200, true],
  [230, true],
] as const)
  test(`of ${runs} queued runs the newest 50 and the first 200 of the queue are shown`, async () => {
    const world = createWorld({ registries: [registry] });
    const { store } = world.ports;
    for (let number = 1; number <= runs; number++)
      await store.commit(registry, [
        { put: 'run', value: { ...run(), runId: id(number) } },
        { put: 'place', value: { registry, runId: id(number), automatic: true } },
      ]);
    await store.commit(registry, [{ put: 'pace', value: { registry, running: ['ca900'] } }]);
    const calls = callsOf(world, 'runs', 'places', 'pace');
    const [told] = (await live(world.ports)).registries;
    assert.deepEqual(told!.running, ['ca900']);
    assert.equal(told!.queued.length, Math.min(runs, 200));
    assert.equal(told!.more, isMore ? true : undefined);
    assert.deepEqual(
      told!.runs.map(({ runId }) => runId),
      Array.from({ length: Math.min(runs, 50) }, (_, at) => id(runs - at)),
    );
    // No more are read than are shown.
    assert.deepEqual(calls.find(({ name }) => name === 'runs')!.args, [registry, { atOnce: 50 }]);
    assert.equal(calls.length, 3);
  });

test('a registry that cannot be read says so, and the others are shown', async () => {
  const world = createWorld({ registries: [registry, 'otheracr'] });
  const lines = linesOf(world);
  const { store } = world.ports;
  await store.commit(registry, [{ put: 'run', value: run() }]);
  const { pace } = store;
  world.ports.store.pace = async (of) => {
    if (of === 'otheracr') throw new Error('the table is away');
    return pace(of);
  };
  assert.deepEqual((await live(world.ports)).registries, [
    { name: registry, running: [], queued: [], runs: [shown] },
    {
      name: 'otheracr',
      fault: "otheracr could not be read; the app's log says why.",
      ...{ running: [], queued: [], runs: [] },
    },
  ]);
  assert.deepEqual(lines, [
    ['error', 'otheracr could not be read: the table is away', { registry: 'otheracr' }],
  ]);
});

test.run();
