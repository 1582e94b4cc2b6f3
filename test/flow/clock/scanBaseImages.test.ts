import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { stoppedBecause } from '../../../shared/rules/freshness/failing.ts';
import { builtWorld } from '../../worlds/counted.ts';
import { base, diamond, diamondWorld, publicBase, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { handling, takeMessages } from '../../worlds/workers.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const mid1 = diamond[0]!;
const last = async (world: World, { registry, name }: { registry: string; name: string }) =>
  (await world.ports.store.state(registry, name))!.value.last!;
const minutes = async (world: World, count: number) => {
  for (let minute = 0; minute < count; minute++) {
    world.pass(60);
    await everyMinute(world.ports);
  }
};
/** Every build of the task fails from now on. */
async function failing(world: World, task: string, turns: number) {
  for (let turn = 0; turn < turns; turn++) {
    for (const message of takeMessages(world, 50, () => 0)) await handling(message)(world.ports);
    for (const build of world.builds)
      if (!world.hasEnded(build))
        world.end(build, build.request.imageNames[0]!.startsWith(task) ? 'Failed' : 'Succeeded');
    world.pass(2);
  }
}

test('a push whose event never came is found within one interval, and is as good as delivered', async () => {
  const world = await diamondWorld();
  const digest = world.push(base);
  world.events.length = 0;
  await minutes(world, 5);
  const found = (await runsOf(world, mid1.registry)).at(-1)!;
  assert.equal(found.status, 'Queued');
  assert.equal(found.imageUpdateTrigger!.images[0]!.digest, digest);
  await settle(world);
  assert.equal((await last(world, mid1)).status, 'Succeeded');
});

test('a base image is read once a round, however many dependents it has', async () => {
  const world = await diamondWorld();
  await minutes(world, 6);
  world.looks.length = 0;
  await minutes(world, 5);
  const ours = diamond
    .map(({ makes }) => makes)
    .filter((image) => diamond.some((t) => t.bases.includes(image)));
  assert.deepEqual([...world.looks].sort(), [base, ...ours].sort());
});

test('an image in a registry that sends no events is looked at by its own interval', async () => {
  const world = await diamondWorld();
  await minutes(world, 16);
  world.looks.length = 0;
  await minutes(world, 15);
  assert.equal(world.looks.filter((image) => image === publicBase).length, 1);
  assert.equal(world.looks.filter((image) => image === base).length, 3);
});

test('a registry that asks to slow down is left alone for as long as it says, and shown', async () => {
  const world = await diamondWorld();
  await minutes(world, 16);
  world.trouble.registry = (image) =>
    image === publicBase
      ? new RegistryError('TooManyRequests', 'docker.io asks to slow down', { retryAfter: 2400 })
      : undefined;
  await minutes(world, 15);
  const { value } = (await world.ports.store.scan())!;
  assert.deepEqual(value.unseen, [{ image: publicBase, reason: 'docker.io asks to slow down' }]);
  assert.ok(value.pausedUntil['docker.io']! > new Date(world.now() + 1000 * 1000).toISOString());
  world.looks.length = 0;
  await minutes(world, 30);
  assert.equal(world.looks.filter((image) => image === publicBase).length, 0);
  delete world.trouble.registry;
  await minutes(world, 30);
  assert.ok(world.looks.includes(publicBase));
  assert.deepEqual((await world.ports.store.scan())!.value.unseen, []);
});

test('a registry that does not answer three times is given up for the round: what is under way is the last', async () => {
  const images = Array.from({ length: 40 }, (_, at) => `baseacr.azurecr.io/many:${at}`);
  const tasks = images.map((image, at) => ({ registry: 'appacr', name: `app${at}`, bases: [image] }));
  const world = await builtWorld('many images', { runsPerRegistry: 40 }, tasks, images);
  world.trouble.registry = () => new RegistryError('Unreachable', 'no answer');
  world.looks.length = 0;
  await minutes(world, 5);
  // So many are asked for at once.
  assert.equal(world.looks.length, 16);
  const { unseen } = (await world.ports.store.scan())!.value;
  const leftAlone = unseen.filter(({ reason }) => /left alone for the rest of the round/.test(reason));
  assert.deepEqual([unseen.length, leftAlone.length], [40, 24]);
});

test('the same base images are tried three times with growing pauses; then the task stops and says so', async () => {
  const world = await diamondWorld();
  world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  await failing(world, mid1.name, 8);
  assert.equal((await last(world, mid1)).failures, 1);
  const tries = async () => (await runsOf(world, mid1.registry)).length - 1;
  await minutes(world, 4);
  assert.equal(await tries(), 1, 'not before five minutes');
  await minutes(world, 6);
  await failing(world, mid1.name, 8);
  assert.equal(await tries(), 2);
  await minutes(world, 21);
  await failing(world, mid1.name, 8);
  assert.equal(await tries(), 3);
  await minutes(world, 120);
  assert.equal(await tries(), 3, 'no fourth by itself');
  assert.equal((await last(world, mid1)).failures, 3);
  const state = (await world.ports.store.state(mid1.registry, mid1.name))!.value;
  assert.match(stoppedBecause(state)!, /failed 3 times in a row.*run cs4/s);

  world.push(base);
  await settle(world);
  assert.equal((await last(world, mid1)).status, 'Succeeded', 'another digest goes on');
});

test('what a person runs and sees fail is not tried again by itself', async () => {
  const world = await diamondWorld();
  await runByHand(world, mid1.registry, mid1.name);
  await failing(world, mid1.name, 8);
  await minutes(world, 60);
  assert.equal((await runsOf(world, mid1.registry)).length, 2);
});

test('a place in the pace that nobody has a right to is given back', async () => {
  const world = await diamondWorld();
  const pace = await world.ports.store.pace('mid1acr');
  const value = { registry: 'mid1acr', running: ['cs1', 'cszz'] };
  await world.ports.store.commit('mid1acr', [{ put: 'pace', value, etag: pace!.etag }]);
  await minutes(world, 1);
  assert.deepEqual((await world.ports.store.pace('mid1acr'))!.value.running, []);
});

test('decisions older than the ledger keeps are forgotten, younger ones stay', async () => {
  const world = await diamondWorld();
  world.push(base);
  await settle(world);
  const decisions = async () => {
    const ids: string[] = [];
    for await (const { push } of world.ports.store.decisions(mid1.registry, mid1.name)) ids.push(push.id);
    return ids;
  };
  const [old] = await decisions();
  assert.ok(old && (await world.ports.store.push(old)).length > 0);
  world.pass(89 * 86_400);
  world.push(base);
  await settle(world);
  assert.equal((await decisions()).length, 2);
  world.pass(3 * 86_400);
  await minutes(world, 2);
  assert.equal((await decisions()).length, 1);
  assert.deepEqual(await world.ports.store.push(old), []);
});

test.run();
