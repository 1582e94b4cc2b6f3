import assert from 'node:assert/strict';
import type { QueueClient } from '@azure/storage-queue';
import { test } from 'uvu';
import { createStorageQueue } from '../../../shared/adapters/storage/storageQueue.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const registry = 'appacr';
const nameOf = (number: number) => `t${String(number).padStart(4, '0')}`;
const numbers = (count: number, step = 1) => Array.from({ length: count }, (_, at) => at * step);

/** A store with so many states in a row, their names in order. */
async function stored(count: number) {
  const main = createCountingTable();
  const others = { edges: createCountingTable().client, pushes: createCountingTable().client };
  const store = createTableStore({ main: main.client, ...others });
  for (let at = 0; at < count; at += 100) {
    const some = numbers(Math.min(100, count - at)).map((number) => nameOf(at + number));
    await store.commit(
      registry,
      some.map((task) => ({ put: 'state', value: sampleState(registry, task) })),
    );
  }
  main.calls.length = 0;
  return { store, main };
}

const costs: [title: string, count: number, asked: number[], ranges: number, points: number][] = [
  ['none', 20, [], 0, 0],
  ['eight', 20, numbers(8, 2), 0, 8],
  ['nine of twenty', 20, numbers(9, 2), 1, 0],
  ['nine, of which one is not there', 20, [...numbers(8, 2), 9999], 1, 0],
  ['nine, of which none is there', 20, numbers(9).map((number) => 5000 + number), 1, 0],
  ['a thousand that are all there', 1000, numbers(1000), 1, 0],
  ['more than one answer has, of which few are left', 1008, numbers(1008), 1, 8],
  ['more than one answer has', 1009, numbers(1009), 2, 0],
  ['one of ten of more than one answer has', 1100, numbers(110, 10), 2, 0],
  ['fewer than one of ten', 1200, numbers(109, 11), 1, 18],
  ['one twice', 20, [3, 3, 3, 3, 3, 3, 3, 3, 3], 0, 1],
];
for (const [title, count, asked, ranges, points] of costs)
  test(`many states are read in few calls, in the order they were asked for: ${title}`, async () => {
    const { store, main } = await stored(count);
    const backwards = asked.toReversed();
    const found = await store.statesOf(registry, backwards.map(nameOf));
    assert.deepEqual(
      found.map((one) => one && !(one instanceof UnreadableError) && one.value.task),
      backwards.map((number) => (number < count ? nameOf(number) : undefined)),
    );
    const of = (kind: string) => main.calls.filter((call) => call.kind === kind).length;
    assert.deepEqual([of('range'), of('point')], [ranges, points]);
  });

test('runs are read by their ids; what is no id, or cannot be read, is told in its place', async () => {
  const { store, main } = await stored(0);
  const runs = ['cg1', 'cg2', 'cg3'].map((runId) => sampleRun(registry, runId));
  await store.commit(
    registry,
    runs.map((value) => ({ put: 'run', value })),
  );
  const [newest] = main.keys(registry);
  main.change(registry, newest!, { version: 9 });
  const [first, none, third, gone] = await store.runsOf(registry, ['cg1', 'no id', 'cg3', 'cg4']);
  assert.ok(first && !(first instanceof UnreadableError) && first.etag);
  assert.deepEqual(first.value, runs[0]);
  assert.deepEqual([none, gone], [undefined, undefined]);
  assert.ok(third instanceof UnreadableError && third.etag, String(third));
});

test('a fault that is not of the row is no row that cannot be read', async () => {
  const { store, main } = await stored(0);
  Object.assign(main.client, { getEntity: () => Promise.reject(new Error('broken')) });
  await assert.rejects(store.statesOf(registry, ['a']), /^Error: broken/);
});

/** A storage queue that keeps what is sent, and how many sends are under way at once. */
function queued() {
  const sent: { message: unknown; options: { visibilityTimeout: number; messageTimeToLive: number } }[] = [];
  const seen = { most: 0, now: 0, reached: 0, limits: 0 };
  const client = {
    url: 'https://a.queue.core.windows.net/plinth-start',
    async sendMessage(text: string, { abortSignal, ...options }: (typeof sent)[number]['options'] & Limit) {
      seen.most = Math.max(seen.most, ++seen.now);
      seen.limits += Number(abortSignal instanceof AbortSignal);
      await new Promise(setImmediate);
      seen.now--;
      sent.push({ message: JSON.parse(Buffer.from(text, 'base64').toString()), options });
    },
    async getProperties({ abortSignal }: Limit) {
      seen.reached += Number(abortSignal instanceof AbortSignal);
    },
  };
  return { queue: createStorageQueue(client as unknown as QueueClient), sent, seen };
}
interface Limit {
  abortSignal: AbortSignal;
}

const starts: [count: number, delay: number | undefined, visible: number, most: number][] = [
  [0, 0, 0, 0],
  [1, undefined, 0, 1],
  [3, 1.2, 2, 3],
  [16, 5, 5, 16],
  [40, 0, 0, 16],
];
for (const [count, delay, visible, most] of starts)
  test(`${count} start messages are sent once each, at most sixteen at a time, and never expire`, async () => {
    const { queue, sent, seen } = queued();
    const messages = numbers(count).map((number) => ({ registry, runId: `ca${number}` }));
    await queue.sendStart(messages, delay);
    assert.deepEqual(sent.map(({ message }) => message).sort(byRun), [...messages].sort(byRun));
    for (const { options } of sent)
      assert.deepEqual(options, { visibilityTimeout: visible, messageTimeToLive: -1 });
    assert.deepEqual([seen.most, seen.limits], [most, count]);
  });
const byRun = (one: unknown, other: unknown) => JSON.stringify(one).localeCompare(JSON.stringify(other));

test('a push is seen at once, what follows a run after its time, and a queue is reached by its properties', async () => {
  const { queue, sent, seen } = queued();
  await queue.sendPush({ id: 'event-1' } as never);
  await queue.sendFollow({ registry, runId: 'cg1' } as never, 7);
  assert.deepEqual(
    sent.map(({ message, options }) => [message, options.visibilityTimeout]),
    [
      [{ id: 'event-1' }, 0],
      [{ registry, runId: 'cg1' }, 7],
    ],
  );
  await queue.reach();
  assert.equal(seen.reached, 1);
});

test.run();
