import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  callAgain,
  callNext,
  changeSlots,
  isItsTurn,
  slotsOf,
} from '../../../../shared/flow/queue/nextInQueue.ts';
import type { Slots } from '../../../../shared/model/state.ts';
import { createWorld } from '../../../worlds/world.ts';
import {
  at,
  calls,
  conflict,
  id,
  placed,
  queued,
  queueWorld,
  registry,
  startsOf,
  waits,
  writesOf,
} from './queueRows.ts';

interface Turn {
  title: string;
  /** Of this run it is asked. */
  of?: number;
  queue: number[];
  slots?: Partial<Slots>;
  isTurn: boolean;
  /** How many of the queue are read, of each reading. */
  reads: number[];
  /** Who is sent a start message by the way. */
  sends?: number[];
}
const turns: Turn[] = [
  { title: 'the first', queue: [1, 2], isTurn: true, reads: [1] },
  { title: 'the second', of: 2, queue: [1, 2], isTurn: false, reads: [1] },
  { title: 'one that is not in the queue', of: 9, queue: [1], isTurn: false, reads: [1] },
  {
    title: 'the first, while no slot is free',
    queue: [1],
    slots: { running: [id(8)] },
    isTurn: false,
    reads: [],
  },
  {
    title: 'one that was called',
    of: 2,
    queue: [1, 2],
    slots: { called: calls(2) },
    isTurn: true,
    reads: [],
  },
  {
    title: 'one that was called, whose slot another took',
    ...{ queue: [1, 2], slots: { running: [id(8)], called: calls(1) }, isTurn: false, reads: [] },
  },
  {
    title: 'the first, while another was called',
    ...{ queue: [1, 2], slots: { called: calls(2) }, isTurn: true, reads: [1] },
  },
  {
    title: 'the second, as the first cannot be read',
    of: 2,
    ...{ queue: [1, 2], slots: { skipped: [id(1)] }, isTurn: true, reads: [2] },
  },
];
for (const { title, of = 1, queue, slots, isTurn, reads } of turns)
  test(`it is ${isTurn ? '' : 'not '}the turn of ${title}`, async () => {
    const world = await queueWorld(
      queue.flatMap((number) => placed(queued(number))),
      slots,
    );
    const { store } = world.ports;
    const tops: (number | undefined)[] = [];
    world.ports.store = {
      ...store,
      places(from, asked) {
        assert.equal(asked?.waiting, false, 'those that wait are no part of it');
        tops.push(asked?.top);
        return store.places(from, asked);
      },
    };
    assert.equal(await isItsTurn(registry, id(of), world.ports), isTurn);
    assert.deepEqual(tops, reads);
    assert.deepEqual(startsOf(world), []);
  });

test('one that was called and whose turn it is no more gives its call to another', async () => {
  const world = await queueWorld(placed(queued(1)), { running: [id(8)], called: calls(1, 2) });
  assert.equal(await isItsTurn(registry, id(1), world.ports), false);
  assert.deepEqual((await slotsOf(registry, world.ports)).value.called, calls(2));
});

interface Call {
  title: string;
  queue: number[];
  slots?: Partial<Slots> | 'none';
  handled?: number[];
  again?: true;
  /** What the first write meets. */
  meets?: { before?: Error; after?: Error };
  sends: number[];
  called: number[];
  writes: number;
}
const all: Call[] = [
  { title: 'nobody, of an empty queue', queue: [], sends: [], called: [], writes: 0 },
  { title: 'the first', queue: [1, 2], sends: [1], called: [1], writes: 1 },
  {
    title: 'the first of a registry that never had a run',
    slots: 'none',
    queue: [1],
    sends: [1],
    called: [1],
    writes: 1,
  },
  {
    title: 'nobody, while the first was called',
    queue: [1],
    slots: { called: calls(1) },
    sends: [],
    called: [1],
    writes: 0,
  },
  {
    title: 'the second, as the first does not start',
    ...{ queue: [2], slots: { called: calls(1) }, handled: [1], sends: [2], called: [2], writes: 1 },
  },
  {
    title: 'nobody, as who was called does not start and no other is queued',
    ...{ queue: [], slots: { called: calls(1) }, handled: [1], sends: [], called: [], writes: 1 },
  },
  {
    title: 'who was called, once more',
    ...{ queue: [1], slots: { called: calls(1) }, again: true, sends: [1], called: [1], writes: 1 },
  },
  {
    title: 'nobody, once more, while no slot is free',
    queue: [1],
    slots: { running: [id(8)] },
    again: true,
    sends: [],
    called: [],
    writes: 0,
  },
  {
    title: 'the first, though another write came between',
    queue: [1],
    meets: { before: conflict },
    sends: [1],
    called: [1],
    writes: 2,
  },
  {
    title: 'the first once, though the answer was lost',
    queue: [1, 2],
    meets: { after: conflict },
    sends: [1],
    called: [1],
    writes: 1,
  },
];
for (const { title, queue, slots = {}, handled = [], again, meets, sends, called, writes } of all)
  test(`called is ${title}`, async () => {
    const world = await queueWorld(
      queue.flatMap((number) => placed(queued(number))),
      slots === 'none' ? {} : slots,
    );
    if (slots === 'none') {
      const bare = createWorld({ registries: [registry], runsPerRegistry: 1 });
      await bare.ports.store.commit(
        registry,
        queue.flatMap((number) => placed(queued(number))),
      );
      world.ports.store = bare.ports.store;
    }
    const seen = writesOf(world, (nth) => (nth === 0 && meets) || {});
    const { sendStart } = world.ports.queue;
    let sent = 0;
    world.ports.queue.sendStart = (...given) => {
      sent++;
      return sendStart(...given);
    };
    if (again) await callAgain(registry, world.ports);
    else await callNext(registry, world.ports, ...handled.map(id));
    assert.deepEqual(
      startsOf(world),
      sends.map((number) => [id(number), 0]),
    );
    assert.equal(sent, sends.length, 'no message of nobody');
    const now = (await slotsOf(registry, world.ports)).value;
    assert.deepEqual(
      (now.called ?? []).map(({ runId }) => runId),
      called.map(id),
    );
    assert.equal(seen.length, writes);
  });

test('who waits is not called', async () => {
  const world = await queueWorld(placed(queued(1, { waitingFor: waits(['appacr/x']) })));
  await callNext(registry, world.ports);
  assert.deepEqual(world.messages, []);
});

test('a message that was lost long ago is sent again, with the time of now', async () => {
  const world = await queueWorld(placed(queued(1)), {
    called: [{ runId: id(1), at: at(-3600), by: 'before' }],
  });
  await callNext(registry, world.ports);
  const [call] = (await slotsOf(registry, world.ports)).value.called!;
  assert.deepEqual([call?.runId, call?.at], [id(1), at(0)]);
  assert.notEqual(call?.by, 'before');
});

test('two calls at once never share a mark', async () => {
  const marks = new Set<string>();
  for (let turn = 0; turn < 2; turn++) {
    const world = await queueWorld(placed(queued(1)));
    await callNext(registry, world.ports);
    marks.add((await slotsOf(registry, world.ports)).value.called![0]!.by);
  }
  assert.equal(marks.size, 2);
});

for (const [title, change, known, meets, writes] of [
  ['that are known', true, true, false, 1],
  ['of a registry that never had a run', true, false, false, 1],
  ['where there is nothing to change', false, true, false, 0],
  ['between which another write comes', true, true, true, 2],
] as const)
  test(`slots ${title} are changed in ${writes} writes`, async () => {
    const world = known ? await queueWorld([]) : createWorld({ registries: [registry] });
    const seen = writesOf(world, (nth) => (meets && nth === 0 ? { before: conflict } : {}));
    await changeSlots(registry, world.ports, (slots) =>
      change ? { ...slots, running: [id(7)] } : undefined,
    );
    assert.equal(seen.length, writes);
    const { value } = await slotsOf(registry, world.ports);
    assert.deepEqual(value, { registry, running: change ? [id(7)] : [] });
  });

test('slots of another write meanwhile are not overwritten', async () => {
  const world = await queueWorld([]);
  let tries = 0;
  const { store } = world.ports;
  await changeSlots(registry, world.ports, (slots) => {
    // Another worker's write, between the reading and this one's.
    if (tries++ === 0)
      void store.commit(registry, [{ put: 'pace', value: { registry, running: [id(5)] }, etag: '*' }]);
    return { ...slots, running: [...slots.running, id(7)] };
  });
  assert.deepEqual((await slotsOf(registry, world.ports)).value.running, [id(5), id(7)]);
});

test.run();
