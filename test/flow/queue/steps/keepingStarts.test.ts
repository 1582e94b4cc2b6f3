import assert from 'node:assert/strict';
import { test } from 'uvu';
import { keepingStarts } from '../../../../shared/flow/queue/keepingStarts.ts';
import { startKept } from '../../../../shared/flow/start/startKept.ts';
import type { StartMessage } from '../../../../shared/ports/queue.ts';
import { createWorld } from '../../../worlds/world.ts';

const run = (number: number): StartMessage => ({ registry: 'appacr', runId: `ca${number}` });
type Send = [runs: number[], delaySeconds?: number];

const rows: { title: string; sends: Send[]; kept: number[]; sent: [run: number, delaySeconds: number][] }[] =
  [
    { title: 'nothing', sends: [], kept: [], sent: [] },
    { title: 'no run', sends: [[[]]], kept: [], sent: [] },
    { title: 'one run', sends: [[[1]]], kept: [1], sent: [] },
    { title: 'one run, without a delay of a second', sends: [[[1], 0]], kept: [1], sent: [] },
    { title: 'one run later', sends: [[[1], 1]], kept: [], sent: [[1, 1]] },
    { title: 'one run later and one now', sends: [[[1], 15], [[2]]], kept: [2], sent: [[1, 15]] },
    { title: 'four runs', sends: [[[1, 2, 3, 4]]], kept: [1, 2, 3, 4], sent: [] },
    { title: 'five runs', sends: [[[1, 2, 3, 4, 5]]], kept: [1, 2, 3, 4], sent: [[5, 0]] },
    {
      title: 'three and three',
      sends: [[[1, 2, 3]], [[4, 5, 6]]],
      kept: [1, 2, 3, 4],
      sent: [
        [5, 0],
        [6, 0],
      ],
    },
    { title: 'a fifth by itself', sends: [[[1, 2, 3, 4]], [[5]]], kept: [1, 2, 3, 4], sent: [[5, 0]] },
  ];

for (const { title, sends, kept, sent } of rows)
  test(`work that calls ${title} leaves ${kept.length} to be started with it, and ${sent.length} to messages`, async () => {
    const world = createWorld({ registries: ['appacr'] });
    const found: StartMessage[] = [];
    const { queue } = keepingStarts(world.ports, found);
    for (const [runs, delay] of sends) await queue.sendStart(runs.map(run), delay);
    assert.deepEqual(found, kept.map(run));
    assert.deepEqual(
      world.messages.map(({ body, due }) => [body, (due - world.now()) / 1000]),
      sent.map(([number, delay]) => [run(number), delay]),
    );
  });

test('other messages are sent as ever', async () => {
  const world = createWorld({ registries: ['appacr'] });
  const kept: StartMessage[] = [];
  await keepingStarts(world.ports, kept).queue.sendFollow({ ...run(1), at: 'now' }, 3);
  assert.deepEqual([kept.length, world.messages.map(({ queue }) => queue)], [0, ['follow']]);
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
