import assert from 'node:assert/strict';
import { test } from 'uvu';
import { listDecisions, listPushDecisions } from '../../../shared/flow/api/listDecisions.ts';
import { listRuns } from '../../../shared/flow/api/listRuns.ts';
import { dayOf, namedTasks, nextQuery, pagingOf } from '../../../shared/flow/api/paging.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import { type RunQuery, UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { callsOf, linesOf, push, pushWorld, registry, taskOn, time } from '../push/steps/pushWorld.ts';

const own = { ...{ name: registry, id: '', endpoint: '' }, loginServer: 'appacr.azurecr.io' };
const id = (number: number) => formatRunId(registry, number);
const isRefusal = (status: number, code: string, says: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.status === status && error.code === code && says.test(error.message);

/** Of three tasks in turn; each third has failed. */
const runAt = (number: number): Run => ({
  ...sampleRun(registry, id(number), `app-${number % 3}`),
  status: number % 3 === 0 ? 'Failed' : 'Succeeded',
});
async function worldOf(count: number) {
  const world = await pushWorld([]);
  for (let number = 1; number <= count; number++)
    await world.ports.store.commit(registry, [{ put: 'run', value: runAt(number) }]);
  return world;
}
/** Each: how many runs there are, the query, the numbers of the runs that are listed, the last before the next page. */
const lists: [runs: number, query: string, listed: number[], next: number | undefined, asked: RunQuery][] = [
  [0, '', [], undefined, { atOnce: 101 }],
  [5, '', [5, 4, 3, 2, 1], undefined, { atOnce: 101 }],
  [100, '', range(100, 1), undefined, { atOnce: 101 }],
  [101, '', range(101, 2), 2, { atOnce: 101 }],
  [5, `$skipToken=${id(3)}`, [2, 1], undefined, { atOnce: 101, before: id(3) }],
  [5, '$top=2', [5, 4], undefined, { atOnce: 3 }],
  [5, '$top=1', [5], undefined, { atOnce: 2 }],
  [5, '$top=1000', [5, 4, 3, 2, 1], undefined, { atOnce: 1001 }],
  [6, "$filter=TaskName eq 'app-1'", [4, 1], undefined, { task: 'app-1', atOnce: 101 }],
  [6, "$filter=Status eq 'Failed'", [6, 3], undefined, { status: 'Failed', atOnce: 101 }],
  [6, "$filter=RunType eq 'AutoRun'", [], undefined, {}],
  [6, `$filter=RunId ne '${id(5)}'&$top=2`, [6, 4], undefined, {}],
  [6, "$filter=TaskName eq 'app-1' and CreateTime gt 2026-01-01", [4, 1], undefined, { task: 'app-1' }],
  [6, '$filter=', [6, 5, 4, 3, 2, 1], undefined, { atOnce: 101 }],
];
function range(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, at) => from - at);
}
for (const [runs, text, listed, next, asked] of lists)
  test(`of ${runs} runs ${text || 'a page'} is ${listed.length}${next ? ', and a page behind it' : ''}`, async () => {
    const world = await worldOf(runs);
    const calls = callsOf(world, 'runs');
    const answer = await listRuns(own, new URLSearchParams(text), world.ports);
    assert.deepEqual(
      answer.runs.map(({ runId }) => runId),
      listed.map(id),
    );
    assert.equal(answer.next, next && `%24skipToken=${id(next)}`);
    const [of, only] = calls[0]!.args as [string, RunQuery];
    const { unread: _, ...rest } = only;
    assert.deepEqual([of, rest, calls.length], [registry, asked, 1]);
  });

for (const top of ['0', '-1', '1001', '1.5', 'all'])
  test(`no list has ${top} runs or others at most`, async () => {
    const world = await worldOf(0);
    const query = new URLSearchParams({ $top: top });
    const says = /^\$top is a whole number from 1 to 1000\.$/;
    await assert.rejects(listRuns(own, query, world.ports), isRefusal(400, 'InvalidTop', says));
    assert.throws(() => pagingOf(query, 100), isRefusal(400, 'InvalidQuery', says));
  });

test('a filter that is none is refused', async () => {
  const world = await worldOf(0);
  const query = new URLSearchParams({ $filter: 'Status is Failed' });
  await assert.rejects(
    listRuns(own, query, world.ports),
    isRefusal(400, 'InvalidFilter', /Status is Failed/),
  );
});

/** Runs without end, of which a filter lets one of so many pass. */
function endless(passes: number) {
  let read = 0;
  const store = {
    async *runs() {
      for (let number = 100_000; number > 0; number--) {
        read++;
        yield { ...runAt(number), isArchiveEnabled: number % passes === 0 };
      }
    },
  };
  return { ports: { store, log: () => {} } as unknown as Ports, read: () => read };
}
for (const [title, query, passes, read, found, last] of [
  ['that lets few pass ends at 15,000', '', 10_000, 15_001, 2, 85_001],
  ['that lets many pass ends with a full page', '', 100, 9902, 100, 90_100],
  ['with $top ends with the last that is wanted', '$top=2&', 50_000, 50_001, 2, undefined],
] as const)
  test(`a page of a filter ${title}`, async () => {
    const runs = endless(passes);
    const asked = new URLSearchParams(`${query}$filter=IsArchiveEnabled eq true`);
    const answer = await listRuns(own, asked, runs.ports);
    assert.equal(answer.runs.length, found);
    assert.equal(runs.read(), read);
    const next = answer.next === undefined ? null : new URLSearchParams(answer.next).get('$skipToken');
    assert.equal(next, last === undefined ? null : id(last));
  });

test('a run that cannot be read is left out, and the log says so', async () => {
  const world = await worldOf(2);
  const lines = linesOf(world);
  const { runs } = world.ports.store;
  world.ports.store.runs = (of, only) => {
    only?.unread?.(new UnreadableError('a row is cut short'));
    return runs(of, only);
  };
  assert.equal((await listRuns(own, new URLSearchParams(), world.ports)).runs.length, 2);
  assert.deepEqual(lines, [['warning', 'a row is cut short', { registry }]]);
});

const decisionAt = (number: number): Decision => ({
  push: { ...push, id: `e${number}`, timestamp: new Date(Date.parse(time) + number).toISOString() },
  ...{ registry, task: 'app', verdict: 'skipped', reason: 'is disabled', time },
});
/** Each: how many decisions there are, the query, those that are listed, whether a page follows. */
const decided: [decisions: number, query: string, listed: number[], more: boolean][] = [
  [0, '', [], false],
  [3, '', [3, 2, 1], false],
  [100, '', range(100, 1), true],
  [3, '$top=2', [3, 2], true],
  [3, '$top=2&a=b', [3, 2], true],
];
for (const [count, query, listed, more] of decided)
  test(`of ${count} decisions on a task ${query || 'a page'} is ${listed.length}`, async () => {
    const world = await pushWorld([taskOn('app', [])]);
    for (let number = 1; number <= count; number++)
      await world.ports.store.commit(registry, [{ put: 'decision', value: decisionAt(number) }]);
    const calls = callsOf(world, 'decisionsPart', 'state');
    const answer = await listDecisions(own, 'app', new URLSearchParams(query), world.ports);
    assert.deepEqual(
      answer.decisions.map((one) => one.push.id),
      listed.map((number) => `e${number}`),
    );
    assert.equal('next' in answer, more);
    // Whether there is such a task is asked only where there is no decision on it.
    assert.equal(calls.length, count > 0 ? 1 : 2);
    if (!more) return;
    const following = new URLSearchParams(answer.next);
    assert.equal(following.get('a'), query.includes('a=b') ? 'b' : null);
    const then = await listDecisions(own, 'app', following, world.ports);
    assert.deepEqual(
      then.decisions.map((one) => one.push.id),
      range(count, 1)
        .slice(listed.length)
        .map((number) => `e${number}`),
    );
  });

test('decisions on a task or a push that nobody knows are refused', async () => {
  const { ports } = await pushWorld([]);
  await assert.rejects(
    listDecisions(own, 'gone', new URLSearchParams(), ports),
    isRefusal(404, 'TaskNotFound', /'gone' in registry 'appacr'/),
  );
  await assert.rejects(listPushDecisions('e9', ports), isRefusal(404, 'PushNotFound', /No decision .* 'e9'/));
  await ports.store.recordPush('e9', [decisionAt(1)]);
  assert.deepEqual(await listPushDecisions('e9', ports), [decisionAt(1)]);
});

test('what a page goes on from is a key', () => {
  const of = (query: Record<string, string>, name?: string) =>
    pagingOf(new URLSearchParams(query), 100, name);
  assert.deepEqual(of({}), { top: 100, after: undefined });
  assert.deepEqual(of({ $top: '1' }), { top: 1, after: undefined });
  assert.deepEqual(of({ $top: '1000', $skipToken: 'a!b' }), { top: 1000, after: 'a!b' });
  assert.deepEqual(of({ $skipToken: 'a', after: 'b' }, 'after'), { top: 100, after: 'b' });
  assert.deepEqual(of({ after: 'x'.repeat(300) }, 'after'), { top: 100, after: 'x'.repeat(300) });
  for (const after of ['', 'a b', ' a', 'a ', 'ü', 'x'.repeat(301), 'a\n'])
    assert.throws(
      () => of({ after }, 'after'),
      isRefusal(400, 'InvalidQuery', /^after is taken from the answer before, as it is\.$/),
    );
  assert.equal(nextQuery(new URLSearchParams('a=b&$skipToken=old'), 'new'), 'a=b&%24skipToken=new');
  assert.equal(nextQuery(new URLSearchParams('a=b'), undefined), undefined);
});

test('at most fifty tasks are named, in one text or in many', () => {
  const names = Array.from({ length: 51 }, (_, at) => `task-${at}`);
  assert.deepEqual(namedTasks(new URLSearchParams()), []);
  assert.deepEqual(namedTasks(new URLSearchParams('task=app-1,app-2&task=app-3')), [
    'app-1',
    'app-2',
    'app-3',
  ]);
  assert.equal(namedTasks(new URLSearchParams({ task: names.slice(1).join() })).length, 50);
  for (const task of [names.join(), 'app-1,a b', 'app-1,', ''])
    assert.throws(
      () => namedTasks(new URLSearchParams({ task })),
      isRefusal(400, 'InvalidQuery', /^task is the name of a task, given 50 times at most\.$/),
    );
});

test('a day is today, or one that there is', () => {
  const now = new Date('2026-11-23T23:59:59.999Z');
  assert.equal(dayOf(new URLSearchParams(), now), '2026-11-23');
  assert.equal(dayOf(new URLSearchParams('day=2026-02-28'), now), '2026-02-28');
  for (const day of ['', '2026-02-30', '2026-2-3', '20260203', '2026-02-03T00:00:00Z'])
    assert.throws(
      () => dayOf(new URLSearchParams({ day }), now),
      isRefusal(400, 'InvalidQuery', /^day is a day in UTC/),
    );
});

test.run();
