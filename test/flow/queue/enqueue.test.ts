import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { ConflictError, type Store } from '../../../shared/ports/store.ts';
import { base, diamondWorld, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { createWorld, runsOf, type World } from '../../worlds/world.ts';

/** Counts the numbers that are taken, and has every so manieth commit of a push meet another write. */
function disturbed(world: World, every: number) {
  const counts = { numbers: 0, commits: 0 };
  const { store } = world.ports;
  const changed: Store = {
    ...store,
    takeRunNumbers(registry, count) {
      counts.numbers++;
      return store.takeRunNumbers(registry, count);
    },
    async commit(registry, writes) {
      counts.commits++;
      const isMany = writes.length > 8;
      if (isMany && every > 0 && counts.commits % every === 0)
        throw new ConflictError('another write came between');
      return store.commit(registry, writes);
    },
  };
  world.ports.store = changed;
  return counts;
}

async function dependents(count: number) {
  const world = createWorld({ registries: ['baseacr', 'appacr'], runsPerRegistry: 300 });
  world.push(base);
  const knownRegistry = registryOf(world, 'appacr');
  for (let at = 0; at < count; at++) {
    await putTask(knownRegistry, `app-${at}00`, world.task(`app-${at}00`, [base]), world.ports);
    await runByHand(world, 'appacr', `app-${at}00`);
  }
  await settle(world);
  return world;
}

for (const every of [0, 1, 2, 3, 4, 5])
  test(`60 dependents take one block of numbers where ${every === 0 ? 'no transaction is' : `one transaction of ${every} is`} disturbed`, async () => {
    const world = await dependents(60);
    const before = (await runsOf(world, 'appacr')).length;
    world.push(base);
    const counts = disturbed(world, every);
    for (const event of world.events.splice(0)) await onPush(event, world.ports);
    assert.equal(counts.numbers, 1);
    assert.equal((await runsOf(world, 'appacr')).length - before, 60);
  });

test('a run that is queued is answered though its start message cannot be sent', async () => {
  const world = await diamondWorld();
  const { sendStart } = world.ports.queue;
  world.ports.queue.sendStart = async () => {
    throw new Error('the queue is away');
  };
  const knownRegistry = registryOf(world, 'mid1acr');
  const request = { type: 'TaskRunRequest', taskId: 'mid1-task', isArchiveEnabled: false } as const;
  const { runId } = await scheduleTaskRun(knownRegistry, request, world.ports);
  world.ports.queue.sendStart = sendStart;
  await settle(world);
  assert.equal((await world.ports.store.run('mid1acr', runId))!.value.status, 'Succeeded');
});

/** By whether the engine finds a run's build again, what becomes of the build that no row could name at first. */
const unnamed: [keepsKeys: boolean, builds: string[]][] = [
  [true, ['Succeeded']],
  [false, ['Canceled', 'Succeeded']],
];
for (const [keepsKeys, builds] of unnamed)
  test(`an engine’s run that no row names is ${keepsKeys ? 'found by its key' : 'ended, where it is not found again'}`, async () => {
    const world = await diamondWorld(undefined, keepsKeys);
    const before = world.builds.length;
    const { store } = world.ports;
    const { runId } = await runByHand(world, 'mid1acr', 'mid1-task');
    let failed = 0;
    world.ports.store = {
      ...store,
      async commit(registry, writes) {
        const isEngineId = writes.some(
          (write) => 'put' in write && write.put === 'run' && write.value.engineRunId,
        );
        if (isEngineId && failed++ === 0) throw new Error('the table is away');
        return store.commit(registry, writes);
      },
    };
    await settle(world);
    const made = world.builds
      .slice(before)
      .filter(({ request }) => request.imageNames.includes('mid1-task:1'));
    assert.deepEqual(
      made.map(({ run }) => run.status),
      builds,
    );
    assert.equal((await store.run('mid1acr', runId))!.value.status, 'Succeeded');
  });

test.run();
