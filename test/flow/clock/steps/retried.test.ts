import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { TaskState } from '../../../../shared/model/state.ts';
import { registry, taskOn, time } from '../../push/steps/pushWorld.ts';
import { ago, own, round, worldOf } from './scanWorld.ts';

const failed: Partial<TaskState> = {
  last: { runId: 'ca2', status: 'Failed', inputs: 'x', failures: 1, automatic: true, endedAt: ago(301) },
  bases: [{ image: own, type: 'RunTime', digest: 'old', pinnedAt: ago(600) }],
  built: { runId: 'ca1', pins: [{ image: own, type: 'RunTime', digest: 'older' }] },
};
/** Each: the state of a task, the round, the policies, and whether it is tried again. */
const retries: [
  title: string,
  change: Partial<TaskState>,
  own: boolean,
  paused: boolean,
  isTried: boolean,
][] = [
  ['that failed', failed, true, false, true],
  ['that failed, in a round of other registries', failed, false, false, false],
  ['that failed just now', { ...failed, last: { ...failed.last!, endedAt: ago(299) } }, true, false, false],
  ['that failed and is paused', failed, true, true, false],
  ['that succeeded', { ...failed, last: { ...failed.last!, status: 'Succeeded' } }, true, false, false],
];
for (const [title, change, isOwn, paused, isTried] of retries)
  test(`a task ${title} is ${isTried ? 'tried again' : 'left alone'}`, async () => {
    const times = isOwn ? { lookedAt: ago(300), polledAt: time } : { lookedAt: time, polledAt: ago(900) };
    const world = await worldOf([taskOn('app', [own], change)], times);
    await world.ports.store.takeRunNumbers(registry, 60);
    if (paused) world.ports.settings.policies = [{ tasks: 'appacr/*', pause: 'frozen' }];
    assert.deepEqual(await round(world), []);
    const { open } = (await world.ports.store.state(registry, 'app'))!.value;
    assert.equal(open.length, isTried ? 1 : 0);
    assert.deepEqual(
      world.messages.map(({ queue }) => queue),
      isTried ? ['start'] : [],
    );
    if (!isTried) return;
    const { runId } = open[0]!;
    const run = (await world.ports.store.run(registry, runId))!.value;
    assert.deepEqual(run.imageUpdateTrigger!.images, [
      { registry: 'appacr.azurecr.io', repository: 'base', tag: '1', digest: 'old' },
    ]);
    const reason = 'run ca2 ended Failed on these base images; try 2 of 3';
    const decisions = await world.ports.store.push(run.imageUpdateTrigger!.id);
    assert.deepEqual(
      decisions.map((one) => [one.verdict, one.reason, one.runId, one.task, one.time]),
      [['started', reason, runId, 'app', time]],
    );
    for await (const one of world.ports.store.decisions(registry, 'app')) assert.deepEqual(one, decisions[0]);
  });

test('what cannot be tried again is told', async () => {
  const world = await worldOf([taskOn('app', [own], failed)]);
  world.ports.store.takeRunNumbers = async () => {
    throw new Error('away');
  };
  assert.deepEqual(await round(world), [{ what: 'trying app of appacr again', reason: 'away' }]);
});

test.run();
