import assert from 'node:assert/strict';
import { test } from 'uvu';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { everyMinute, newClockMemory } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import { runByHand } from '../../worlds/diamondWorld.ts';
import {
  bad,
  good,
  handle,
  lastRun,
  minutes,
  ownBase,
  spoilDocument,
  type Two,
  twoTasks,
} from '../../worlds/oneBadThing.ts';
import { settle } from '../../worlds/settle.ts';

test('a run whose row cannot be read gives its place to others, and has it back when it can be read', async () => {
  const two = await twoTasks();
  const { world, main } = two;
  const store = world.ports.store;
  const { runId } = await runByHand(world, bad, 'build-app');
  const paceOf = async () => (await store.pace(bad))!.value;
  while ((await paceOf()).running.length === 0) await handle(world);
  const rowKey = keys.runRow(bad, runId)!;
  const { json0 } = main.row(bad, rowKey)!;
  spoilDocument(two, bad, rowKey);
  await minutes(world, 3);
  assert.deepEqual(await paceOf(), { registry: bad, running: [], unread: [runId] });
  spoilDocument(two, bad, rowKey, String(json0));
  await minutes(world, 1);
  assert.deepEqual(await paceOf(), { registry: bad, running: [runId] });
  await settle(world);
  assert.equal((await store.run(bad, runId))!.value.status, 'Succeeded');
  assert.deepEqual((await paceOf()).running, []);
});

test('a pace that cannot be read is made anew from the runs that go on', async () => {
  for (const columns of [{ json0: '{' }, { json0: '{}' }, { version: 8 }]) {
    const two = await twoTasks();
    const { world, main } = two;
    const { runId } = await runByHand(world, bad, 'build-app');
    while ((await world.ports.store.pace(bad))!.value.running.length === 0) await handle(world);
    main.change(bad, keys.paceRow, columns);
    await minutes(world, 1);
    assert.deepEqual((await world.ports.store.pace(bad))!.value.running, [runId]);
    await settle(world);
    assert.equal((await lastRun(two, bad)).status, 'Succeeded');
  }
});

test('a push is heard by every task but the one that cannot be read, and its ledger says why', async () => {
  for (const spoil of [
    (two: Two) => spoilDocument(two, bad, keys.stateRow('build-app')),
    (two: Two) => two.main.change(bad, keys.stateRow('build-app'), { version: 2 }),
  ]) {
    const two = await twoTasks();
    const { world } = two;
    spoil(two);
    world.push(ownBase);
    const [event] = world.events.splice(0);
    await onPush(event!, world.ports);
    assert.equal((await lastRun(two, good)).imageUpdateTrigger?.id, event!.id);
    const said = (await world.ports.store.push(event!.id)).map(
      ({ registry, verdict, reason }) => `${registry} ${verdict} ${reason}`,
    );
    assert.ok(
      said.some((line) => /badacr skipped row badacr\/state!build-app/.test(line)),
      said.join('\n'),
    );
  }
});

test('a chore that hangs holds no other, and is not begun again before it ends', async () => {
  const two = await twoTasks();
  const { world } = two;
  let asked = 0;
  let answer = () => {};
  const { digestOf } = world.ports.registry;
  world.ports.registry.digestOf = async (image, login) => {
    if (image.registry !== 'quay.io') return digestOf(image, login);
    asked++;
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return undefined;
  };
  world.pass(Date.parse('2026-11-24T02:40:00.000Z') / 1000 - world.now() / 1000);
  const memory = newClockMemory();
  for (let minute = 0; minute < 21; minute++) {
    world.pass(60);
    await everyMinute(world.ports, memory, 5);
  }
  assert.equal(asked, 1);
  assert.ok(memory.underWay.has('the round over all base images'));
  assert.equal((await lastRun(two, good)).timerTrigger?.timerTriggerName, 'nightly');
  answer();
  await new Promise(setImmediate);
  assert.equal(memory.underWay.size, 0);
});

/** By chore, what it waits for. */
const hanging: [chore: string, port: 'store' | 'registry' | 'engine', method: string][] = [
  ['starting what timers are due', 'store', 'statesWithTimers'],
  ['sending lost messages again', 'store', 'pace'],
  ['the round over all base images', 'registry', 'digestOf'],
  ['registering and removing webhooks', 'store', 'dueWebhooks'],
  ['forgetting old decisions', 'store', 'pushesOf'],
  ['forgetting old deliveries', 'store', 'forgetDeliveries'],
  ['forgetting old runs', 'store', 'runs'],
  ['removing what stayed at the run engine', 'engine', 'keys'],
];

/** Makes a method of a port wait for good, a listing too. */
function hang(ports: Ports, port: 'store' | 'registry' | 'engine', method: string) {
  const methods = ports[port] as unknown as Record<string, unknown>;
  const answering = methods[method];
  let end = () => {};
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(new Error('at last'));
  });
  ended.catch(() => {});
  methods[method] = () => Object.assign(ended, { [Symbol.asyncIterator]: () => ({ next: () => ended }) });
  return () => {
    methods[method] = answering;
    end();
  };
}

for (const [chore, port, method] of hanging)
  test(`a chore that does not end is told of, until it has ended: ${chore}`, async () => {
    const { world } = await twoTasks();
    const memory = newClockMemory();
    const pass = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        world.pass(60);
        await everyMinute(world.ports, memory, 5);
      }
    };
    const late = async () => {
      const { faults = {} } = (await world.ports.store.scan())!.value;
      const told = Object.entries(faults).map(([name, found]) =>
        found.map(({ what, reason }) => `${name}: ${what}: ${reason}`),
      );
      return told.flat().filter((line) => line.includes('under way since'));
    };
    await everyMinute(world.ports, memory);
    world.pass(2 * 86_400 - 60);
    const release = hang(world.ports, port, method);
    await pass(30);
    const since = memory.underWay.get(chore)!.toISOString();
    assert.deepEqual(await late(), []);
    await pass(3);
    // Another that asks for the same hangs with it.
    assert.ok((await late()).includes(`${chore}: the rest: under way since ${since}`));
    release();
    await new Promise(setImmediate);
    // That it failed is told once.
    await pass(1).catch((error: Error) => assert.match(error.message, /: at last$/));
    await pass(3);
    assert.equal(memory.underWay.size, 0);
    assert.deepEqual(await late(), []);
  });

test.run();
