import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { base, diamond, diamondWorld, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const [mid1] = diamond as [(typeof diamond)[number]];

const newestRun = async (world: World) => (await runsOf(world, mid1.registry)).at(-1)!;
const builtOn = async (world: World) =>
  (await world.ports.store.state(mid1.registry, mid1.name))!.value.built!.pins[0]!.digest;

async function minutes(world: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    world.pass(60);
    await everyMinute(world.ports);
  }
}

/** For fourteen minutes a replica has not heard of the last push of base. */
function lagging(world: World, before: string): void {
  const { digestOf } = world.ports.registry;
  const until = world.now() + 14 * 60_000;
  world.ports.registry.digestOf = async (reference, login) =>
    reference.repository === 'base' && world.now() < until ? before : digestOf(reference, login);
}

test('a replica that lags does not bring an image back to an old base', async () => {
  const world = await diamondWorld();
  const before = await builtOn(world);
  const pushed = world.push(base);
  const { length } = await runsOf(world, mid1.registry);
  lagging(world, before);
  await settle(world);
  assert.equal(await builtOn(world), pushed);
  assert.equal((await runsOf(world, mid1.registry)).length, length + 1);
});

test('a move back whose event was lost counts after a quarter of an hour', async () => {
  const world = await diamondWorld();
  const before = await builtOn(world);
  const pushed = world.push(base);
  await settle(world);
  world.push(base, before);
  world.events.length = 0;
  await minutes(world, 10);
  assert.equal(await builtOn(world), pushed);
  await minutes(world, 10);
  await settle(world);
  assert.equal(await builtOn(world), before);
});

test('a move back that is announced counts at once', async () => {
  const world = await diamondWorld();
  const before = await builtOn(world);
  world.push(base);
  await settle(world);
  world.pass(1);
  world.push(base, before);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  assert.equal((await newestRun(world)).status, 'Queued');
  await settle(world);
  assert.equal(await builtOn(world), before);
});

test('a run by hand takes what the registry has, where the event is late', async () => {
  const world = await diamondWorld();
  world.push(base);
  await settle(world);
  const newer = world.push(base);
  const late = world.events.splice(0);
  await runByHand(world, mid1.registry, mid1.name);
  await settle(world);
  assert.equal(await builtOn(world), newer);
  const { length } = await runsOf(world, mid1.registry);
  for (const event of late) await onPush(event, world.ports);
  await settle(world);
  assert.equal((await runsOf(world, mid1.registry)).length, length, 'its event starts nothing more');
});

const lost: [what: string, missing: RegExp, minutes: number, ends: string][] = [
  ['what was built, for a minute', /mid1-task/, 1, 'Succeeded'],
  ['what was built, for ten minutes', /mid1-task/, 10, 'Succeeded'],
  ['what was built, for ever', /mid1-task/, 1000, 'Failed'],
  ['the base image, for a minute', /^base/, 1, 'Succeeded'],
  ['the base image, for ten minutes', /^base/, 10, 'Succeeded'],
  ['the base image, for ever', /^base/, 1000, 'Failed'],
];
for (const [what, missing, forMinutes, ends] of lost)
  test(`a replica does not have ${what}: the run ends ${ends}, once`, async () => {
    const world = await diamondWorld();
    const { length } = await runsOf(world, mid1.registry);
    const until = world.now() + forMinutes * 60_000;
    const { imagesOf } = world.ports.registry;
    let asked = 0;
    world.ports.registry.imagesOf = async function* (reference, login, like) {
      const { repository } = reference;
      if (missing.test(repository) && world.now() < until) {
        asked++;
        throw new RegistryError('NotFound', `manifest unknown: ${repository}`);
      }
      yield* imagesOf(reference, login, like);
    };
    world.push(base);
    for (const event of world.events.splice(0)) await onPush(event, world.ports);
    const { runId } = await newestRun(world);
    await settle(world);
    const run = (await world.ports.store.run(mid1.registry, runId))!.value;
    assert.equal(run.status, ends, run.runErrorMessage);
    assert.ok(asked <= 60, `asked ${asked} times`);
    const runs = (await runsOf(world, mid1.registry)).length - length;
    assert.equal(runs, ends === 'Succeeded' ? 1 : 3, 'what failed is tried three times');
    const seconds = (Date.parse(run.lastUpdatedTime) - Date.parse(run.createTime)) / 1000;
    if (ends === 'Failed') assert.ok(seconds >= 900 && seconds < 1100, `${seconds} seconds`);
  });

test('a base image that is gone for long is not waited for', async () => {
  const world = await diamondWorld();
  world.pass(3600);
  const { imagesOf } = world.ports.registry;
  world.ports.registry.imagesOf = async function* (reference, login, like) {
    if (reference.repository === 'base') throw new RegistryError('NotFound', 'manifest unknown: base');
    yield* imagesOf(reference, login, like);
  };
  await runByHand(world, mid1.registry, mid1.name);
  const { runId } = await newestRun(world);
  await settle(world);
  const run = (await world.ports.store.run(mid1.registry, runId))!.value;
  assert.equal(run.status, 'Failed');
  assert.match(run.runErrorMessage!, /could not be held against its base image .*manifest unknown/);
  assert.ok(Date.parse(run.lastUpdatedTime) - Date.parse(run.createTime) < 60_000);
});

test.run();
