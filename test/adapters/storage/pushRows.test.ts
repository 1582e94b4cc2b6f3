import assert from 'node:assert/strict';
import { RestError } from '@azure/data-tables';
import { test } from 'uvu';
import { dayPartition, progressRow, pushPartition } from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { countVerdicts, type Decision, type PushProgress } from '../../../shared/model/state.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const registry = 'appacr';
const time = '2026-11-23T10:00:00.000Z';
const later = '2026-11-23T10:05:00.000Z';
const day = '2026-11-23';
const push = {
  id: 'event-1',
  image: 'b.azurecr.io/base:1',
  digest: `sha256:${'a'.repeat(64)}`,
  timestamp: time,
};
const decisionOf = (task: string, change: Partial<Decision> = {}): Decision => ({
  ...{ push, registry, task, time: later, verdict: 'skipped', reason: 'the task is disabled' },
  ...change,
});
const decisionsOf = (count: number, change: Partial<Decision> = {}) =>
  Array.from({ length: count }, (_, at) => decisionOf(`t${String(at).padStart(3, '0')}`, change));
const none = countVerdicts([]);

function opened() {
  const [main, pushes] = [createCountingTable(), createCountingTable()];
  const edges = createCountingTable().client;
  const store = createTableStore({ main: main.client, edges, pushes: pushes.client });
  return { store, main, pushes, rows: () => pushes.keys(pushPartition(push.id)) };
}

const sizes: [title: string, decisions: Decision[], rows: number][] = [
  ['none', [], 0],
  ['one', decisionsOf(1), 1],
  ['eight, a row each', decisionsOf(8), 8],
  ['nine, in one row', decisionsOf(9), 1],
  ['three hundred, in one row', decisionsOf(300), 1],
  ['nine that are long, in two rows', decisionsOf(9, { reason: 'r'.repeat(30_000) }), 2],
];
for (const [title, decisions, rows] of sizes)
  test(`what is decided on a push is written in few rows and read back: ${title}`, async () => {
    const world = opened();
    await world.store.recordPush(push.id, decisions);
    assert.equal(world.rows().length, rows);
    assert.deepEqual(await world.store.push(push.id), decisions);
    assert.equal(world.pushes.keys(dayPartition(day)).length, Math.min(1, rows));
    assert.equal(world.pushes.calls.filter(({ kind }) => kind === 'transaction').length, Math.min(1, rows));
    const { values } = await world.store.pushesOf(day, { top: 5 });
    if (rows > 0) {
      const [{ key, ...told }] = values as [(typeof values)[number]];
      const { id, image, digest } = push;
      assert.deepEqual(told, { id, image, digest, time, decided: { ...none, skipped: decisions.length } });
      await world.store.forgetPush(day, { key, ...told });
    }
    assert.deepEqual([world.rows(), world.pushes.keys(dayPartition(day))], [[], []]);
  });

const again: [title: string, first: Decision[], second: Decision[], kept: Decision[]][] = [
  ['the same', decisionsOf(2), decisionsOf(2, { reason: 'other' }), decisionsOf(2)],
  ['more of them', decisionsOf(2), decisionsOf(3), decisionsOf(3)],
  ['more than are in a row each', decisionsOf(9), decisionsOf(12), decisionsOf(12)],
  ['others', decisionsOf(1), [decisionOf('other')], [...decisionsOf(1), decisionOf('other')]],
];
for (const [title, first, second, kept] of again)
  test(`a push that is recorded again keeps what was decided first: ${title}`, async () => {
    const { store } = opened();
    await store.recordPush(push.id, first);
    await store.recordPush(push.id, second);
    const byTask = (one: Decision, other: Decision) => one.task.localeCompare(other.task);
    assert.deepEqual((await store.push(push.id)).sort(byTask), kept.toSorted(byTask));
  });

test('of two decisions for one task the first that was made counts, in whatever row it is', async () => {
  const { store } = opened();
  const early = decisionOf('t003', { time, reason: 'early' });
  await store.recordPush(push.id, decisionsOf(9), true);
  await store.recordPush(push.id, [early], true);
  const found = (await store.push(push.id)).filter(({ task }) => task === 't003');
  assert.deepEqual(found, [early]);
});

test('a part of a push is not in the list of its day, and what is written twice at once is there once', async () => {
  const { store, pushes, rows } = opened();
  await store.recordPush(push.id, decisionsOf(2), true);
  await store.recordPush(push.id, decisionsOf(3, { reason: 'second' }), true);
  assert.deepEqual(pushes.keys(dayPartition(day)), []);
  assert.equal(rows().length, 3);
  const reasons = (await store.push(push.id)).map(({ reason }) => reason);
  assert.deepEqual(reasons, ['the task is disabled', 'the task is disabled', 'second']);
});

const progress: PushProgress = {
  ...{ push, how: 'announced', begun: time, time, isDone: false },
  decided: { ...none, started: 2 },
};
const steps: [title: string, PushProgress, listed: number | undefined][] = [
  ['at its beginning it is listed', progress, 2],
  ['in its middle its counts stay', { ...progress, after: 'x' }, undefined],
  ['at its end its counts are told', { ...progress, after: 'x', isDone: true }, 2],
];
for (const [title, step, listed] of steps)
  test(`how far a push is comes back, and ${title}`, async () => {
    const { store } = opened();
    assert.equal(await store.pushProgress(push.id), undefined);
    await store.putPushProgress(step);
    assert.deepEqual(await store.pushProgress(push.id), step);
    assert.deepEqual(await store.push(push.id), []);
    const { values } = await store.pushesOf(day, { top: 5 });
    assert.deepEqual(
      values.map(({ decided }) => decided?.started),
      listed === undefined ? [] : [listed],
    );
  });

test('how far a push is counts as unknown where it cannot be read', async () => {
  const { store, pushes } = opened();
  await store.putPushProgress(progress);
  pushes.change(pushPartition(push.id), progressRow, { json0: '{' });
  assert.equal(await store.pushProgress(push.id), undefined);
});

const older: [title: string, columns: Record<string, unknown>, told: object][] = [
  ['with its id alone', { id: 'event-9' }, { id: 'event-9' }],
  ['with its key alone', {}, { id: 'k' }],
  [
    'without a verdict that came later',
    { id: 'e', image: 'i', digest: 'd', time, started: 3 },
    { id: 'e', image: 'i', digest: 'd', time, decided: { ...none, started: 3 } },
  ],
];
for (const [title, columns, told] of older)
  test(`a push that an older version listed is told: ${title}`, async () => {
    const { store, pushes } = opened();
    pushes.change(dayPartition(day), 'k', columns);
    assert.deepEqual((await store.pushesOf(day, { top: 5 })).values, [{ key: 'k', ...told }]);
  });

test('a push that is forgotten takes its decisions of every registry along, and no other push', async () => {
  const { store, main, rows } = opened();
  const mine = [decisionOf('a'), decisionOf('b', { registry: 'otheracr' })];
  const other = decisionOf('a', { push: { ...push, id: 'event-2' } });
  for (const value of [...mine, other]) await store.commit(value.registry, [{ put: 'decision', value }]);
  await store.recordPush(push.id, mine);
  await store.putPushProgress(progress);
  await store.recordPush('event-2', [other]);
  const { values } = await store.pushesOf(day, { top: 5 });
  for (const id of [push.id, push.id]) await store.forgetPush(day, values.find((one) => one.id === id)!);
  assert.deepEqual([rows(), main.keys('otheracr'), main.keys(registry).length], [[], [], 1]);
  assert.deepEqual(await store.push('event-2'), [other]);
});

type World = ReturnType<typeof opened>;
const faults: [title: string, call: string, work: (store: World['store']) => Promise<unknown>][] = [
  ['the list of the day', 'createEntity', (store) => store.recordPush(push.id, decisionsOf(1))],
  ['the decisions', 'submitTransaction', (store) => store.recordPush(push.id, decisionsOf(1))],
  ['how far it is', 'getEntity', (store) => store.pushProgress(push.id)],
  ['its rows', 'listEntities', (store) => store.push(push.id)],
  ['the row of its day', 'deleteEntity', (store) => store.forgetPush(day, { key: 'k', id: push.id })],
];
for (const [title, call, work] of faults)
  test(`a service that fails at ${title} of a push is not taken for one that has it`, async () => {
    const { store, pushes } = opened();
    const broken = () => {
      throw new RestError('broken', { statusCode: 500 });
    };
    Object.assign(pushes.client, { [call]: call === 'listEntities' ? broken : async () => broken() });
    await assert.rejects(work(store), /broken/);
  });

test.run();
