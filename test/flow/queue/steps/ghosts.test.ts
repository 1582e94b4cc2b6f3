import assert from 'node:assert/strict';
import { test } from 'uvu';
import { dropGhost, setAside, skipUnreadable, takeBack } from '../../../../shared/flow/queue/ghosts.ts';
import { slotsOf } from '../../../../shared/flow/queue/nextInQueue.ts';
import { queueEntryOf } from '../../../../shared/flow/queue/places.ts';
import type { OpenRun, Slots, TaskState } from '../../../../shared/model/state.ts';
import type { Write } from '../../../../shared/ports/store.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import type { World } from '../../../worlds/world.ts';
import {
  calls,
  conflict,
  id,
  path,
  placed,
  placesOf,
  queued,
  queueWorld,
  registry,
  startsOf,
  waits,
  writesOf,
} from './queueRows.ts';

const open = (number: number): OpenRun => ({
  runId: id(number),
  phase: 'Queued',
  automatic: true,
  canonical: true,
});
const state = (task: string, runs: number[], aside: number[] = []): Write => ({
  put: 'state',
  value: {
    ...sampleState(registry, task),
    open: runs.map(open),
    ...(aside.length > 0 && { aside: aside.map(open) }),
  },
});
const runsOf = async ({ ports: { store } }: World, task: string) => {
  const value: TaskState = (await store.state(registry, task))!.value;
  return [value.open.map(({ runId }) => runId), (value.aside ?? []).map(({ runId }) => runId)];
};
const place = (run: ReturnType<typeof queued>): Write => ({ put: 'place', value: queueEntryOf(run) });

interface Ghost {
  title: string;
  rows: Write[];
  /** The first write meets this. */
  meets?: Error;
  written: string[][];
  throws?: true;
}
const pace = ['put pace'];
const ghosts: Ghost[] = [
  { title: 'in its task', rows: [state('app', [1, 2]), state('other', [2])], written: [['put state'], pace] },
  {
    title: 'set aside in its task',
    rows: [state('app', [2], [1]), state('other', [])],
    written: [['put state'], pace],
  },
  { title: 'in the queue', rows: [place(queued(1))], written: [['remove place'], pace] },
  {
    title: 'among those that wait',
    rows: [place(queued(1, { waitingFor: waits([path(9)]) }))],
    written: [['remove place'], pace],
  },
  {
    title: 'in both, and in its task',
    rows: [place(queued(1)), place(queued(1, { waitingFor: waits([]) })), state('app', [1])],
    written: [['remove place'], ['remove place'], ['put state'], pace],
  },
  {
    title: 'in the queue, where another removes it',
    rows: [place(queued(1)), state('app', [1])],
    meets: conflict,
    written: [['remove place'], ['put state'], pace],
  },
  {
    title: 'in the queue, while the table is away',
    rows: [place(queued(1)), state('app', [1])],
    meets: new TypeError('away'),
    written: [['remove place']],
    throws: true,
  },
  { title: 'nowhere', rows: [state('app', [2])], written: [pace] },
];
for (const { title, rows, meets, written, throws } of ghosts)
  test(`a run whose row is gone and which is still ${title}`, async () => {
    const world = await queueWorld([...rows, ...placed(queued(3))], { called: calls(1) });
    const lines: unknown[][] = [];
    world.ports.log = (...line) => void lines.push(line);
    const writes = writesOf(world, (nth) =>
      nth === 0 && meets ? { [meets === conflict ? 'after' : 'before']: meets } : {},
    );
    const dropping = dropGhost(registry, id(1), world.ports);
    if (throws) await assert.rejects(dropping, meets);
    else await dropping;
    assert.deepEqual(writes, written);
    if (throws) return;
    assert.deepEqual(await placesOf(world, false), [id(3)]);
    assert.deepEqual(await placesOf(world, true), []);
    for (const { task, open: left, aside = [] } of await world.ports.store.states(registry))
      assert.ok(![...left, ...aside].some(({ runId }) => runId === id(1)), task);
    assert.deepEqual(startsOf(world), [[id(3), 0]]);
    const said = `run ${id(1)} of ${registry} has no row any more: nothing waits for it`;
    assert.deepEqual(lines, [['warning', said, { registry, runId: id(1) }]]);
  });

test('a state that is gone meanwhile, or has the run no more, is left alone', async () => {
  for (const now of ['gone', 'changed']) {
    const world = await queueWorld([state('app', [1])]);
    const { store } = world.ports;
    const before = await store.states(registry);
    await store.commit(registry, [{ remove: 'state', task: 'app' }]);
    if (now === 'changed') await store.commit(registry, [state('app', [2])]);
    world.ports.store = { ...store, states: async () => before };
    const writes = writesOf(world);
    await setAside(registry, id(1), world.ports);
    assert.deepEqual(writes, [], now);
  }
});

for (const [title, change, before, after, count] of [
  ['is set aside', setAside, [[1, 2], []], [[2], [1]], 1],
  ['that is set aside already stays there', setAside, [[2], [1]], [[2], [1]], 0],
  ['is taken back', takeBack, [[2], [1]], [[1, 2], []], 1],
  ['that was not set aside is not taken back', takeBack, [[1, 2], []], [[1, 2], []], 0],
] as const)
  test(`an open run ${title}`, async () => {
    const world = await queueWorld([state('app', [...before[0]], [...before[1]]), state('other', [4], [5])]);
    const writes = writesOf(world, (nth) => (nth === 0 && count > 0 ? { before: conflict } : {}));
    const { store } = world.ports;
    const read: string[] = [];
    world.ports.store = {
      ...store,
      state(of, task) {
        read.push(task);
        return store.state(of, task);
      },
    };
    await change(registry, id(1), world.ports);
    assert.ok(
      read.every((task) => task === 'app'),
      'no other state is read',
    );
    assert.deepEqual(
      await runsOf(world, 'app'),
      after.map((runs) => runs.map(id)),
    );
    assert.deepEqual(await runsOf(world, 'other'), [[id(4)], [id(5)]]);
    assert.equal(writes.length, 2 * count, 'once more after another write');
  });

const skips: [title: string, slots: Partial<Slots>, skipped: number[] | undefined][] = [
  ['that is called', { called: calls(1) }, [1]],
  ['behind another that cannot be read', { skipped: [id(9)] }, [9, 1]],
  ['that is under way', { running: [id(1)] }, undefined],
  ['that is known as such under way', { unread: [id(1)] }, undefined],
  ['that is known as such', { skipped: [id(1)] }, undefined],
];
for (const [title, slots, skipped] of skips)
  test(`a run ${title} and cannot be read ${skipped ? 'lets others go first' : 'changes nothing'}`, async () => {
    const world = await queueWorld([state('app', [1]), ...placed(queued(1)), ...placed(queued(2))], slots);
    const writes = writesOf(world);
    await skipUnreadable(registry, id(1), world.ports);
    const now = (await slotsOf(registry, world.ports)).value;
    assert.deepEqual(now.skipped, skipped ? skipped.map(id) : slots.skipped);
    assert.deepEqual(await runsOf(world, 'app'), skipped ? [[], [id(1)]] : [[id(1)], []]);
    assert.deepEqual(startsOf(world), skipped ? [[id(2), 0]] : []);
    if (!skipped) assert.deepEqual(writes, []);
  });

test.run();
