import assert from 'node:assert/strict';
import { test } from 'uvu';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { isEnded, type Run } from '../../../shared/model/run.ts';
import { runByHand } from '../../worlds/diamondWorld.ts';
import { bad, good, handle, minutes, ownBase, type Two, twoTasks } from '../../worlds/oneBadThing.ts';
import { runsOf } from '../../worlds/world.ts';

const task = 'build-app';
const made = 'goodacr.azurecr.io/build-app:1';

/** A task of another registry that is built on what the task makes, beside the two. */
async function threeTasks(): Promise<Two> {
  const two = await twoTasks();
  const { world, put } = two;
  await put(bad, 'above-app', world.task('above-app', [ownBase, made]));
  await runByHand(world, bad, 'above-app');
  await goOn(two, 3);
  return two;
}

/** Minutes in which messages are handled, builds end well, and the clock ticks. */
async function goOn({ world }: Two, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    for (const event of world.events.splice(0)) await onPush(event, world.ports);
    for (let turn = 0; turn < 4; turn++) {
      await handle(world).catch(() => {});
      for (const build of world.builds) if (!world.hasEnded(build)) world.end(build, 'Succeeded');
    }
    await minutes(world, 1).catch(() => {});
  }
}

const partition = keys.registryPartition(good);
const rowOf = ({ runId }: Run) => keys.runRow(good, runId)!;

/** How a run comes to be, and how far it is when its row can be read no more. */
const moments: [title: string, begin: (two: Two) => Promise<unknown>][] = [
  ['queued by hand', ({ world }) => runByHand(world, good, task)],
  [
    'queued by hand behind another',
    async ({ world }) => {
      await runByHand(world, good, task);
      await runByHand(world, good, task);
    },
  ],
  [
    'queued by a push',
    async ({ world }) => {
      world.push(ownBase);
      for (const event of world.events.splice(0)) await onPush(event, world.ports);
    },
  ],
  [
    'claimed by hand',
    async ({ world }) => {
      await runByHand(world, good, task);
      await handle(world);
    },
  ],
  [
    'claimed after a push',
    async ({ world }) => {
      world.push(ownBase);
      for (const event of world.events.splice(0)) await onPush(event, world.ports);
      await handle(world);
    },
  ],
  [
    'waiting for another',
    async ({ world }) => {
      await runByHand(world, good, task);
      await handle(world);
      await runByHand(world, good, task);
      await handle(world);
    },
  ],
];

async function spoiled(begin: (two: Two) => Promise<unknown>) {
  const two = await threeTasks();
  await begin(two);
  const run = (await runsOf(two.world, good)).at(-1)!;
  assert.ok(!isEnded(run.status), run.status);
  const before = two.main.row(partition, rowOf(run))!.json0;
  two.main.change(partition, rowOf(run), { json0: '{"cut short' });
  const mend = () => two.main.change(partition, rowOf(run), { json0: before });
  return { two, run, mend };
}

for (const [title, begin] of moments) {
  test(`a run ${title} whose row cannot be read: the next push is built, by its task and by what is built on it`, async () => {
    const { two } = await spoiled(begin);
    const { world } = two;
    await goOn(two, 2);
    const digest = world.push(ownBase);
    await goOn(two, 25);
    for (const [registry, name] of [
      [good, task],
      [bad, 'above-app'],
    ] as const) {
      const state = (await world.ports.store.state(registry, name))!.value;
      const built = state.built!.pins.find(({ image }) => image === ownBase)!;
      assert.equal(built.digest, digest, `${name}: ${JSON.stringify(await openOf(two, registry))}`);
    }
  });

  test(`a run ${title} whose row cannot be read: a run by hand after it is built, and none fails`, async () => {
    const { two, run } = await spoiled(begin);
    const { runId } = await runByHand(two.world, good, task);
    await goOn(two, 25);
    assert.equal((await two.world.ports.store.run(good, runId))!.value.status, 'Succeeded');
    for (const other of await runsOf(two.world, good))
      if (other.runId !== run.runId) assert.equal(other.status, 'Succeeded', other.runErrorMessage);
  });

  test(`a run ${title} whose row can be read again ends, and its task has nothing left over`, async () => {
    const { two, run, mend } = await spoiled(begin);
    const { world } = two;
    await goOn(two, 3);
    mend();
    await goOn(two, 25);
    const ended = (await world.ports.store.run(good, run.runId))!.value;
    assert.ok(isEnded(ended.status), `${ended.status}: ${ended.waitingFor?.reason}`);
    const state = (await world.ports.store.state(good, task))!.value;
    assert.deepEqual([state.open, state.aside], [[], undefined]);
    assert.deepEqual((await world.ports.store.pace(good))!.value, { registry: good, running: [] });
    assert.equal(state.built!.pins.find(({ image }) => image === ownBase)!.digest, world.tags.get(ownBase));
  });
}

const openOf = async ({ world }: Two, registry: string) =>
  (await runsOf(world, registry))
    .filter(({ status }) => !isEnded(status))
    .map(({ runId, status, waitingFor }) => [runId, status, waitingFor?.reason]);

test.run();
