import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startDueTimers } from '../../../shared/flow/clock/startDueTimers.ts';
import { heldNow } from '../../../shared/flow/overall/held.ts';
import { allStates, staleIn, whyStale } from '../../../shared/flow/overall/stale.ts';
import { forecast } from '../../../shared/flow/push/forecast.ts';
import { githubPush } from '../../doubles/sourceDeliveries.ts';
import { deliver as deliverCommit, worldOf } from '../../worlds/deliveryWorld.ts';
import { base, runByHand } from '../../worlds/diamondWorld.ts';
import { deliver, heldWorld, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { createWorld, knownRegistry, taskOf } from '../../worlds/triggerWorld.ts';
import { handling, takeMessages } from '../../worlds/workers.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const pause = 'the release is frozen';

const paused: [patterns: string[], held: string[], planned?: string[]][] = [
  [['mid1acr/*'], ['mid1-task']],
  [['mid2acr/*'], ['app2-task', 'mid2-task']],
  [['MID2ACR/Mid*'], ['mid2-task']],
  [['mid2acr/app2-task'], ['app2-task']],
  [['mid2acr/app'], []],
  [
    ['mid1acr/*', 'mid2acr/*2-task'],
    ['app2-task', 'mid1-task', 'mid2-task'],
  ],
  // It is not built on the base itself: the pushes of what is come later.
  [['baseacr/*'], [], ['app1-task']],
];
for (const [patterns, held, planned = held] of paused)
  test(`${patterns.join(' and ')} paused: of a push of the base ${held.join(', ') || 'nothing'} is held`, async () => {
    const policies = patterns.map((tasks) => ({ tasks, pause }));
    const world = await heldWorld(...policies);
    const plan = await forecast([base], world.ports);
    assert.deepEqual((plan.held ?? []).map(({ task }) => task).sort(), planned);
    world.push(base);
    const decisions = await deliver(world);
    const found = decisions.filter(({ verdict }) => verdict === 'held');
    assert.deepEqual(found.map(({ task }) => task).sort(), held);
    assert.ok(found.every(({ reason }) => / is paused: the release is frozen$/.test(reason)));
  });

const countsOf = async (world: World) =>
  Object.fromEntries(
    await Promise.all(
      ['mid1acr', 'mid2acr', 'baseacr'].map(async (name) => [name, (await runsOf(world, name)).length]),
    ),
  );

test('a paused registry is shown with its reason, builds by hand, and catches up when it is not paused any more', async () => {
  const world = await heldWorld({ tasks: 'mid1acr/*', pause });
  const pushed = world.push(base, `sha256:${'d'.repeat(64)}`);
  await deliver(world);
  const before = await countsOf(world);
  await hours(world, 3);
  assert.equal((await countsOf(world)).mid1acr, before.mid1acr);
  const held = await heldNow(async () => (await allStates(world.ports)).states, world.ports);
  assert.deepEqual(held.pausedTasks, [{ tasks: 'mid1acr/*', reason: pause }]);
  const { policies } = world.ports.settings;
  const states = await allStates(world.ports);
  const [stale] = staleIn('mid1acr', states, held.value, policies).value;
  assert.deepEqual([stale!.task, stale!.because], ['mid1-task', 'held']);
  const why = whyStale({ registry: 'mid1acr', task: 'mid1-task' }, states, held.value, policies);
  assert.match(why.says, /mid1acr\/\* is paused: the release is frozen/);

  world.ports.settings.policies = [];
  await hours(world, 1);
  const state = (await world.ports.store.state('mid1acr', 'mid1-task'))!.value;
  assert.equal(state.built!.pins[0]!.digest, pushed);
});

test('a run by hand of a paused task is built', async () => {
  const world = await heldWorld({ tasks: 'mid1acr/*', pause });
  const pushed = world.push(base);
  await deliver(world);
  await runByHand(world, 'mid1acr', 'mid1-task');
  await settle(world);
  const state = (await world.ports.store.state('mid1acr', 'mid1-task'))!.value;
  assert.equal(state.built!.pins[0]!.digest, pushed);
});

const retried: [what: string, pause: { tasks?: string; images?: string }, again: number][] = [
  ['its task', { tasks: 'mid1acr/mid1-task' }, 0],
  ['its registry', { tasks: 'mid1acr/*' }, 0],
  ['its base image', { images: base }, 0],
  ['the registry of its base image', { images: 'baseacr.azurecr.io/**' }, 0],
  ['another task', { tasks: 'mid2acr/*' }, 1],
  ['another base image', { images: 'docker.io/**' }, 1],
];
for (const [what, policy, again] of retried)
  test(`a run that failed is tried again ${again} times while ${what} is paused`, async () => {
    const world = await heldWorld();
    world.push(base);
    await deliver(world);
    for (let turn = 0; turn < 5; turn++) {
      for (const message of takeMessages(world, 50, () => 0)) await handling(message)(world.ports);
      for (const build of world.builds.filter((one) => one.registry === 'mid1acr'))
        world.end(build, 'Failed');
      world.pass(60);
    }
    const failed = await runsOf(world, 'mid1acr');
    assert.equal(failed.at(-1)!.status, 'Failed');
    world.ports.settings.policies = [{ ...policy, pause }];
    await hours(world, 1);
    assert.equal((await runsOf(world, 'mid1acr')).length - failed.length, again);
  });

test('a timer of a paused task waits until it is not, and has one run then', async () => {
  const world = createWorld();
  const timers = [{ name: 'nightly', schedule: '0 * * * *', status: 'Enabled' }];
  await world.put('webapp', taskOf({ timerTriggers: timers }));
  world.ports.settings.policies = [{ tasks: 'appacr/web*', pause }];
  for (const time of ['11:00:10.000', '12:00:10.000']) {
    world.at(time);
    await startDueTimers(world.ports);
  }
  assert.deepEqual(await world.runs(), []);
  world.ports.settings.policies = [];
  await startDueTimers(world.ports);
  assert.equal((await world.runs()).length, 1);
});

test('a commit starts nothing of a paused task, and its sender is told why', async () => {
  const world = await worldOf();
  world.ports.settings.policies = [{ tasks: `${knownRegistry.name}/*`, pause }];
  const received = await deliverCommit(world, 'push', githubPush());
  assert.deepEqual(received, { decision: 'skipped', reason: `appacr/* is paused: ${pause}` });
  assert.deepEqual(await world.runs(), []);
});

test.run();
