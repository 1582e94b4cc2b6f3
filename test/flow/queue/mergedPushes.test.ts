import assert from 'node:assert/strict';
import { test } from 'uvu';
import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { base, diamond, diamondWorld, publicBase, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settleWithoutRounds } from '../../worlds/settle.ts';
import { standsOnTheNewest } from '../../worlds/storm/checks.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const deliver = async (world: World) => {
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
};
const cancel = (world: World, registry: string, runId: string) =>
  cancelRun(registryOf(world, registry), runId, world.ports);

const rows = diamond.map(({ registry, name, bases }) => ({
  registry,
  name,
  image: bases.find((image) => image !== publicBase)!,
}));

for (const { registry, name, image } of rows)
  test(`a push of ${image} that was merged into a cancelled run by hand of ${name} is built on all the same`, async () => {
    const world = await diamondWorld();
    const { runId } = await runByHand(world, registry, name);
    world.push(image, undefined, image === base ? [] : ['by hand']);
    await deliver(world);
    await cancel(world, registry, runId);
    await settleWithoutRounds(world);
    assert.equal((await world.ports.store.run(registry, runId))!.value.status, 'Canceled');
    // A maker's image that was replaced by hand stands on nothing.
    standsOnTheNewest(world, { task: (other) => other !== name });
    const runs = (await runsOf(world, registry)).filter((run) => run.task === name && run.imageUpdateTrigger);
    assert.equal(runs.length, 1);
  });

test('a run of a push that is cancelled is not built again by itself', async () => {
  const { registry, name } = rows[0]!;
  const world = await diamondWorld();
  world.push(base);
  await deliver(world);
  const run = (await runsOf(world, registry)).find((one) => one.imageUpdateTrigger);
  await cancel(world, registry, run!.runId);
  await settleWithoutRounds(world);
  const runs = (await runsOf(world, registry)).filter((one) => one.task === name && one.imageUpdateTrigger);
  assert.deepEqual(
    runs.map(({ status }) => status),
    ['Canceled'],
  );
});

test('a run by hand into which no push was merged is cancelled, and nothing comes after it', async () => {
  const { registry, name } = rows[0]!;
  const world = await diamondWorld();
  const before = (await runsOf(world, registry)).length;
  const { runId } = await runByHand(world, registry, name);
  await cancel(world, registry, runId);
  await settleWithoutRounds(world);
  assert.equal((await runsOf(world, registry)).length, before + 1);
});

test.run();
