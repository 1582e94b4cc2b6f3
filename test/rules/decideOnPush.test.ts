import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { OpenRun, Push, TaskState, TrackedBase } from '../../shared/model/state.ts';
import { decideOnPush } from '../../shared/rules/decideOnPush.ts';
import { sampleState } from '../doubles/storeContract.ts';

const image = 'baseacr.azurecr.io/baseimages/node:15-alpine';
const [older, newer] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const push: Push = { id: 'event-1', image, digest: newer, timestamp: '2026-11-23T10:10:00.000Z' };
const base: TrackedBase = { image, type: 'RunTime', digest: older, pinnedAt: '2026-11-23T10:00:00.000Z' };
const queued: OpenRun = { runId: 'ca7', phase: 'Queued', automatic: true, canonical: true };
const pinned: OpenRun = { runId: 'ca6', phase: 'Pinned', automatic: true, canonical: true };
const app = (change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState('appacr', 'app-1'),
  bases: [base],
  ...change,
});

const cases: [
  title: string,
  push: Push,
  state: TaskState,
  does: 'start' | 'merge' | 'skip',
  reason: RegExp,
][] = [
  ['a new digest behind the same tag', push, app(), 'start', /built on sha256:a+, now sha256:b+/],
  [
    'the digest it was built on: the event came twice',
    { ...push, digest: older },
    app(),
    'skip',
    /on this digest already/,
  ],
  ['an image it is no longer built on', push, app({ bases: [] }), 'skip', /is no longer built on/],
  [
    'a task whose deletion goes on',
    push,
    app({ enabled: false, deleted: true }),
    'skip',
    /app-1 was deleted/,
  ],
  [
    'a task whose deletion goes on, of which no edge is known',
    push,
    app({ enabled: false, deleted: true, bases: [] }),
    'skip',
    /app-1 was deleted/,
  ],
  ['a task that is disabled', push, app({ enabled: false }), 'skip', /app-1 is disabled/],
  [
    'a task whose trigger is disabled',
    push,
    app({ trigger: 'Disabled' }),
    'skip',
    /trigger of app-1 is disabled/,
  ],
  [
    'a build stage, trigger Runtime',
    push,
    app({ bases: [{ ...base, type: 'BuildTime' }] }),
    'skip',
    /only a build stage/,
  ],
  [
    'a build stage, trigger All',
    push,
    app({ trigger: 'All', bases: [{ ...base, type: 'BuildTime' }] }),
    'start',
    /now/,
  ],
  ['a run that is queued', push, app({ open: [queued] }), 'merge', /ca7 is queued/],
  [
    'a queued run that builds something else',
    push,
    app({ open: [{ ...queued, canonical: false }] }),
    'start',
    /now/,
  ],
  [
    'a run that is being built on the older digest',
    push,
    app({ open: [pinned] }),
    'start',
    /ca6 is being built.*one more follows/,
  ],
  [
    'one that is built and one that is queued after it',
    push,
    app({ open: [pinned, queued] }),
    'merge',
    /ca7/,
  ],
  [
    'a push from before the digest was read: the events came in the wrong order',
    { ...push, timestamp: '2026-11-23T09:59:59.999Z' },
    app(),
    'skip',
    /older than the digest/,
  ],
];
const last = (status: 'Succeeded' | 'Failed', failures: number): Partial<TaskState> => ({
  last: {
    ...{ runId: 'ca5', status, inputs: '', failures, automatic: true, endedAt: '2026-11-23T10:05:00.000Z' },
  },
});
cases.push(
  ['a digest that was pushed as it was read', { ...push, timestamp: base.pinnedAt }, app(), 'start', /now/],
  ['an image that is not read yet by a queued run', push, app({ bases: [], open: [queued] }), 'merge', /ca7/],
  [
    'an image that no run will read, as the one under way has read',
    push,
    app({ bases: [], open: [pinned] }),
    'skip',
    /^app-1 is no longer built on/,
  ],
  [
    'an image that is read by a queued run that builds something else only',
    push,
    app({ bases: [], open: [{ ...queued, canonical: false }] }),
    'skip',
    /^app-1 is no longer built on/,
  ],
  [
    'a digest beside another base image of the task',
    push,
    app({ bases: [{ ...base, image: 'other', digest: newer }, base] }),
    'start',
    /^built on sha256:a{12}, now sha256:b{12}$/,
  ],
  [
    'a digest while a run that builds something else is under way',
    push,
    app({ open: [{ ...pinned, canonical: false }] }),
    'start',
    /^built on sha256:a{12}, now/,
  ],
  [
    'the digest of a build stage, trigger Runtime, base of the last stage',
    push,
    app({ trigger: 'Runtime' }),
    'start',
    /now/,
  ],
  [
    'the digest of the newest run',
    { ...push, digest: older },
    app(last('Succeeded', 0)),
    'skip',
    /^run ca5 is built on this digest already$/,
  ],
  [
    'the digest of a run under way',
    { ...push, digest: older },
    app({ ...last('Failed', 1), open: [pinned] }),
    'skip',
    /^run ca6 is built on this digest already$/,
  ],
  [
    'the digest of a run under way, the newest of two',
    { ...push, digest: older },
    app({ open: [pinned, { ...pinned, runId: 'ca8' }, queued] }),
    'skip',
    /^run ca8 is built on this digest already$/,
  ],
  [
    'the digest of which no run is known',
    { ...push, digest: older },
    app(),
    'skip',
    /^app-1 is built on this digest already$/,
  ],
  [
    'the digest that the newest run failed on',
    { ...push, digest: older },
    app({ ...last('Failed', 2), open: [queued] }),
    'skip',
    /^run ca5 was for this digest and ended Failed$/,
  ],
  [
    'the digest that three runs failed on',
    { ...push, digest: older },
    app(last('Failed', 3)),
    'skip',
    /^run ca5 was for this digest and ended Failed, as 3 runs in a row did: they stop here$/,
  ],
  [
    'a push from before the digest was read by a run',
    { ...push, timestamp: '2026-11-23T09:59:59.999Z' },
    app(last('Succeeded', 0)),
    'skip',
    /^the push is older than the digest that run ca5 read after it$/,
  ],
);
for (const [title, pushed, state, does, reason] of cases) {
  test(`${does}s: ${title}`, () => {
    const choice = decideOnPush(pushed, state);
    assert.equal(choice.do, does);
    assert.match(choice.reason, reason);
  });
}

test('a digest that is known to be the newest counts, though it was pushed before the other was read', () => {
  const before = { ...push, timestamp: '2026-11-23T09:59:59.999Z' };
  assert.equal(decideOnPush(before, app(), true).do, 'start');
  assert.equal(decideOnPush({ ...before, digest: older }, app(), true).do, 'skip');
});

test('says the same however often it is asked', () => {
  assert.deepEqual(decideOnPush(push, app()), decideOnPush(push, app()));
});

test.run();
