import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { RunStatus } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { isDueForRetry, retryAt, trackedBases, unaware } from '../../../shared/rules/decideOnFailure.ts';
import { hasFailed, isStopped, nextTryOf, stoppedBecause } from '../../../shared/rules/freshness/failing.ts';
import { watchedBases } from '../../../shared/rules/freshness/watched.ts';
import { sampleState } from '../../doubles/storeContract.ts';

const endedAt = '2026-11-23T10:00:00.000Z';
const base = (image: string, digest = 'one', type: 'RunTime' | 'BuildTime' = 'RunTime') => ({
  image,
  type,
  digest,
  pinnedAt: endedAt,
});
const last = (status: RunStatus, failures: number): NonNullable<TaskState['last']> => ({
  ...{ runId: 'ca3', status, inputs: 'os@one', failures, automatic: true, endedAt },
});
const state = (change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState('appacr', 'app'),
  bases: [base('os')],
  ...change,
});

for (const [status, failed] of [
  ['Failed', true],
  ['Timeout', true],
  ['Error', true],
  ['Canceled', false],
  ['Succeeded', false],
  ['Running', false],
  ['Queued', false],
] as const)
  test(`a run that is ${status} has ${failed ? '' : 'not '}failed`, () => {
    assert.equal(hasFailed(status), failed);
    for (const failures of [0, 2, 3, 4]) {
      const stopped = failed && failures >= 3;
      assert.equal(isStopped(state({ last: last(status, failures) })), stopped, `${failures} failures`);
      const sentence = stoppedBecause(state({ last: last(status, failures) }));
      assert.equal(
        sentence?.startsWith(
          `The same base images failed ${failures} times in a row, the last time in run ca3.`,
        ),
        stopped || undefined,
      );
    }
  });

test('a task that never ran is not stopped', () => {
  assert.equal(isStopped(state()), false);
  assert.equal(stoppedBecause(state()), undefined);
});

for (const [failures, next] of [
  [0, '10:00'],
  [1, '10:05'],
  [2, '10:15'],
  [3, '10:00'],
] as const)
  test(`after ${failures} failures a task may be tried at ${next}`, () =>
    assert.equal(nextTryOf(last('Failed', failures)), `2026-11-23T${next}:00.000Z`));

const stage = base('tools', 'one', 'BuildTime');
for (const [title, change, watched] of [
  ['of the trigger Runtime those of the last stage', {}, ['os']],
  ['of the trigger All all', { trigger: 'All' }, ['os', 'tools']],
  ['of a disabled trigger none', { trigger: 'Disabled' }, []],
  ['of a disabled task none', { trigger: 'All', enabled: false }, []],
] as [string, Partial<TaskState>, string[]][])
  test(`${title} are watched`, () => {
    const bases = [base('os'), stage];
    assert.deepEqual(
      watchedBases(state({ bases, ...change })).map(({ image }) => image),
      watched,
    );
  });

test('an image that several tasks watch is tracked once, with all of them', () => {
  const one = state({ bases: [base('a.azurecr.io/os:1'), base('docker.io/library/node:22')] });
  const two = state({ task: 'two', bases: [base('docker.io/library/node:22'), stage] });
  assert.deepEqual(trackedBases([one, two]), [
    { image: 'a.azurecr.io/os:1', registry: 'a.azurecr.io', tasks: [one] },
    { image: 'docker.io/library/node:22', registry: 'docker.io', tasks: [one, two] },
  ]);
  assert.deepEqual(trackedBases([]), []);
});

test('of the tasks of an image those that were not notified are named', () => {
  const queued = { runId: 'ca4', phase: 'Queued', automatic: true, canonical: true } as const;
  const [old, knows, reads] = [state(), state({ bases: [base('os', 'two')] }), state({ open: [queued] })];
  const push = { id: 'e', image: 'os', digest: 'two', timestamp: '2026-11-23T11:00:00.000Z' };
  const tracked = { image: 'os', registry: 'os', tasks: [old, knows, reads] };
  assert.deepEqual(unaware(tracked, push), [old]);
});

const pins = (...images: [image: string, digest: string][]) => ({
  built: {
    runId: 'ca1',
    pins: images.map(([image, digest]) => ({ image, digest, type: 'RunTime' as const })),
  },
});
const failed = { last: last('Failed', 1), ...pins(['os', 'zero']) };
const retries: [title: string, change: Partial<TaskState>, at: string | undefined][] = [
  ['that failed on a new base image', failed, '10:05'],
  ['that failed twice on it', { ...failed, last: last('Timeout', 2) }, '10:15'],
  ['that failed thrice on it', { ...failed, last: last('Failed', 3) }, undefined],
  ['that never ran', pins(['os', 'zero']), undefined],
  ['that was cancelled', { ...failed, last: last('Canceled', 0) }, undefined],
  ['that watches nothing', { ...failed, trigger: 'Disabled' }, undefined],
  [
    'that has a run already',
    { ...failed, open: [{ runId: 'ca4', phase: 'Queued', automatic: true, canonical: true }] },
    undefined,
  ],
  [
    'that has runs already, one of which builds something else',
    {
      ...failed,
      open: [
        { runId: 'ca4', phase: 'Queued', automatic: true, canonical: false },
        { runId: 'ca5', phase: 'Queued', automatic: true, canonical: true },
      ],
    },
    undefined,
  ],
  [
    'that has a run which builds something else',
    { ...failed, open: [{ runId: 'ca4', phase: 'Pinned', automatic: false, canonical: false }] },
    '10:05',
  ],
  ['that failed on what it is built on', { ...failed, ...pins(['os', 'one']) }, undefined],
  [
    'whose stage alone is another, which it does not watch',
    { ...failed, bases: [base('os'), stage], ...pins(['os', 'one'], ['tools', 'zero']) },
    undefined,
  ],
  [
    'of which a run may have pushed another image',
    { ...failed, ...pins(['os', 'one']), unsure: true },
    '10:05',
  ],
  [
    'of which a run may have pushed another image, before the last pushed over it',
    { ...failed, ...pins(['os', 'one']), unsure: true, last: { ...last('Failed', 1), pushed: true } },
    undefined,
  ],
  ['that was never built, and started by itself', { last: last('Failed', 1) }, '10:05'],
  [
    'that was never built, and was started by hand',
    { last: { ...last('Failed', 1), automatic: false } },
    undefined,
  ],
];
for (const [title, change, at] of retries)
  test(`a task ${title} is ${at ? `tried again at ${at}` : 'not tried again'}`, () => {
    const instant = at && `2026-11-23T${at}:00.000Z`;
    assert.equal(retryAt(state(change)), instant);
    const isDue = (time: string) => isDueForRetry(state(change), new Date(time));
    assert.equal(isDue('2026-11-24T00:00:00.000Z'), instant !== undefined);
    if (!instant) return;
    assert.ok(isDue(instant));
    assert.ok(!isDue(new Date(Date.parse(instant) - 1).toISOString()));
  });

test.run();
