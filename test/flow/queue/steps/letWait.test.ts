import assert from 'node:assert/strict';
import { test } from 'uvu';
import { backInQueue, letWait } from '../../../../shared/flow/queue/letWait.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Trouble, Waiting } from '../../../../shared/model/waiting.ts';
import {
  at,
  calls,
  conflict,
  id,
  path,
  placed,
  placesOf,
  queued,
  queueWorld,
  registry,
  rowOf,
  startsOf,
  waits,
  writesOf,
} from './queueRows.ts';

const trouble: Trouble = { since: at(-9), count: 2 };
const preparing = { by: 'x', until: at(9), count: 1 };
const forTime = waits([], { nextTry: at(60), reason: 'waits for a time' });

interface Row {
  title: string;
  run?: Partial<Run>;
  wait: Waiting;
  againAfter?: number;
  trouble?: Trouble;
  /** What the row has beside what it waits for. */
  has?: Partial<Run>;
  /** What is written of it, the slots left out; none where it waits already. */
  writes: string[];
  /** Start messages of the run itself, with their delay. */
  own?: number[];
}
const fresh = ['put run', 'remove place', 'put place'];
const rows: Row[] = [
  { title: 'waits for a run', wait: waits([path(8)]), writes: [...fresh, 'put waiter'] },
  { title: 'waits for two runs', wait: waits([path(7), path(8)]), writes: [...fresh, 'put waiter'] },
  {
    title: 'waits for a run that has ended',
    wait: waits([path(9)]),
    writes: [...fresh, 'put waiter'],
    own: [0],
  },
  {
    title: 'waits for a time',
    wait: forTime,
    againAfter: 60,
    trouble,
    has: { trouble },
    writes: fresh,
    own: [60],
  },
  {
    title: 'waits for a time that is now',
    wait: forTime,
    againAfter: 0,
    trouble,
    has: { trouble },
    writes: fresh,
    own: [0],
  },
  {
    title: 'waits for a run after trouble',
    run: { trouble },
    wait: waits([path(8)]),
    writes: [...fresh, 'put waiter'],
  },
  {
    title: 'that was prepared waits for a run',
    run: { preparing },
    wait: waits([path(8)]),
    writes: [...fresh, 'put waiter'],
  },
  {
    title: 'waits for the same already',
    run: { waitingFor: waits([path(8)]) },
    wait: waits([path(8)]),
    writes: [],
  },
  {
    title: 'waits for the same already and was prepared',
    run: { waitingFor: waits([path(8)]), preparing },
    wait: waits([path(8)]),
    writes: ['put run', 'put place', 'put waiter'],
  },
  {
    title: 'waits for the same time, after more trouble',
    run: { waitingFor: forTime, trouble: { since: at(-9), count: 1 } },
    ...{ wait: forTime, againAfter: 60, trouble, has: { trouble } },
    writes: ['put run', 'put place'],
    own: [60],
  },
  {
    title: 'waits for another',
    run: { waitingFor: waits([path(7)]) },
    wait: waits([path(8)]),
    writes: ['put run', 'put place', 'put waiter'],
  },
];
for (const row of rows)
  test(`a run that ${row.title}: the next is called`, async () => {
    const run = queued(1, row.run);
    const world = await queueWorld(
      [
        ...placed(run),
        ...placed(queued(2)),
        { put: 'run', value: queued(7) },
        { put: 'run', value: queued(8) },
        { put: 'run', value: queued(9, { status: 'Failed' }) },
      ],
      { called: calls(1) },
    );
    const stored = (await world.ports.store.run(registry, id(1)))!;
    const writes = writesOf(world);
    const { againAfter } = row;
    await letWait(
      stored,
      row.wait,
      { ...(againAfter !== undefined && { againAfter }), ...(row.trouble && { trouble: row.trouble }) },
      world.ports,
    );
    const { trouble: _trouble, preparing: _preparing, ...kept } = run;
    assert.deepEqual(await rowOf(world, 1), { ...kept, waitingFor: row.wait, ...row.has });
    assert.deepEqual(writes, [...(row.writes.length > 0 ? [row.writes] : []), ['put pace']]);
    assert.deepEqual(await placesOf(world, true), [id(1)]);
    assert.deepEqual(await placesOf(world, false), [id(2)]);
    assert.deepEqual(startsOf(world), [...(row.own ?? []).map((delay) => [id(1), delay]), [id(2), 0]]);
    const awaited = row.wait.runs.at(-1);
    for await (const place of world.ports.store.places(registry, { waiting: true }))
      assert.deepEqual(place.waitsFor, awaited ? [awaited] : []);
    const waiters = (await world.ports.store.waiters(registry)).map((one) => one.awaited);
    assert.equal(waiters.includes(awaited ?? ''), awaited !== undefined);
  });

for (const [title, againAfter, sent] of [
  ['for a run', undefined, []],
  ['for a time', 60, [[id(1), 60]]],
] as const)
  test(`a run that is to wait ${title} and is changed meanwhile is decided on again`, async () => {
    const world = await queueWorld(placed(queued(1)));
    const stored = (await world.ports.store.run(registry, id(1)))!;
    writesOf(world, () => ({ before: conflict }));
    const more = againAfter === undefined ? {} : { againAfter };
    await assert.rejects(letWait(stored, waits([path(8)]), more, world.ports), conflict);
    assert.deepEqual(startsOf(world), sent);
  });

test('a run that waited takes its place again, and is called where a slot is free', async () => {
  const world = await queueWorld(placed(queued(1, { waitingFor: waits([path(8)]) })));
  const writes = writesOf(world);
  await backInQueue((await world.ports.store.run(registry, id(1)))!, world.ports);
  assert.deepEqual(await rowOf(world, 1), queued(1));
  assert.deepEqual([await placesOf(world, false), await placesOf(world, true)], [[id(1)], []]);
  assert.deepEqual(startsOf(world), [[id(1), 0]]);
  assert.deepEqual(writes, [['put run', 'remove place', 'put place'], ['put pace']]);
});

test.run();
