import assert from 'node:assert/strict';
import { RestError } from '@azure/data-tables';
import { test } from 'uvu';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { ConflictError, noEdges, type Store, type Write } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const registry = 'appacr';
const time = '2026-11-23T10:00:00.000Z';
const image = 'b.azurecr.io/base:1';

function opened() {
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  return { store, main, edges };
}
const rest = (statusCode: number, message = 'as it is') => new RestError(message, { statusCode });
/** Has a call of the service fail so often, then work. */
function broken(table: ReturnType<typeof createCountingTable>, call: string, error: Error, times = 1e9) {
  const client = table.client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const works = client[call]!;
  let asked = 0;
  client[call] = async (...args) => {
    if (++asked <= times) throw error;
    return works(...args);
  };
  return () => asked;
}

const state: Write = { put: 'state', value: sampleState(registry, 'app') };
const task: Write = { put: 'task', value: sampleTask(registry, 'app') };
const works: Record<string, [call: string, work: (store: Store) => Promise<unknown>]> = {
  'a row is read': ['getEntity', (store) => store.task(registry, 'app')],
  'a row is removed': [
    'deleteEntity',
    (store) => store.forgetState({ value: sampleState(registry, 'app'), etag: 'e' }),
  ],
  'rows are written': ['submitTransaction', (store) => store.commit(registry, [state])],
  'an ignored event is counted': ['createEntity', (store) => store.countIgnored('odd', 'x', time)],
  'a run number is taken': ['createEntity', (store) => store.takeRunNumbers(registry, 1)],
  'what was judged is written': [
    'createEntity',
    (store) => store.putJudgements({ judgements: [] }, undefined),
  ],
  'an edge is removed': [
    'deleteEntity',
    (store) => store.changeEdges({ registry, task: 'app' }, noEdges, { bases: [image], outputs: [] }),
  ],
};
for (const [title, [call, work]] of Object.entries(works))
  for (const error of [rest(500), rest(403), new Error('as it is')])
    test(`a fault is told as it is where ${title}: ${error.name} ${(error as RestError).statusCode ?? ''}`, async () => {
      const { store, main, edges } = opened();
      broken(main, call, error);
      broken(edges, call, error);
      await assert.rejects(work(store), (thrown) => thrown === error);
    });

const missing: [title: string, call: string, work: (store: Store) => Promise<unknown>, is: unknown][] = [
  ['a task', 'getEntity', (store) => store.task(registry, 'app'), undefined],
  ['what was judged', 'getEntity', (store) => store.judgements(), undefined],
  ['the pace', 'getEntity', (store) => store.pace(registry), undefined],
  ['what was seen', 'getEntity', (store) => store.sightings(image), undefined],
  [
    'an edge that is removed',
    'deleteEntity',
    (store) => store.changeEdges({ registry, task: 'app' }, noEdges, { bases: [image], outputs: [image] }),
    undefined,
  ],
];
for (const [title, call, work, is] of missing)
  test(`what is not there is no fault: ${title}`, async () => {
    const { store, main, edges } = opened();
    for (const table of [main, edges]) broken(table, call, rest(404));
    assert.equal(await work(store), is);
  });

const parts: Write[] = [
  task,
  state,
  { put: 'run', value: sampleRun(registry, 'cg7') },
  { remove: 'task', task: 'gone' },
  { remove: 'state', task: 'gone' },
  { remove: 'taskRun', name: 'once' },
  { put: 'place', value: { registry, runId: 'cg7', automatic: false } },
  { put: 'pace', value: {} as never },
];
const conflicts: [title: string, status: number, message: string, says: RegExp][] = [
  ['a task', 409, '0:The entity exists.', /^appacr: task of app: another write came between$/],
  ['a state', 412, '1:The condition', /^appacr: state of app: another write came between$/],
  ['a run', 409, '2:The entity', /^appacr: run of cg7: another/],
  ['a task that is removed', 404, '3:Not there', /^appacr: task of gone: another/],
  ['a task run that is removed', 404, '5:Not there', /^appacr: taskRun of once: another/],
  ['a place', 409, '6:The entity', /^appacr: place of cg7: another/],
  ['a part that there is not', 412, '12:The condition', /^changing appacr: another/],
  ['no part', 412, 'The condition at 3: is not met', /^changing appacr: another/],
];
for (const [title, status, message, says] of conflicts)
  test(`a write that met another names its part: ${title}`, async () => {
    const { store, main } = opened();
    const cause = rest(status, message);
    broken(main, 'submitTransaction', cause);
    await assert.rejects(store.commit(registry, parts), (error: Error) => {
      assert.ok(error instanceof ConflictError, String(error));
      assert.match(error.message, says);
      assert.equal(error.cause, cause);
      return true;
    });
  });

const turns: [
  title: string,
  call: string,
  times: number,
  work: (store: Store) => Promise<unknown>,
  asked: number,
  is: unknown,
][] = [
  ['a count, once', 'createEntity', 1, (store) => store.countIgnored('odd', 'x', time), 2, undefined],
  ['a count, always', 'createEntity', 1e9, (store) => store.countIgnored('odd', 'x', time), 5, undefined],
  ['a run number, three times', 'createEntity', 3, (store) => store.takeRunNumbers(registry, 4), 4, 1],
];
for (const [title, call, times, work, asked, is] of turns)
  test(`a write that met another is tried again: ${title}`, async () => {
    const { store, main } = opened();
    const count = broken(main, call, rest(409), times);
    assert.equal(await work(store), is);
    assert.equal(count(), asked);
  });

test('events that were not taken are counted by their kind, from one where the count cannot be read', async () => {
  const { store, main } = opened();
  for (const kind of ['odd', 'odd', 'other']) await store.countIgnored(kind, 'x', time);
  const counts = async () => (await store.ignored()).map(({ kind, count }) => `${kind} ${count}`);
  assert.deepEqual(await counts(), ['odd 2', 'other 1']);
  main.change(keys.commonPartition, keys.ignoredRow('odd'), { json0: '{' });
  await store.countIgnored('odd', 'x', time);
  assert.deepEqual(await counts(), ['odd 1', 'other 1']);
});

test('what was judged comes back, is replaced by who read it alone, and is not taken for none', async () => {
  const { store, main } = opened();
  await store.putJudgements({ judgements: [] }, undefined);
  const { value, etag } = (await store.judgements())!;
  assert.deepEqual(value, { judgements: [] });
  await store.putJudgements({ judgements: [] }, etag);
  await assert.rejects(
    store.putJudgements({ judgements: [] }, etag),
    /^ConflictError: writing what was said/,
  );
  main.change(keys.commonPartition, keys.judgementsRow, { json0: '{' });
  await assert.rejects(store.judgements(), /is not JSON/);
});

const counters: [title: string, counter: Record<string, unknown> | undefined, first: number][] = [
  ['without a counter, after the newest run', undefined, 42],
  ['with a counter that is no number, after the newest run', { next: 'x' }, 42],
  ['with a counter, at it', { next: 50 }, 50],
];
for (const [title, counter, first] of counters)
  test(`run numbers are taken ${title}`, async () => {
    const { store, main } = opened();
    const runs = [7, 41].map(
      (number): Write => ({ put: 'run', value: sampleRun(registry, formatRunId(registry, number)) }),
    );
    await store.commit(registry, runs);
    if (counter) main.change(registry, keys.counterRow, { version: 1, ...counter });
    assert.equal(await store.takeRunNumbers(registry, 3), first);
    assert.equal(await store.takeRunNumbers(registry, 1), first + 3);
  });

test('who makes an image is read without its dependents, and an image in parts of the size that is asked for', async () => {
  const { store, edges } = opened();
  for (const name of ['a', 'b', 'c'])
    await store.changeEdges({ registry, task: name }, { bases: [image], outputs: [] }, noEdges);
  await store.changeEdges({ registry, task: 'maker' }, { bases: [], outputs: [image] }, noEdges);
  edges.calls.length = 0;
  assert.deepEqual(await store.producers(image), [{ registry, task: 'maker' }]);
  assert.deepEqual(
    edges.calls.map(({ rows }) => rows),
    [1],
  );
  const sizes: number[] = [];
  let after: string | undefined;
  do {
    const { dependents, producers, next } = await store.imageEdges(image, {
      top: 3,
      ...(after && { after }),
    });
    sizes.push(dependents.length + producers.length);
    after = next;
  } while (after !== undefined);
  assert.deepEqual(sizes, [3, 1]);
  assert.equal((await store.imageEdges(image)).next, undefined);
});

const removals: [title: string, put: Write, remove: Write][] = [
  ['a task', task, { remove: 'task', task: 'APP' }],
  ['a state', state, { remove: 'state', task: 'APP' }],
  [
    'a place',
    { put: 'place', value: { registry, runId: 'cg7', automatic: true } },
    { remove: 'place', value: { registry, runId: 'cg7', automatic: true } },
  ],
];
for (const [title, put, remove] of removals)
  test(`${title} that is removed is gone, and its neighbours stay`, async () => {
    const { store, main } = opened();
    const others = parts.slice(0, 3).filter((one) => JSON.stringify(one) !== JSON.stringify(put));
    await store.commit(registry, [put, ...others]);
    const before = main.keys(registry);
    await store.commit(registry, [remove]);
    assert.equal(main.keys(registry).length, before.length - 1);
    await assert.rejects(store.commit(registry, [remove]), ConflictError);
  });

test.run();
