import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { QueueEntry, Slots } from '../../../shared/model/state.ts';
import {
  dispatch,
  freeSlots,
  headsWanted,
  turnOf,
  turnsWanted,
  withoutCalled,
} from '../../../shared/rules/queue/dispatch.ts';
import { messageLostSeconds } from '../../../shared/rules/timing.ts';

const now = new Date('2026-11-23T10:00:00.000Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const ids = (text: string) => text.split(' ').filter(Boolean);

interface Row {
  title: string;
  /** Runs at once. */
  most: number;
  running?: string;
  /** Called a second ago. */
  called?: string;
  /** Called so many seconds ago. */
  seconds?: number;
  skipped?: string;
  /** The queue, in its order; only what headsWanted names is read of it. */
  queue?: string;
  sends?: string;
  /** Those who stand as called afterwards. */
  stand?: string;
}

const rows: Row[] = [
  { title: 'an empty queue', most: 2 },
  { title: 'an empty queue and a run under way', most: 2, running: 'c1' },
  { title: 'one run, and one slot', most: 1, queue: 'c1', sends: 'c1', stand: 'c1' },
  { title: 'one run, and two slots', most: 2, queue: 'c1', sends: 'c1', stand: 'c1' },
  { title: 'two runs, and one slot', most: 1, queue: 'c1 c2', sends: 'c1', stand: 'c1' },
  { title: 'two runs, and two slots', most: 2, queue: 'c1 c2', sends: 'c1 c2', stand: 'c1 c2' },
  { title: 'more runs than slots', most: 2, queue: 'c1 c2 c3 c4', sends: 'c1 c2', stand: 'c1 c2' },
  { title: 'no slot at all', most: 0, queue: 'c1' },
  { title: 'all slots taken', most: 1, running: 'c9', queue: 'c1' },
  {
    title: 'more runs under way than slots, as after a lower setting',
    most: 1,
    running: 'c8 c9',
    queue: 'c1',
  },
  { title: 'one slot of two taken', most: 2, running: 'c9', queue: 'c1 c2', sends: 'c1', stand: 'c1' },
  { title: 'the first was called', most: 1, called: 'c1', queue: 'c1 c2', stand: 'c1' },
  {
    title: 'the first was called, and two slots are free',
    most: 2,
    called: 'c1',
    queue: 'c1 c2',
    sends: 'c2',
    stand: 'c1 c2',
  },
  { title: 'the second was called', most: 2, called: 'c2', queue: 'c1 c2', sends: 'c1', stand: 'c2 c1' },
  { title: 'all were called', most: 3, called: 'c1 c2 c3', queue: 'c1 c2 c3 c4', stand: 'c1 c2 c3' },
  { title: 'one that was called has gone', most: 1, called: 'c1', queue: 'c2', stand: 'c1' },
  { title: 'one that was called has gone, and none is queued', most: 1, called: 'c1', stand: 'c1' },
  {
    title: 'one that was called has gone, and another stands',
    most: 2,
    called: 'c1 c2',
    queue: 'c2',
    stand: 'c1 c2',
  },
  {
    title: 'a manual run came before the one that was called',
    most: 1,
    called: 'c1',
    queue: 'm1 c1',
    stand: 'c1',
  },
  {
    title: 'a manual run came before two that were called',
    most: 2,
    called: 'c1 c2',
    queue: 'm1 c1 c2',
    stand: 'c1 c2',
  },
  {
    title: 'a slot was taken by one that was not called',
    most: 2,
    running: 'c9',
    called: 'c1 c2',
    queue: 'c1 c2',
    stand: 'c1 c2',
  },
  { title: 'all slots were taken by others', most: 1, running: 'c9', called: 'c1', queue: 'c1', stand: 'c1' },
  {
    title: 'a message that is nearly lost',
    most: 1,
    called: 'c1',
    seconds: messageLostSeconds - 1,
    queue: 'c1',
    stand: 'c1',
  },
  {
    title: 'a message that is just lost',
    most: 1,
    called: 'c1',
    seconds: messageLostSeconds,
    queue: 'c1',
    sends: 'c1',
    stand: 'c1',
  },
  {
    title: 'a message that was lost long ago',
    most: 1,
    called: 'c1',
    seconds: 86_400,
    queue: 'c1',
    sends: 'c1',
    stand: 'c1',
  },
  {
    title: 'a lost message of one that has gone',
    most: 1,
    called: 'c1',
    seconds: 86_400,
    queue: 'c2',
    sends: 'c2',
    stand: 'c2',
  },
  {
    title: 'a lost message while no slot is free',
    most: 1,
    running: 'c9',
    called: 'c1',
    seconds: 86_400,
    queue: 'c1',
  },
  {
    title: 'two lost messages, and one slot',
    most: 1,
    called: 'c1 c2',
    seconds: 86_400,
    queue: 'c1 c2',
    sends: 'c1',
    stand: 'c1',
  },
  { title: 'a clock that went back', most: 1, called: 'c1', seconds: -30, queue: 'c1', stand: 'c1' },
  { title: 'the first cannot be read', most: 1, skipped: 'c1', queue: 'c1 c2', sends: 'c2', stand: 'c2' },
  {
    title: 'the first two cannot be read',
    most: 1,
    skipped: 'c1 c2',
    queue: 'c1 c2 c3',
    sends: 'c3',
    stand: 'c3',
  },
  {
    title: 'the second of two cannot be read',
    most: 2,
    skipped: 'c2',
    queue: 'c1 c2 c3',
    sends: 'c1 c3',
    stand: 'c1 c3',
  },
  { title: 'the only one cannot be read', most: 1, skipped: 'c1', queue: 'c1' },
  {
    title: 'one that was called cannot be read any more',
    most: 1,
    skipped: 'c1',
    called: 'c1',
    queue: 'c1 c2',
    stand: 'c1',
  },
  {
    title: 'one that could not be read has left the queue',
    most: 1,
    skipped: 'c9',
    queue: 'c1 c2',
    sends: 'c1',
    stand: 'c1',
  },
  { title: 'ten slots, and three runs', most: 10, queue: 'c1 c2 c3', sends: 'c1 c2 c3', stand: 'c1 c2 c3' },
  {
    title: 'ten slots, nine taken, and three runs',
    most: 10,
    running: 'r1 r2 r3 r4 r5 r6 r7 r8 r9',
    queue: 'c1 c2 c3',
    sends: 'c1',
    stand: 'c1',
  },
  {
    title: 'the same run under way and still called',
    most: 2,
    running: 'c1',
    called: 'c1',
    queue: 'c2',
    stand: 'c1',
  },
  {
    title: 'a higher setting',
    most: 4,
    called: 'c1 c2',
    queue: 'c1 c2 c3 c4 c5',
    sends: 'c3 c4',
    stand: 'c1 c2 c3 c4',
  },
  { title: 'a lower setting', most: 1, called: 'c1 c2', queue: 'c1 c2 c3', stand: 'c1 c2' },
  {
    title: 'a clock that went back by an hour',
    most: 1,
    called: 'c1',
    seconds: -3600,
    queue: 'c1',
    sends: 'c1',
    stand: 'c1',
  },
  {
    title: 'a manual run came before one of two that were called, and three slots are free',
    most: 3,
    called: 'c1 c2',
    queue: 'm1 c1 c2 c3',
    sends: 'm1',
    stand: 'c1 c2 m1',
  },
  {
    title: 'all of it at once',
    most: 3,
    running: 'r1',
    called: 'c1 c7',
    skipped: 'c2',
    queue: 'm1 c1 c2 c3',
    stand: 'c1 c7',
  },
];

const slotsOf = ({ running = '', called = '', seconds = 1, skipped = '' }: Row): Slots => ({
  registry: 'appacr',
  running: ids(running),
  ...(called && { called: ids(called).map((runId) => ({ runId, at: ago(seconds), by: 'before' })) }),
  ...(skipped && { skipped: ids(skipped) }),
});

for (const row of rows)
  test(`of ${row.title}, ${row.sends ?? 'none'} is sent a start message`, () => {
    const slots = slotsOf(row);
    const queue = ids(row.queue ?? '').map(
      (runId): QueueEntry => ({ registry: 'appacr', runId, automatic: runId.startsWith('c') }),
    );
    const heads = queue.slice(0, headsWanted(slots, { now, most: row.most }));
    const decide = (from: Slots) => dispatch(from, heads, { now, most: row.most, by: 'this' });
    const next = decide(slots);
    assert.deepEqual(next.send, ids(row.sends ?? ''));
    assert.deepEqual(next.slots.called?.map(({ runId }) => runId) ?? [], ids(row.stand ?? ''));
    const { called: _called, ...rest } = next.slots;
    const { called: _before, ...same } = slots;
    assert.deepEqual(rest, same);
    const mine = next.slots.called?.filter(({ by }) => by === 'this').map(({ runId }) => runId) ?? [];
    assert.deepEqual(mine, next.send, 'what is sent can be found again');
    // None is sent for a slot that another was called for, and the same again sends nothing.
    const before = slots.called?.length ?? 0;
    assert.ok((next.slots.called ?? []).length <= Math.max(before, freeSlots(slots, row.most)));
    assert.deepEqual(decide(next.slots), { slots: next.slots, send: [] });
  });

for (const [title, row, turn] of [
  ['a free slot is the first one', { most: 1, queue: 'c1 c2' }, 'c1'],
  ['two free slots are the first two', { most: 2, queue: 'c1 c2 c3' }, 'c1 c2'],
  ['no free slot is none', { most: 1, running: 'c9', queue: 'c1' }, ''],
  ['a free slot is the first that can be read', { most: 1, skipped: 'c1', queue: 'c1 c2' }, 'c2'],
  ['a free slot is the first, whoever was called', { most: 1, called: 'c2', queue: 'm1 c2' }, 'm1'],
  ['an empty queue is none', { most: 2 }, ''],
  [
    'a free slot is one, though one that cannot be read has left',
    { most: 1, skipped: 'c9', queue: 'c1 c2' },
    'c1',
  ],
] as const)
  test(`the turn of ${title}`, () => {
    const slots = slotsOf({ title, ...row });
    const queue = ids('queue' in row ? row.queue : '').map((runId) => ({
      registry: 'appacr',
      runId,
      automatic: true,
    }));
    assert.deepEqual(turnOf(slots, queue.slice(0, turnsWanted(slots, row.most)), row.most), ids(turn));
  });

for (const [title, runId, left] of [
  ['one of two', 'c1', 'c2'],
  ['one that was not called', 'c9', 'c1 c2'],
  ['none', undefined, 'c1 c2'],
] as const)
  test(`the slots without the call of ${title} keep the others`, () => {
    const slots = slotsOf({ title: '', most: 3, called: 'c1 c2' });
    assert.deepEqual(
      withoutCalled(slots, runId ? [runId] : []).called?.map((call) => call.runId) ?? [],
      ids(left),
    );
  });

/** How many entries of the queue are read: for who is called, and for whose turn it is. */
for (const [title, row, heads, turns] of [
  ['no slot', { most: 0 }, 0, 0],
  ['one free slot', { most: 1 }, 1, 1],
  ['three free slots', { most: 3 }, 3, 3],
  ['one free slot of three', { most: 3, running: 'r1 r2' }, 1, 1],
  ['a free slot that one was called for', { most: 1, called: 'c1' }, 0, 1],
  ['two free slots, for one of which one was called', { most: 2, called: 'c1' }, 2, 2],
  ['a free slot that two were called for', { most: 1, called: 'c1 c2' }, 0, 1],
  ['a free slot whose message is lost', { most: 1, called: 'c1', seconds: 60 }, 1, 1],
  ['a free slot and two that cannot be read', { most: 1, skipped: 'c1 c2' }, 3, 3],
  ['no free slot and two that cannot be read', { most: 1, running: 'r1', skipped: 'c1 c2' }, 0, 0],
  ['a called slot and one that cannot be read', { most: 1, called: 'c2', skipped: 'c1' }, 0, 2],
] as const)
  test(`of ${title} ${heads} and ${turns} of the queue are read`, () => {
    const slots = slotsOf({ title, ...row });
    assert.equal(headsWanted(slots, { now, most: row.most }), heads);
    assert.equal(turnsWanted(slots, row.most), turns);
  });

test('slots for which nobody is called stay as they are', () => {
  const slots: Slots = { registry: 'appacr', running: [] };
  assert.deepEqual(dispatch(slots, [], { now, most: 1, by: 'this' }), { slots, send: [] });
  assert.deepEqual(withoutCalled(slots, ['c1']), slots);
});

test('the slots without their only call have no list of calls', () => {
  const slots = slotsOf({ title: '', most: 3, called: 'c1' });
  assert.deepEqual(withoutCalled(slots, ['c1']), { registry: 'appacr', running: [] });
});

test.run();
