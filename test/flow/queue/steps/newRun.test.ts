import assert from 'node:assert/strict';
import { test } from 'uvu';
import { enqueue, enqueueAll, type QueueRequest, writeOnce } from '../../../../shared/flow/queue/enqueue.ts';
import {
  imageUpdateTrigger,
  newTaskRun,
  queueWrites,
  withMerged,
  withPushed,
} from '../../../../shared/flow/queue/newRun.ts';
import type { ImageUpdateTrigger, Run } from '../../../../shared/model/run.ts';
import { without } from '../../../../shared/model/without.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import {
  at,
  begun,
  conflict,
  id,
  placed,
  placesOf,
  queued,
  queueWorld,
  registry,
  rowOf,
  waits,
  writesOf,
} from './queueRows.ts';

const now = new Date(begun);
const cause = { kind: 'manual' } as const;
const push = (image: string, digest: string) => ({ id: `e-${digest}`, image, digest, timestamp: at(-1) });
const image = (
  repository: string,
  digest: string,
  tag: string | undefined = '1',
  of = 'baseacr.azurecr.io',
) => ({
  ...{ registry: of, repository, digest },
  ...(tag && { tag }),
});
const trigger = (...images: ReturnType<typeof image>[]): ImageUpdateTrigger => ({
  id: 'e',
  timestamp: at(-9),
  images,
});

for (const cpu of [undefined, 2])
  test(`a new run of a task ${cpu ? 'with a count of processors has that' : 'is what its state says'}`, () => {
    const state = { ...sampleState(registry, 'app'), timeout: 77, ...(cpu && { cpu }) };
    const { nonce, ...run } = newTaskRun(state, id(1), now, { cause, notes: ['x'] });
    assert.deepEqual(run, {
      ...{ registry, runId: id(1), status: 'Queued', task: 'app', createTime: at(0), lastUpdatedTime: at(0) },
      ...{ platform: state.platform, timeout: 77, isArchiveEnabled: false, notes: ['x'] },
      ...(cpu && { cpu }),
    });
    assert.match(nonce!, /^[0-9a-f-]{36}$/);
  });

test('a push with a tag and one without start a run for just that', () => {
  const found = ['baseacr.azurecr.io/base:1', 'baseacr.azurecr.io/a/b:2'].map((one) =>
    imageUpdateTrigger(push(one, 'd')),
  );
  assert.deepEqual(found, [
    { id: 'e-d', timestamp: at(-1), images: [image('base', 'd')] },
    { id: 'e-d', timestamp: at(-1), images: [image('a/b', 'd', '2')] },
  ]);
});

const pushed = push('baseacr.azurecr.io/base:1', 'new');
const merges: [
  title: string,
  before: ReturnType<typeof image>[],
  after: ReturnType<typeof image>[] | undefined,
][] = [
  ['none', [], [image('base', 'new')]],
  ['an older digest of it', [image('base', 'old')], [image('base', 'new')]],
  ['the same digest of it', [image('base', 'new')], undefined],
  ['the same digest among others', [image('x', 'y'), image('base', 'new')], undefined],
  [
    'another tag of the same digest',
    [image('base', 'new', '2')],
    [image('base', 'new', '2'), image('base', 'new')],
  ],
  ['another repository', [image('tools', 'new')], [image('tools', 'new'), image('base', 'new')]],
  [
    'another registry',
    [image('base', 'new', '1', 'otheracr.azurecr.io')],
    [image('base', 'new', '1', 'otheracr.azurecr.io'), image('base', 'new')],
  ],
  [
    'an older digest between others',
    [image('a', 'x'), image('base', 'old'), image('b', 'y')],
    [image('a', 'x'), image('b', 'y'), image('base', 'new')],
  ],
];
for (const [title, before, after] of merges)
  test(`a push that is merged into a run that has ${title}`, () => {
    const run: Run = queued(1, { imageUpdateTrigger: trigger(...before) });
    const merged = withMerged(run, pushed, now);
    assert.deepEqual(
      merged,
      after && { ...run, lastUpdatedTime: at(0), imageUpdateTrigger: trigger(...after) },
    );
    if (after) assert.deepEqual(withPushed(trigger(...before), pushed), trigger(...after));
  });

test('a push that is merged into a run by hand gives that a new version alone', () => {
  assert.deepEqual(withMerged(queued(1), pushed, now), { ...queued(1), lastUpdatedTime: at(0) });
});

const kinds: [title: string, run: Run, hasState: boolean, puts: string[]][] = [
  ['of a task', queued(1), true, ['run', 'state', 'place']],
  ['of no task', without(queued(1), 'task') as Run, false, ['run', 'place']],
  [
    'that waits for a run',
    queued(1, { waitingFor: waits(['appacr/x']) }),
    true,
    ['run', 'state', 'place', 'waiter'],
  ],
  ['that waits for a time', queued(1, { waitingFor: waits([]) }), true, ['run', 'state', 'place']],
];
for (const [title, run, hasState, puts] of kinds)
  test(`a queued run ${title} is ${puts.length} rows`, () => {
    const stored = hasState ? { value: sampleState(registry, 'app'), etag: 'v1' } : undefined;
    const writes = queueWrites(run, stored);
    assert.deepEqual(
      writes.map((one) => ('put' in one ? one.put : 'remove')),
      puts,
    );
    for (const one of writes)
      if ('put' in one && one.put === 'state') {
        assert.equal(one.etag, 'v1');
        assert.deepEqual(
          one.value.open.map(({ runId }) => runId),
          [run.runId],
        );
      }
  });

/** So many tasks, each with a request of one run. */
async function requests(count: number, more: (place: number) => Partial<QueueRequest> = () => ({})) {
  const world = await queueWorld([]);
  const { store } = world.ports;
  const all: QueueRequest[] = [];
  for (let place = 0; place < count; place++) {
    const value = sampleState(registry, `app${place}`);
    await store.commit(registry, [{ put: 'state', value }]);
    const state = (await store.state(registry, value.task))!;
    all.push({ state, cause, ...more(place) });
  }
  return { world, all };
}
const waitsFirst = (place: number) => (place === 0 ? { wait: waits(['appacr/x']) } : {});
const manys: [
  title: string,
  count: number,
  more: (place: number) => Partial<QueueRequest>,
  parts: number[],
][] = [
  ['none', 0, () => ({}), []],
  ['one', 1, () => ({}), [1]],
  ['25', 25, () => ({}), [25]],
  ['26', 26, () => ({}), [25, 1]],
  ['20, of which one waits', 20, waitsFirst, [20]],
  ['21, of which one waits', 21, waitsFirst, [20, 1]],
];
for (const [title, count, more, parts] of manys)
  test(`${title} are queued in ${parts.length} transactions, with one block of numbers`, async () => {
    const { world, all } = await requests(count, more);
    const { takeRunNumbers } = world.ports.store;
    const blocks: number[] = [];
    const writes = writesOf(world);
    world.ports.store = {
      ...world.ports.store,
      takeRunNumbers(of, many) {
        blocks.push(many);
        return takeRunNumbers(of, many);
      },
    };
    const made = await enqueueAll(registry, all, world.ports);
    assert.deepEqual(blocks, count > 0 ? [count] : []);
    assert.deepEqual(
      writes.map((rows) => rows.filter((row) => row === 'put run').length),
      parts,
    );
    assert.deepEqual(
      made.map(({ runId }) => runId),
      all.map((_, place) => id(place + 1)),
    );
    assert.deepEqual(
      made.map(({ run }) => run?.task),
      all.map((_, place) => `app${place}`),
    );
    assert.equal((await placesOf(world, false)).length, count - (more === waitsFirst ? 1 : 0));
  });

test('of 26 those that meet another write are told with their numbers, and no run', async () => {
  const { world, all } = await requests(26);
  writesOf(world, (nth) => (nth === 0 ? { before: conflict } : {}));
  const made = await enqueueAll(registry, all, world.ports);
  assert.deepEqual(
    made.map(({ runId }) => runId),
    all.map((_, place) => id(place + 1)),
  );
  assert.deepEqual(
    made.map((one) => 'run' in one),
    all.map((_, place) => place === 25),
  );
});

test('none is told where the table is away', async () => {
  const { world, all } = await requests(1);
  const away = new TypeError('away');
  writesOf(world, () => ({ before: away }));
  await assert.rejects(enqueueAll(registry, all, world.ports), away);
});

test('what belongs to a run is written with it', async () => {
  const { world, all } = await requests(1, () => ({
    run: (runId) => ({ notes: [`of ${runId}`] }),
    change: (state) => ({ ...state, enabled: false }),
    writes: (run) => [{ put: 'run', value: queued(9, { notes: [run.runId] }) }],
  }));
  const run = await enqueue(all[0]!, world.ports);
  assert.deepEqual([run.runId, run.notes], [id(1), [`of ${id(1)}`]]);
  assert.deepEqual(await rowOf(world, 1), run);
  assert.deepEqual((await rowOf(world, 9))!.notes, [id(1)]);
  const { value } = (await world.ports.store.state(registry, 'app0'))!;
  assert.deepEqual([value.enabled, value.newest], [false, id(1)]);
});

test('an earlier attempt’s number is kept', async () => {
  const { world, all } = await requests(1);
  world.ports.store.takeRunNumbers = () => assert.fail('taken');
  assert.equal((await enqueue(all[0]!, world.ports, id(7))).runId, id(7));
});

const lost: [title: string, error: Error, isWritten: boolean, comes: boolean][] = [
  ['whose answer is lost is found', conflict, true, true],
  ['that meets another write is not made', conflict, false, false],
  ['whose table is away is not looked for', new TypeError('away'), true, false],
];
for (const [title, error, isWritten, comes] of lost)
  test(`a new run ${title}`, async () => {
    const world = await queueWorld([]);
    writesOf(world, () => (isWritten ? { after: error } : { before: error }));
    const made = writeOnce(queued(1), placed(queued(1)), world.ports.store);
    if (comes) assert.deepEqual(await made, queued(1));
    else await assert.rejects(made, error);
  });

test.run();
