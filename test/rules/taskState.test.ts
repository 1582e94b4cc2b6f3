import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Pin, Run } from '../../shared/model/run.ts';
import type { TaskState } from '../../shared/model/state.ts';
import { inputsOf, withEnded, withPinned, withQueued } from '../../shared/rules/taskState.ts';
import { sampleRun, sampleState } from '../doubles/storeContract.ts';

const image = 'baseacr.azurecr.io/base:1';
const pins = (digest: string): Pin[] => [{ image, type: 'RunTime', digest }];
const at = '2026-11-23T10:00:00.000Z';
const reading = (digest: string) => ({ pins: pins(digest), pinnedAt: at });
const run = (runId: string, change: Partial<Run> = {}): Run => ({ ...sampleRun('appacr', runId), ...change });
const pinnedOn = (state: TaskState, runId: string, digest: string) =>
  withPinned(withQueued(state, run(runId)), runId, reading(digest));
const ended = (state: TaskState, runId: string, status: Run['status'], digest: string) =>
  withEnded(pinnedOn(state, runId, digest), run(runId, { status }), reading(digest));
const fresh = sampleState('appacr', 'app-1');

test('a pinned run sets the base images of the task before it has ended', () => {
  const state = pinnedOn(fresh, 'ca1', 'one');
  assert.deepEqual(state.bases, [{ image, type: 'RunTime', digest: 'one', pinnedAt: at }]);
  assert.equal(state.open[0]!.phase, 'Pinned');
  assert.equal(state.built, undefined);
});

test('only a run that succeeded says what the task was built on', () => {
  const once = ended(fresh, 'ca1', 'Succeeded', 'one');
  assert.deepEqual(once.built, { runId: 'ca1', pins: pins('one') });
  const twice = ended(once, 'ca2', 'Failed', 'two');
  assert.equal(twice.built!.runId, 'ca1');
  assert.equal(twice.bases[0]!.digest, 'two');
  assert.deepEqual(twice.open, []);
});

test('failures are counted for the same inputs in a row', () => {
  let state = ended(fresh, 'ca1', 'Failed', 'one');
  assert.equal(state.last!.failures, 1);
  state = ended(state, 'ca2', 'Timeout', 'one');
  assert.equal(state.last!.failures, 2);
  state = ended(state, 'ca3', 'Failed', 'two');
  assert.equal(state.last!.failures, 1);
  state = ended(state, 'ca4', 'Succeeded', 'two');
  assert.equal(state.last!.failures, 0);
});

test('a run that builds something else leaves no trace but that it was the newest', () => {
  const overridden = run('ca1', { overrides: { arguments: [], values: [], target: 'debug' } });
  const open = withPinned(withQueued(fresh, overridden), 'ca1', reading('one'));
  assert.deepEqual(withEnded(open, { ...overridden, status: 'Succeeded' }, reading('one')), {
    ...fresh,
    newest: 'ca1',
  });
});

test('a run that failed before it read its digests has tried what its trigger names', () => {
  const known = ended(fresh, 'ca1', 'Succeeded', 'one');
  const images = [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest: 'two' }];
  const trigger = { id: 'event', timestamp: at, images };
  const failed = run('ca2', { status: 'Failed', imageUpdateTrigger: trigger });
  const state = withEnded(withQueued(known, failed), failed, undefined);
  assert.equal(state.bases[0]!.digest, 'two');
  const { runId, status, inputs, failures } = state.last!;
  assert.deepEqual(
    { runId, status, inputs, failures },
    { runId: 'ca2', status: 'Failed', inputs: `${image}@two`, failures: 1 },
  );
});

test('inputs are the same in any order', () => {
  const two: Pin[] = [...pins('one'), { image: 'b/c:1', type: 'BuildTime', digest: 'three' }];
  assert.equal(inputsOf(two), inputsOf([...two].reverse()));
});

test.run();
