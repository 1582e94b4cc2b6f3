import assert from 'node:assert/strict';
import { test } from 'uvu';
import { followRun } from '../../../shared/flow/finish/followRun.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { diamondWorld, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { handling, takeMessages } from '../../worlds/workers.ts';
import type { World } from '../../worlds/world.ts';

const registry = 'mid1acr';
const runOf = async (world: World, runId: string) => (await world.ports.store.run(registry, runId))!.value;

/** A run whose build has succeeded, and of which nobody has asked since. */
async function builtRun() {
  const world = await diamondWorld();
  const { runId } = await runByHand(world, registry, 'mid1-task');
  for (const message of takeMessages(world, 1, () => 0)) await handling(message)(world.ports);
  for (const build of world.builds) if (!world.hasEnded(build)) world.end(build, 'Succeeded');
  return { world, runId };
}

test('a run in whose finish three processes die ends, and the next in the queue starts', async () => {
  const { world, runId } = await builtRun();
  const { imagesOf } = world.ports.registry;
  let deaths = 0;
  world.ports.registry.imagesOf = async function* () {
    deaths++;
    await new Promise<never>(() => {});
  };
  for (let minute = 0; minute < 10; minute++) {
    const { followAt } = await runOf(world, runId);
    if (followAt) void followRun({ registry, runId, at: followAt }, world.ports);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    world.pass(60);
  }
  assert.equal(deaths, 3);
  const run = await runOf(world, runId);
  assert.equal(run.status, 'Error');
  assert.match(run.runErrorMessage!, /ended 3 times while it read/);
  assert.equal(run.finishTries, undefined);
  world.ports.registry.imagesOf = imagesOf;
  await settle(world);
});

test('a finish that meets a busy registry ten times is not taken for ten deaths', async () => {
  const { world, runId } = await builtRun();
  const { imagesOf } = world.ports.registry;
  let busy = 0;
  world.ports.registry.imagesOf = async function* (...given) {
    if (++busy <= 10) throw new RegistryError('Unreachable', 'busy');
    yield* imagesOf(...given);
  };
  await settle(world);
  assert.ok(busy > 10, `${busy} looks`);
  assert.equal((await runOf(world, runId)).status, 'Succeeded');
});

test('a finish that meets another write ten times is not taken for ten deaths, nor for a fault', async () => {
  const { world, runId } = await builtRun();
  const { imagesOf } = world.ports.registry;
  let met = 0;
  world.ports.registry.imagesOf = async function* (...given) {
    if (++met <= 10) throw new ConflictError('another write came between');
    yield* imagesOf(...given);
  };
  await settle(world);
  const run = await runOf(world, runId);
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  assert.ok(met > 10, `${met} tries`);
});

test.run();
