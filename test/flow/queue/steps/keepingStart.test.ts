import assert from 'node:assert/strict';
import { test } from 'uvu';
import { thenStart } from '../../../../shared/flow/queue/keepingStart.ts';
import { startKept } from '../../../../shared/flow/start/startKept.ts';
import type { Queue, StartMessage } from '../../../../shared/ports/queue.ts';
import { createWorld, type World } from '../../../worlds/world.ts';

const run = (number: number): StartMessage => ({ registry: 'appacr', runId: `ca${number}` });
type Send = [runs: number[], delaySeconds?: number];

/** @returns what is started when the work is done */
async function startedBy(world: World, work: (queue: Queue) => Promise<void>): Promise<StartMessage[]> {
  const started: StartMessage[] = [];
  await thenStart(
    (keeping) => work(keeping(world.ports).queue),
    async (one) => void started.push(one),
  );
  return started;
}

const rows: { title: string; sends: Send[]; kept?: number; sent: [run: number, delaySeconds: number][] }[] = [
  { title: 'nothing', sends: [], sent: [] },
  { title: 'no run', sends: [[[]]], sent: [] },
  { title: 'one run', sends: [[[1]]], kept: 1, sent: [] },
  { title: 'one run, after no second', sends: [[[1], 0]], kept: 1, sent: [] },
  { title: 'one run later', sends: [[[1], 1]], sent: [[1, 1]] },
  { title: 'one run later and one now', sends: [[[1], 15], [[2]]], kept: 2, sent: [[1, 15]] },
  { title: 'one run now and one later', sends: [[[1]], [[2], 15]], kept: 1, sent: [[2, 15]] },
  {
    title: 'three runs',
    sends: [[[1, 2, 3]]],
    kept: 1,
    sent: [
      [2, 0],
      [3, 0],
    ],
  },
  {
    title: 'one and two',
    sends: [[[1]], [[2, 3]]],
    kept: 1,
    sent: [
      [2, 0],
      [3, 0],
    ],
  },
  { title: 'one run twice', sends: [[[1]], [[1]]], kept: 1, sent: [[1, 0]] },
];

for (const { title, sends, kept: first, sent } of rows)
  test(`work that calls ${title} leaves ${first ? 'one' : 'none'} to be started with it, and ${sent.length} to messages`, async () => {
    const world = createWorld({ registries: ['appacr'] });
    const started = await startedBy(world, async ({ sendStart }) => {
      for (const [runs, delay] of sends) await sendStart(runs.map(run), delay);
    });
    assert.deepEqual(started[0], first && run(first));
    assert.equal(started.length, first ? 1 : 0);
    assert.deepEqual(
      world.messages.map(({ body, due }) => [body, (due - world.now()) / 1000]),
      sent.map(([number, delay]) => [run(number), delay]),
    );
  });

test('what is called after the work has ended is sent its message', async () => {
  const world = createWorld({ registries: ['appacr'] });
  let late: Queue | undefined;
  const started = await startedBy(world, async (queue) => {
    late = queue;
  });
  await late!.sendStart([run(1)]);
  assert.deepEqual([started[0], world.messages.length], [undefined, 1]);
});

test('work that fails has its run started all the same, and fails', async () => {
  const world = createWorld({ registries: ['appacr'] });
  const started: StartMessage[] = [];
  const failing = thenStart(
    async (keeping) => {
      await keeping(world.ports).queue.sendStart([run(1)]);
      throw new Error('a row cannot be read');
    },
    async (one) => void started.push(one),
  );
  await assert.rejects(failing, /a row cannot be read/);
  assert.deepEqual([started, world.messages.length], [[run(1)], 0]);
});

test('other messages are sent as ever', async () => {
  const world = createWorld({ registries: ['appacr'] });
  const started = await startedBy(world, ({ sendFollow }) => sendFollow({ ...run(1), at: 'now' }, 3));
  assert.deepEqual([started[0], world.messages.map(({ queue }) => queue)], [undefined, ['follow']]);
});

test('a run whose row cannot be read is sent its message, and the log says why', async () => {
  const world = createWorld({ registries: ['appacr'] });
  world.ports.store.run = async () => {
    throw new Error('the storage account does not answer');
  };
  await startKept(run(1), world.ports);
  assert.deepEqual(
    world.messages.map(({ body, queue }) => [queue, body]),
    [['start', run(1)]],
  );
  assert.match(world.log.at(-1)!.message, /run ca1 .*: the storage account does not answer/);
});

test('where the queue does not answer either, the message that is handled fails', async () => {
  const world = createWorld({ registries: ['appacr'] });
  const fails = async () => {
    throw new Error('nobody answers');
  };
  world.ports.store.run = fails;
  world.ports.queue.sendStart = fails;
  await assert.rejects(startKept(run(1), world.ports), /nobody answers/);
});

test.run();
