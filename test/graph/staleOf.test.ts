import assert from 'node:assert/strict';
import { test } from 'uvu';
import { staleOf, whyOf } from '../../shared/graph/staleOf.ts';
import type { OpenRun, TaskState } from '../../shared/model/state.ts';
import { sampleState } from '../doubles/storeContract.ts';

const minute = (number: number) => new Date(Date.UTC(2026, 10, 23, 10, number)).toISOString();
const imageOf = (name: string) => `appacr.azurecr.io/${name}:1`;
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A task on one base image, built on `a`; with a newer digest since a minute. */
function taskOn(name: string, base: string, since?: number, change: Partial<TaskState> = {}): TaskState {
  const newer = since === undefined ? {} : { newer: newerSince(since) };
  const tried = change.last ? 'b' : 'a';
  const pin = { image: imageOf(base), type: 'RunTime' as const };
  return {
    ...sampleState('appacr', name),
    bases: [{ ...pin, digest: digestOf(tried), pinnedAt: minute(0), ...newer }],
    outputs: [imageOf(name)],
    built: { runId: 'ca1', pins: [{ ...pin, digest: digestOf('a') }] },
    ...change,
  };
}
const newerSince = (since: number) => ({
  digest: digestOf('b'),
  since: minute(since),
  at: minute(since),
  push: 'p',
});
const ended = (status: 'Failed' | 'Canceled', failures: number) => ({
  last: { runId: 'ca2', status, inputs: '', failures, automatic: true, endedAt: minute(20) },
});
const run = (phase: OpenRun['phase'], canonical = true): OpenRun => ({
  runId: 'ca3',
  phase,
  automatic: true,
  canonical,
});

const rows: [title: string, change: Partial<TaskState>, because: string, says: RegExp, nextTry?: string][] = [
  ['its run is under way', { open: [run('Pinned')] }, 'running', /run ca3 is under way/],
  ['its run is queued', { open: [run('Queued')] }, 'queued', /run ca3 is queued/],
  ['a run goes on while another is queued', { open: [run('Queued'), run('Pinned')] }, 'running', /under way/],
  ['only a run with overrides is open', { open: [run('Pinned', false)] }, 'notStarted', /no run was started/],
  ['its run failed once', ended('Failed', 1), 'failed', /ended Failed; it is tried again from/, minute(25)],
  ['its run failed twice', ended('Failed', 2), 'failed', /ended Failed; it is tried again from/, minute(35)],
  ['its run failed three times', ended('Failed', 3), 'stopped', /3 times in a row/],
  ['its run was cancelled', ended('Canceled', 0), 'canceled', /run ca2 ended Canceled/],
  ['it is disabled', { enabled: false }, 'disabled', /the task is disabled/],
  [
    'its trigger is disabled',
    { trigger: 'Disabled' },
    'triggerDisabled',
    /its base image trigger is disabled/,
  ],
  ['it is disabled and built by hand', { enabled: false, open: [run('Pinned')] }, 'running', /under way/],
  ['no run was started', {}, 'notStarted', /no run was started for it/],
];
for (const [title, change, because, says, nextTry] of rows)
  test(`a task with a newer digest is stale: ${title}`, () => {
    const [stale, ...rest] = staleOf([taskOn('task1', 'base', 5, change)]);
    assert.deepEqual(rest, []);
    assert.equal(stale!.because, because);
    assert.match(stale!.says, says);
    assert.match(stale!.says, /built on sha256:aaaaaaaaaaaa, now sha256:bbbbbbbbbbbb/);
    assert.equal(stale!.nextTry, nextTry);
    assert.deepEqual([stale!.since, stale!.push], [minute(5), 'p']);
  });

const fresh: [title: string, state: TaskState, says: RegExp][] = [
  ['that stands on its newest base images', taskOn('task1', 'base'), /since run ca1/],
  [
    'with a newer build stage that it does not watch',
    taskOn('task1', 'base', 5, {
      bases: [{ ...taskOn('task1', 'base', 5).bases[0]!, type: 'BuildTime' }],
    }),
    /since run ca1/,
  ],
  ['that never ran', sampleState('appacr', 'task1'), /run it once/],
  ['that never succeeded', { ...sampleState('appacr', 'task1'), ...ended('Failed', 1) }, /never succeeded/],
  ['without base images', taskOn('task1', 'base', 5, { bases: [] }), /no base images/],
];
for (const [title, state, says] of fresh)
  test(`a task ${title} is not stale, and says why`, () => {
    assert.deepEqual(staleOf([state]), []);
    const why = whyOf(state, [state])!;
    assert.deepEqual([why.fresh, why.steps], [true, []]);
    assert.match(why.says, says);
  });

test('what stands on a stale image is stale since then, however many levels down, and why goes up to the cause', () => {
  const states = [
    taskOn('top', 'outside', 5, ended('Failed', 3)),
    taskOn('middle', 'top'),
    taskOn('low', 'middle'),
    taskOn('beside', 'other'),
  ];
  const stale = staleOf(states);
  assert.deepEqual(
    stale.map(({ task, because, since }) => [task, because, since]),
    [
      ['top', 'stopped', minute(5)],
      ['middle', 'maker', minute(5)],
      ['low', 'maker', minute(5)],
    ],
  );
  const why = whyOf({ registry: 'appacr', task: 'LOW' }, states)!;
  assert.deepEqual(
    why.steps.map(({ task }) => task),
    ['low', 'middle', 'top'],
  );
  assert.match(
    why.says,
    /low is built on .*middle:1, whose maker appacr\/middle is stale itself\. The first cause: top/,
  );
});

test('of two stale makers the one that is stale for longer counts', () => {
  const states = [taskOn('one', 'outside', 9), taskOn('two', 'outside', 3)];
  const below = taskOn('below', 'one');
  const both = { ...below, bases: [...below.bases, ...taskOn('below', 'two').bases] };
  assert.equal(staleOf([...states, both]).find(({ task }) => task === 'below')!.maker!.task, 'two');
});

const frozen = (tasks: string) => [{ tasks, pause: 'the release is frozen' }];
const pausedRows: [title: string, states: TaskState[], found: string[], says: RegExp][] = [
  [
    'is held, and not stale',
    [taskOn('app', 'outside', 5)],
    ['app held'],
    /app: appacr\/app is paused: the release is frozen/,
  ],
  [
    'is held once where its maker is stale too',
    [taskOn('middle', 'outside', 5), taskOn('app', 'middle', 6)],
    ['middle notStarted', 'app held'],
    /app: appacr\/app is paused/,
  ],
  [
    'makes nobody below it stale',
    [taskOn('app', 'outside', 5), taskOn('leaf', 'app')],
    ['app held'],
    /app: appacr\/app is paused/,
  ],
  [
    'makes nobody below it stale where its maker is',
    [taskOn('middle', 'outside', 5), taskOn('app', 'middle', 6), taskOn('leaf', 'app')],
    ['middle notStarted', 'app held'],
    /app: appacr\/app is paused/,
  ],
  [
    'has no next try after a failure',
    [taskOn('app', 'outside', 5, ended('Failed', 1))],
    ['app failed'],
    /run ca2 failed, and it is not tried again: appacr\/app is paused: the release is frozen/,
  ],
  [
    'is stale as before where a person has disabled it',
    [taskOn('app', 'outside', 5, { enabled: false })],
    ['app disabled'],
    /the task is disabled/,
  ],
];
for (const [title, states, found, says] of pausedRows)
  test(`a paused task that is behind ${title}`, () => {
    const stale = staleOf(states, [], frozen('appacr/app'));
    assert.deepEqual(
      stale.map(({ task, because }) => `${task} ${because}`),
      found,
    );
    const app = stale.find(({ task }) => task === 'app')!;
    assert.match(app.says, says);
    assert.equal(app.nextTry, undefined);
    assert.match(whyOf({ registry: 'appacr', task: 'app' }, states, [], frozen('appacr/app'))!.says, says);
  });

test('after a failure nothing is tried again from a paused base image', () => {
  const policies = [{ images: 'appacr.azurecr.io/outside', pause: 'the release is frozen' }];
  const [stale] = staleOf([taskOn('app', 'outside', 5, ended('Failed', 1))], [], policies);
  assert.equal(stale!.because, 'failed');
  assert.equal(stale!.nextTry, undefined);
  assert.match(stale!.says, /not tried again: appacr.azurecr.io\/outside is paused/);
});

test('makers in a ring end', () => {
  const states = [taskOn('one', 'two', 5), taskOn('two', 'one')];
  assert.equal(staleOf(states).length, 2);
  assert.equal(whyOf({ registry: 'appacr', task: 'two' }, states)!.steps.length, 2);
  assert.deepEqual(staleOf([taskOn('one', 'two'), taskOn('two', 'one')]), []);
});

test('a chain of ten thousand tasks is judged without recursion', () => {
  const states = Array.from({ length: 10_000 }, (_, at) =>
    taskOn(`task${at + 1}`, `task${at}`, at === 0 ? 5 : undefined),
  );
  assert.equal(staleOf(states).length, 10_000);
  assert.equal(whyOf({ registry: 'appacr', task: 'task10000' }, states)!.steps.length, 10_000);
});

test('why of a task that is not there is undefined', () => {
  assert.equal(whyOf({ registry: 'appacr', task: 'nothing' }, []), undefined);
});

test.run();
