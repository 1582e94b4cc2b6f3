import assert from 'node:assert/strict';
import { test } from 'uvu';
import { whoAsks } from '../../../../shared/flow/queue/asking.ts';
import { askedBy, backInQueue, tryAnew } from '../../../../shared/flow/queue/letWait.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Waiting } from '../../../../shared/model/waiting.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { longestPauseSeconds } from '../../../../shared/rules/timing.ts';
import type { World } from '../../../worlds/world.ts';
import {
  at,
  conflict,
  id,
  path,
  placed,
  placesOf,
  queued,
  queueWorld,
  registry,
  rowOf,
  waits,
  writesOf,
} from './queueRows.ts';

const server = 'baseacr.azurecr.io';
const asks = (seconds = 15, of = server) => waits([], { server: of, nextTry: at(seconds) });
const behind = waits([path(1)], { server });
/** Who asks another server. */
const elsewhere = { server: 'x.azurecr.io', runId: id(9) };

/** Which runs are read by their numbers, from now on. */
function readsOf(world: World): string[][] {
  const { store } = world.ports;
  const reads: string[][] = [];
  world.ports.store = {
    ...store,
    runsOf(of, runIds) {
      reads.push(runIds);
      return store.runsOf(of, runIds);
    },
  };
  return reads;
}

interface Asks {
  title: string;
  /** How run 2 waits; else it met 429 now. */
  wait?: Waiting;
  task?: string | undefined;
  /** What is noted of who asks; run 1. */
  noted?: number;
  /** Run 1; else it is gone. */
  first?: Partial<Run>;
  isUnreadable?: true;
  asker?: number;
  writes: boolean;
}
const others: Asks[] = [
  { title: 'no other asks: it asks', writes: true },
  {
    title: 'another asks: it waits for that one',
    noted: 1,
    first: { waitingFor: asks() },
    asker: 1,
    writes: false,
  },
  { title: 'it asks already', noted: 2, writes: false },
  { title: 'it asks already, for a run of no task', noted: 2, task: undefined, writes: false },
  { title: 'the one that asked is gone: it asks', noted: 1, writes: true },
  {
    title: 'the one that asked cannot be read: it asks',
    ...{ noted: 1, first: { waitingFor: asks() }, isUnreadable: true, writes: true },
  },
  { title: 'the one that asked has started: it asks', noted: 1, first: { status: 'Started' }, writes: true },
  {
    title: 'the one that asked asks another server: it asks',
    ...{ noted: 1, first: { waitingFor: asks(15, 'x.azurecr.io') }, writes: true },
  },
  {
    title: 'one of its own task asks: it asks too',
    ...{ noted: 1, first: { waitingFor: asks(), task: 'app' }, writes: true },
  },
  {
    title: 'another of no task asks: one of no task waits for that one',
    ...{ noted: 1, task: undefined, first: { waitingFor: asks(), task: undefined }, asker: 1, writes: false },
  },
  {
    title: 'it is to wait for long: nobody waits for it',
    ...{ wait: asks(longestPauseSeconds + 1), noted: 1, first: { waitingFor: asks() }, writes: false },
  },
  { title: 'no server was busy', wait: waits([], { nextTry: at(15) }), writes: false },
];
for (const row of others)
  test(`who asks, where ${row.title}`, async () => {
    const { wait = asks(), noted } = row;
    const first = { task: 'other', ...row.first } as Partial<Run>;
    const world = await queueWorld(row.first ? [{ put: 'run', value: queued(1, first) }] : [], {
      asking: [elsewhere, ...(noted === undefined ? [] : [{ server, runId: id(noted) }])],
    });
    if (row.isUnreadable) world.ports.store.runsOf = async () => [new UnreadableError('cut short')];
    const own = queued(2, { waitingFor: asks(), ...('task' in row && ({ task: row.task } as object)) });
    await world.ports.store.commit(registry, [{ put: 'run', value: own }]);
    const found = await whoAsks(own, wait, world.ports);
    assert.equal(found.asker, row.asker && id(row.asker));
    assert.deepEqual(
      found.writes.map(
        (write) => 'put' in write && [write.put, (write.value as { asking?: unknown }).asking],
      ),
      row.writes ? [['pace', [elsewhere, { server, runId: id(2) }]]] : [],
    );
    if (row.writes) await world.ports.store.commit(registry, found.writes);
  });

const left: [title: string, before: Partial<Run>, after: Partial<Run>, isLeft: boolean][] = [
  ['that asked a server has started', { waitingFor: asks() }, { status: 'Started' }, true],
  [
    'that asked a server waits for a role',
    { waitingFor: asks() },
    { waitingFor: waits([], { nextTry: at(15) }) },
    true,
  ],
  ['that asked a server asks it again', { waitingFor: asks() }, { waitingFor: asks(30) }, false],
  ['that waited for the one that asks has started', { waitingFor: behind }, { status: 'Started' }, false],
  [
    'that waited for a time has started',
    { waitingFor: waits([], { nextTry: at(0) }) },
    { status: 'Started' },
    false,
  ],
  ['that waited for nothing has started', {}, { status: 'Started' }, false],
];
for (const [title, before, after, isLeft] of left)
  test(`a run ${title}: those that wait for it ${isLeft ? 'go on' : 'wait on'}`, async () => {
    const world = await queueWorld(placed(queued(2, { waitingFor: waits([path(1)]) })));
    const reads = readsOf(world);
    assert.equal(await askedBy(queued(1, before), queued(1, after), world.ports), isLeft);
    assert.deepEqual(await placesOf(world, false), isLeft ? [id(2)] : []);
    assert.deepEqual(reads, isLeft ? [[id(2)]] : []);
  });

test('a run whose place in the queue was left there takes that place', async () => {
  const waiting = queued(1, { waitingFor: waits([path(8)]) });
  const world = await queueWorld([...placed(waiting), ...placed(queued(1)).slice(1)]);
  await backInQueue((await world.ports.store.run(registry, id(1)))!, world.ports);
  assert.deepEqual([await placesOf(world, false), await placesOf(world, true)], [[id(1)], []]);
});

const anew: [title: string, change: Partial<Run> | 'gone' | 'unreadable', isBack: boolean][] = [
  ['that waits for a time', { waitingFor: asks() }, true],
  ['that waits for the one that asks', { waitingFor: behind }, true],
  ['that waits for the end of another', { waitingFor: waits([path(1)]) }, false],
  ['that is in the queue', {}, false],
  ['that a worker prepares', { waitingFor: asks(), preparing: { by: 'x', until: at(9), count: 1 } }, false],
  ['that has started', { waitingFor: asks(), status: 'Started' }, false],
  ['that is gone', 'gone', false],
  ['that cannot be read', 'unreadable', false],
];
for (const [title, change, isBack] of anew)
  test(`a run ${title}, whose task was changed, ${isBack ? 'takes its place' : 'is left as it is'}`, async () => {
    const run = queued(2, typeof change === 'string' ? { waitingFor: asks() } : change);
    const last = queued(3, { waitingFor: asks() });
    const world = await queueWorld([...(change === 'gone' ? [] : placed(run)), ...placed(last)]);
    const { store } = world.ports;
    if (change === 'unreadable')
      world.ports.store = {
        ...store,
        runsOf: async (of, runIds) => [
          new UnreadableError('cut short'),
          ...(await store.runsOf(of, runIds)).slice(1),
        ],
      };
    await tryAnew(registry, [id(2), id(3)], world.ports);
    assert.deepEqual(await rowOf(world, 3), queued(3), 'the one after it is tried anew');
    if (change !== 'gone') assert.deepEqual(await rowOf(world, 2), isBack ? queued(2) : run);
  });

test('where a task that was changed has no queued run, none is read', async () => {
  const world = await queueWorld([]);
  const reads = readsOf(world);
  await tryAnew(registry, [], world.ports);
  assert.deepEqual(reads, []);
});

test('a run that is changed as its task was is tried later, and the others at once', async () => {
  const world = await queueWorld([2, 3].flatMap((number) => placed(queued(number, { waitingFor: asks() }))));
  const lines: unknown[][] = [];
  world.ports.log = (...line) => void lines.push(line);
  writesOf(world, (nth) => (nth === 0 ? { before: conflict } : {}));
  await tryAnew(registry, [id(2), id(3)], world.ports);
  assert.deepEqual(
    [await rowOf(world, 2), await rowOf(world, 3)],
    [queued(2, { waitingFor: asks() }), queued(3)],
  );
  const said = `run ${id(2)} is tried later: another write came between`;
  assert.deepEqual(lines, [['warning', said, { registry, runId: id(2) }]]);
});

test.run();
