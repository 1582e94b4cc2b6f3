import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Run } from '../../../shared/model/run.ts';
import type { NewerDigest, TaskState } from '../../../shared/model/state.ts';
import { withTold } from '../../../shared/rules/freshness/newer.ts';
import { withEnded, withPinned, withQueued } from '../../../shared/rules/taskState.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';

const image = 'baseacr.azurecr.io/base:1';
const minute = (number: number) => new Date(Date.UTC(2026, 10, 23, 10, number)).toISOString();

type Step = (state: TaskState) => TaskState;

let runs = 0;
const told =
  (digest: string, at: number): Step =>
  (state) =>
    withTold(state, { id: `push-${digest}-${at}`, image, digest, timestamp: minute(at) });
const pinned =
  (digest: string, at: number): Step =>
  (state) => {
    const run = sampleRun('appacr', `ca${++runs}`);
    return withPinned(withQueued(state, run), run.runId, readingOf(digest, at));
  };
const readingOf = (digest: string, at: number) => ({
  pins: [{ image, type: 'RunTime' as const, digest }],
  pinnedAt: minute(at),
});
const ends =
  (status: Run['status'], digest: string, at: number): Step =>
  (state) =>
    withEnded(state, { ...sampleRun('appacr', `ca${runs}`), status }, readingOf(digest, at));
const runOn = (status: Run['status'], digest: string, at: number): Step[] => [
  pinned(digest, at),
  ends(status, digest, at),
];
/** A run that ended before it read its digests. */
const gone: Step = (state) => {
  const run = sampleRun('appacr', `ca${++runs}`);
  return withEnded(withQueued(state, run), { ...run, status: 'Canceled' }, undefined);
};

const newer = (digest: string, since: number, at: number, push = `push-${digest}-${at}`): NewerDigest => ({
  digest,
  since: minute(since),
  at: minute(at),
  push,
});
const found = (digest: string, at: number): NewerDigest => ({ digest, since: minute(at), at: minute(at) });
const built = runOn('Succeeded', 'a', 0);

const rows: [title: string, steps: Step[], newer: NewerDigest | undefined][] = [
  ['a task that is built on the digest', built, undefined],
  ['a push of another digest', [...built, told('b', 5)], newer('b', 5, 5)],
  ['the same push again', [...built, told('b', 5), told('b', 5)], newer('b', 5, 5)],
  ['the same digest by another push', [...built, told('b', 5), told('b', 6)], newer('b', 5, 5)],
  ['a second digest: since the first', [...built, told('b', 5), told('c', 7)], newer('c', 5, 7)],
  ['a push of the digest that it is built on', [...built, told('a', 5)], undefined],
  ['a push back to it', [...built, told('b', 5), told('a', 7)], undefined],
  ['a push, and a run on it under way', [...built, told('b', 5), pinned('b', 6)], newer('b', 5, 5)],
  ['a push, and a run on it failed', [...built, told('b', 5), ...runOn('Failed', 'b', 6)], newer('b', 5, 5)],
  ['a push, and a run on it succeeded', [...built, told('b', 5), ...runOn('Succeeded', 'b', 6)], undefined],
  [
    'a push while a run on the one before is under way, which succeeds',
    [...built, told('b', 5), pinned('b', 6), told('c', 7), ends('Succeeded', 'b', 6)],
    newer('c', 5, 7),
  ],
  ['a newer digest that a run found, and failed on', [...built, ...runOn('Failed', 'b', 6)], found('b', 6)],
  [
    'its push comes after',
    [...built, ...runOn('Failed', 'b', 6), told('b', 5)],
    newer('b', 5, 6, 'push-b-5'),
  ],
  ['a newer digest that a run found, and succeeded on', [...built, ...runOn('Succeeded', 'b', 6)], undefined],
  [
    'a push, and a run that found a still newer one failed',
    [...built, told('b', 5), ...runOn('Failed', 'c', 6)],
    { digest: 'c', since: minute(5), at: minute(6) },
  ],
  [
    'a push back, found by a run with nothing new',
    [...built, told('b', 5), ...runOn('Canceled', 'a', 7)],
    undefined,
  ],
  [
    'its push comes after, from later',
    [...built, ...runOn('Failed', 'b', 6), told('b', 9)],
    newer('b', 6, 6, 'push-b-9'),
  ],
  [
    'a push, and a run that read another at its instant',
    [...built, told('b', 5), ...runOn('Failed', 'c', 5)],
    newer('b', 5, 5),
  ],
  ['a run that read nothing', [...built, told('b', 5), gone], newer('b', 5, 5)],
  ['a task that never succeeded', [...runOn('Failed', 'a', 0), told('b', 5)], undefined],
  ['its first success', [...runOn('Failed', 'a', 0), ...runOn('Succeeded', 'b', 5)], undefined],
  ['a digest that is not known', [...built, ...runOn('Failed', 'unknown', 5)], undefined],
];
for (const [title, steps, expected] of rows)
  test(`${title}: ${expected ? `${expected.digest} is newer since ${expected.since.slice(14, 16)}` : 'nothing is newer'}`, () => {
    const state = steps.reduce((before, step) => step(before), sampleState('appacr', 'task1'));
    assert.deepEqual(state.bases[0]?.newer, expected);
  });

test('what says nothing new is the same object', () => {
  const once = [...built, told('b', 5)].reduce(
    (before, step) => step(before),
    sampleState('appacr', 'task1'),
  );
  assert.equal(told('b', 6)(once), once);
  assert.equal(told('a', 6)(built.reduce((before, step) => step(before), once)).bases[0]!.newer, undefined);
});

test('a push changes what is newer of its own image alone, also where no success was built on that', () => {
  const other = { image: 'other', type: 'RunTime' as const, digest: 'o', pinnedAt: minute(0) };
  const state = built.reduce((before, step) => step(before), sampleState('appacr', 'task1'));
  const two = { ...state, bases: [...state.bases, other] };
  const push = { id: 'p', image: 'other', digest: 'a', timestamp: minute(5) };
  const wanted = { digest: 'a', since: minute(5), at: minute(5), push: 'p' };
  assert.deepEqual(withTold(two, push).bases, [state.bases[0], { ...other, newer: wanted }]);
});

test('a push of another image changes nothing', () => {
  const state = built.reduce((before, step) => step(before), sampleState('appacr', 'task1'));
  assert.equal(withTold(state, { id: '1', image: 'other', digest: 'b', timestamp: minute(5) }), state);
});

test.run();
