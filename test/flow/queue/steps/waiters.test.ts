import assert from 'node:assert/strict';
import { test } from 'uvu';
import { endedAmong, letGoOn, sweepWaiters } from '../../../../shared/flow/queue/waiters.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { UnreadableError, type Write } from '../../../../shared/ports/store.ts';
import {
  at,
  conflict,
  id,
  other,
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

const ended = path(1);
const waiting = (number: number, change: Partial<Run> = {}) =>
  queued(number, { waitingFor: waits([ended]), ...change });

interface Row {
  title: string;
  runs: Run[];
  /** Named as waiting for it besides. */
  others?: number[];
  more?: Write[];
  /** Those whose rows cannot be read. */
  unreadable?: number[];
  /** Those that are in the queue afterwards. */
  back: number[];
  writes?: number;
}
const waiterOf = (number: number): Write => ({
  ...{ put: 'waiter', value: { registry, runId: id(number), awaited: ended }, replace: true },
});
const rows: Row[] = [
  { title: 'where none waits', runs: [], back: [] },
  { title: 'one that waits for it', runs: [waiting(2)], back: [2] },
  { title: 'two that wait for it', runs: [waiting(2), waiting(3)], back: [2, 3] },
  {
    title: 'one that waits for it and for another',
    runs: [queued(2, { waitingFor: waits([path(9), ended]) })],
    back: [2],
  },
  { title: 'not one that waits for another', runs: [queued(2, { waitingFor: waits([path(9)]) })], back: [] },
  {
    title: 'not one that waits for another meanwhile',
    runs: [queued(2, { waitingFor: waits([path(9)]) })],
    more: [waiterOf(2)],
    back: [],
  },
  {
    title: 'one that is named, whatever it waits for',
    runs: [queued(2, { waitingFor: waits([path(9)]) })],
    others: [2],
    back: [2],
  },
  { title: 'one that is named and waits for it once', runs: [waiting(2)], others: [2], back: [2] },
  {
    title: 'not one that is named and waits for nothing',
    runs: [queued(2)],
    others: [2],
    back: [],
  },
  {
    title: 'not one that is named and waits for a time',
    runs: [queued(2, { waitingFor: waits([], { nextTry: at(60) }) })],
    others: [2],
    back: [],
  },
  {
    title: 'not one that a worker prepares',
    runs: [waiting(2, { preparing: { by: 'x', until: at(9), count: 1 } })],
    back: [],
  },
  { title: 'not one that has started', runs: [waiting(2, { status: 'Started' })], back: [] },
  { title: 'not one that is gone', runs: [waiting(3)], more: [waiterOf(2)], back: [3] },
  { title: 'not one that cannot be read', runs: [waiting(2), waiting(3)], unreadable: [2], back: [3] },
];
for (const { title, runs, others = [], more = [], unreadable = [], back } of rows)
  test(`the end of a run lets go on ${title}`, async () => {
    // What is no waiting run has no place.
    const world = await queueWorld([
      ...runs.flatMap((run) => (run.waitingFor ? placed(run) : [{ put: 'run' as const, value: run }])),
      ...more,
    ]);
    const { store } = world.ports;
    const asked: string[][] = [];
    world.ports.store = {
      ...store,
      async runsOf(of, runIds) {
        asked.push(runIds);
        const found = await store.runsOf(of, runIds);
        return found.map((run, place) =>
          unreadable.some((one) => id(one) === runIds[place]) ? new UnreadableError('cut short') : run,
        );
      },
    };
    const writes = writesOf(world);
    assert.equal(await letGoOn(registry, ended, others.map(id), world.ports), back.length > 0);
    assert.deepEqual(await placesOf(world, false), back.map(id));
    for (const one of back) assert.equal((await rowOf(world, one))!.waitingFor, undefined);
    assert.deepEqual(
      writes,
      back.length > 0 ? [back.flatMap(() => ['put run', 'remove place', 'put place'])] : [],
    );
    assert.equal(new Set(asked.flat()).size, asked.flat().length, 'each is read once');
    assert.deepEqual(
      (await store.waiters(registry)).filter(({ awaited }) => awaited === ended),
      [],
      'none is found again',
    );
    assert.deepEqual(startsOf(world), []);
  });

test('where none waits no rows are read', async () => {
  const world = await queueWorld([]);
  world.ports.store.runsOf = () => assert.fail('read');
  world.ports.store.forgetWaiters = () => assert.fail('written');
  assert.equal(await letGoOn(registry, ended, [], world.ports), false);
});

for (const [title, error] of [
  ['meet another write', conflict],
  ['cannot be written', new TypeError('away')],
] as const)
  test(`of 34 that wait, 33 of which ${title}, ${error === conflict ? 'those are sent their messages' : 'none goes on'}`, async () => {
    const numbers = Array.from({ length: 34 }, (_, place) => place + 2);
    const world = await queueWorld([]);
    for (const number of numbers) await world.ports.store.commit(registry, placed(waiting(number)));
    const writes = writesOf(world, (nth) => (nth === 0 ? { before: error } : {}));
    const going = letGoOn(registry, ended, [], world.ports);
    if (error !== conflict) {
      await assert.rejects(going, error);
      assert.equal((await world.ports.store.waiters(registry)).length, 34, 'they are found again');
      return;
    }
    assert.equal(await going, true);
    assert.deepEqual(
      writes.map(({ length }) => length),
      [99, 3],
    );
    assert.equal(startsOf(world).length, 33);
    for (const { queue, body } of world.messages) assert.ok(queue === 'start' && body.registry === registry);
    assert.ok(startsOf(world).every(([runId, delay]) => runId !== undefined && delay === 0));
    assert.equal((await placesOf(world, false)).length, 1);
  });

const over: [title: string, paths: string[], ended: string[], reads: string[]][] = [
  ['none', [], [], []],
  ['one that has ended', [path(2)], [path(2)], [registry]],
  ['one that goes on', [path(3)], [], [registry]],
  ['one that is gone', [path(9)], [path(9)], [registry]],
  ['one that cannot be read', [path(4)], [path(4)], [registry]],
  ['one that counts as ended', [path(5)], [path(5)], [registry]],
  ['two of two registries', [path(2), path(2, other), path(3)], [path(2), path(2, other)], [registry, other]],
];
for (const [title, paths, expected, reads] of over)
  test(`of ${title}, ${expected.length} have ended`, async () => {
    const world = await queueWorld(
      [queued(2, { status: 'Failed' }), queued(3), queued(4), queued(5, { task: 'other' })].map((value) => ({
        put: 'run',
        value,
      })),
    );
    const { store } = world.ports;
    const asked: string[] = [];
    const runsOf: typeof store.runsOf = async (of, runIds) => {
      asked.push(of);
      const found = await store.runsOf(of, runIds);
      return found.map((run, place) => (runIds[place] === id(4) ? new UnreadableError('cut short') : run));
    };
    const among = await endedAmong(paths, { store: { ...store, runsOf } }, ({ task }) => task === 'other');
    assert.deepEqual(among, expected);
    assert.deepEqual(asked, reads);
    if (title === 'one that counts as ended') assert.deepEqual(await endedAmong(paths, world.ports), []);
  });

const swept: [title: string, awaited: number[], left: number[]][] = [
  ['none', [], []],
  ['one that has ended', [2], []],
  ['one that goes on', [3], [3]],
  ['one of each, and one that is gone', [2, 3, 9, 2], [3]],
];
for (const [title, awaited, left] of swept)
  test(`who waits for ${title} is named afterwards: ${left.length}`, async () => {
    const world = await queueWorld([
      { put: 'run', value: queued(2, { status: 'Failed' }) },
      { put: 'run', value: queued(3) },
      ...awaited.map((one, place): Write => {
        return {
          put: 'waiter',
          value: { registry, runId: id(20 + place), awaited: path(one) },
          replace: true,
        };
      }),
    ]);
    const { store } = world.ports;
    let removals = 0;
    const forgetWaiters: typeof store.forgetWaiters = (...gone) => {
      removals++;
      return store.forgetWaiters(...gone);
    };
    let read: string[] = [];
    const runsOf: typeof store.runsOf = (of, runIds) => {
      read = runIds;
      return store.runsOf(of, runIds);
    };
    await sweepWaiters(registry, { store: { ...store, forgetWaiters, runsOf } });
    assert.deepEqual(
      (await store.waiters(registry)).map((one) => one.awaited),
      left.map((one) => path(one)),
    );
    assert.equal(removals, left.length < awaited.length ? 1 : 0);
    assert.equal(new Set(read).size, read.length);
  });

test.run();
