import assert from 'node:assert/strict';
import { test } from 'uvu';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { good, handle, minutes, ownBase, type Two, twoTasks } from '../../worlds/oneBadThing.ts';
import { settle } from '../../worlds/settle.ts';
import { runsOf } from '../../worlds/world.ts';

const task = 'build-app';
const rowOf = (runId: string) => keys.runRow(good, runId)!;

/** Someone's hand in the tables. */
const hands = {
  gone: (two: Two, runId: string) => two.main.client.deleteEntity(keys.registryPartition(good), rowOf(runId)),
  unreadable: async (two: Two, runId: string) =>
    two.main.change(keys.registryPartition(good), rowOf(runId), { json0: '{"cut short' }),
};

/** How far a run has come when its row is spoiled. */
const moments = {
  queued: async () => {},
  'queued behind another': async (two: Two) => void (await runByHand(two.world, good, task)),
  started: async (two: Two) => handle(two.world),
};

for (const [hand, spoil] of Object.entries(hands))
  for (const [moment, before] of Object.entries(moments))
    for (const slots of [1, 4])
      test(`a run ${moment} whose row is ${hand} holds up no other run of its registry, with ${slots} slots`, async () => {
        const two = await twoTasks();
        const { world } = two;
        world.ports.settings.runsPerRegistry = slots;
        const { runId } = await runByHand(world, good, task);
        await before(two);
        await spoil(two, runId);
        const other = world.task('other-app', [ownBase]);
        await two.put(good, 'other-app', other);
        const asked = await runByHand(world, good, 'other-app');
        for (let turn = 0; turn < 16; turn++) {
          await handle(world).catch(() => {});
          for (const build of world.builds) if (!world.hasEnded(build)) world.end(build, 'Succeeded');
          await minutes(world, 1).catch(() => {});
        }
        const run = (await world.ports.store.run(good, asked.runId))!.value;
        assert.equal(run.status, 'Succeeded', run.waitingFor?.reason);
      });

for (const [moment, before] of Object.entries(moments))
  test(`a task with a run ${moment} whose row is gone is rebuilt by the next push`, async () => {
    const two = await twoTasks();
    const { world } = two;
    const { runId } = await runByHand(world, good, task);
    await before(two);
    await hands.gone(two, runId);
    await minutes(world, 3);
    world.push(ownBase);
    await settle(world);
    const state = (await world.ports.store.state(good, task))!.value;
    assert.deepEqual(state.open, []);
    assert.equal(state.last?.status, 'Succeeded');
    assert.equal(state.built?.pins.find(({ image }) => image === ownBase)?.digest, world.tags.get(ownBase));
  });

for (const [hand, spoil] of Object.entries(hands))
  test(`a task with a run whose row is ${hand} can be deleted`, async () => {
    const two = await twoTasks();
    const { runId } = await runByHand(two.world, good, task);
    await spoil(two, runId);
    assert.equal(await deleteTask(registryOf(two.world, good), task, two.world.ports), true);
  });

test('a run whose place in the queue is gone can be cancelled', async () => {
  const { world, main } = await twoTasks();
  const { runId } = await runByHand(world, good, task);
  const place = main.keys(keys.registryPartition(good)).find((key) => key.startsWith('place!'))!;
  await main.client.deleteEntity(keys.registryPartition(good), place);
  await cancelRun(registryOf(world, good), runId, world.ports);
  assert.equal((await world.ports.store.run(good, runId))!.value.status, 'Canceled');
});

for (const [title, columns] of [
  ['gone', undefined],
  ['without its number', { next: undefined }],
  ['with a text for its number', { next: 'many' }],
] as const)
  test(`a counter that is ${title} gives no number of a run a second time`, async () => {
    const { world, main } = await twoTasks();
    const partition = keys.registryPartition(good);
    const before = (await runsOf(world, good)).map(({ runId }) => runId);
    if (columns) main.change(partition, keys.counterRow, columns);
    else await main.client.deleteEntity(partition, keys.counterRow);
    const { runId } = await runByHand(world, good, task);
    assert.ok(!before.includes(runId), runId);
    assert.equal(runId, formatRunId(good, before.length + 1));
  });

test.run();
