import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { base, diamondWorld, publicBase } from '../../worlds/diamondWorld.ts';
import { openRuns, settle } from '../../worlds/settle.ts';
import { standsOnTheNewest } from '../../worlds/storm/checks.ts';
import { handling, takeMessages } from '../../worlds/workers.ts';
import type { World } from '../../worlds/world.ts';

const dayMs = 86_400_000;

const deliver = async (world: World) => {
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
};

/** What happens while the app's clock is a day ahead; the rest is left to the time after it was set right. */
const rows: [what: string, happens: (world: World) => Promise<unknown>][] = [
  [
    'a round was done, and an event is lost after it',
    async (world) => {
      await everyMinute(world.ports);
      world.push(base);
      world.events.length = 0;
    },
  ],
  [
    'public base images were looked at, and one moves after that',
    async (world) => {
      await everyMinute(world.ports);
      world.push(publicBase);
    },
  ],
  [
    'the message of a queued run is lost',
    async (world) => {
      world.push(base);
      await deliver(world);
      assert.ok((await openRuns(world)).length > 0);
      world.messages.length = 0;
    },
  ],
  [
    'a run fails, which is to be tried again',
    async (world) => {
      world.push(base);
      await deliver(world);
      for (let turn = 0; turn < 6; turn++) {
        for (const message of takeMessages(world, 50, () => 0)) await handling(message)(world.ports);
        for (const build of world.builds) world.end(build, 'Failed');
        world.pass(60);
      }
      assert.ok(world.builds.some(({ run }) => run.status === 'Failed'));
    },
  ],
  [
    'a worker takes a run to prepare it, and dies',
    async (world) => {
      world.push(base);
      await deliver(world);
      const { store, clock } = world.ports;
      for (const { registry, runId } of await openRuns(world)) {
        const { value, etag } = (await store.run(registry, runId))!;
        const until = new Date(clock.now().getTime() + 60_000).toISOString();
        const preparing = { by: 'a worker that died', until, count: 1 };
        await store.commit(registry, [{ put: 'run', value: { ...value, preparing }, etag }]);
      }
    },
  ],
  [
    'the message of a push in pages is lost, and the event comes again',
    async (world) => {
      world.ports.settings.dependentsAtOnce = 1;
      world.push(base);
      const [event] = world.events;
      await deliver(world);
      const [message] = takeMessages(world, 1, () => 0);
      if (message?.queue === 'push' && 'push' in message.body)
        await world.ports.store.putPushProgress(message.body);
      world.events.push(event!);
    },
  ],
];
for (const [what, happens] of rows)
  test(`while the app's clock is a day ahead ${what}; within the hour after it is set right all is built`, async () => {
    const world = await diamondWorld();
    world.clock.skewMs = dayMs;
    await happens(world);
    world.clock.skewMs = 0;
    const { minutes } = await settle(world);
    assert.ok(minutes <= 60, `${minutes} minutes`);
    standsOnTheNewest(world);
  });

test.run();
