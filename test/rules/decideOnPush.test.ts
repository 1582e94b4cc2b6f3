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
for (const [title, pushed, state, does, reason] of cases) {
  test(`${does}s: ${title}`, () => {
    const choice = decideOnPush(pushed, state);
    assert.equal(choice.do, does);
    assert.match(choice.reason, reason);
  });
}

test('says the same however often it is asked', () => {
  assert.deepEqual(decideOnPush(push, app()), decideOnPush(push, app()));
});

test.run();
