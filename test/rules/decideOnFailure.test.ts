import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Pin, Run } from '../../shared/model/run.ts';
import type { TaskState } from '../../shared/model/state.ts';
import { retryAt } from '../../shared/rules/decideOnFailure.ts';
import { withEnded, withPinned, withQueued } from '../../shared/rules/taskState.ts';
import { sampleRun, sampleState } from '../doubles/storeContract.ts';

const image = 'baseacr.azurecr.io/base:1';
const reading = (digest: string) => ({
  pins: [{ image, type: 'RunTime', digest } satisfies Pin],
  pinnedAt: '2026-11-23T10:00:00.000Z',
});

/** How a run ended and on which digest; where the engine says so, with its image in the registry. */
type Ended = [status: Run['status'], digest: string, change?: Partial<Run>];
const pushed = (): Partial<Run> => ({
  engineRunId: 'e1',
  outputImages: [{ registry: 'appacr.azurecr.io', repository: 'app', tag: '1' }],
});
const unpushed = { engineRunId: 'e1' };
const automatic = { sourceTrigger: { id: 'commit-1' } };

const rows: [title: string, runs: Ended[], isTriedAgain: boolean][] = [
  [
    'built on its base images, and built again on the same in vain',
    [
      ['Succeeded', 'one'],
      ['Failed', 'one', unpushed],
    ],
    false,
  ],
  [
    'not built on its newest base images',
    [
      ['Succeeded', 'one'],
      ['Failed', 'two', unpushed],
    ],
    true,
  ],
  [
    'of which a cancelled run has pushed its image, when it fails on the base image of before',
    [
      ['Succeeded', 'one'],
      ['Canceled', 'two', pushed()],
      ['Failed', 'one', unpushed],
    ],
    true,
  ],
  [
    'of which a run may have pushed its image when its time was over, when it fails on the base image of before',
    [
      ['Succeeded', 'one'],
      ['Timeout', 'two', unpushed],
      ['Failed', 'one', unpushed],
    ],
    true,
  ],
  [
    'of which a run was lost at the engine, when it fails on the base image of before',
    [
      ['Succeeded', 'one'],
      ['Error', 'two', unpushed],
      ['Failed', 'one', unpushed],
    ],
    true,
  ],
  [
    'of which a cancelled run has pushed its image, when the next has pushed over it and failed then',
    [
      ['Succeeded', 'one'],
      ['Canceled', 'two', pushed()],
      ['Failed', 'one', pushed()],
    ],
    false,
  ],
  [
    'of which a cancelled run has pushed nothing, when it fails on the base image of before',
    [
      ['Succeeded', 'one'],
      ['Canceled', 'two', unpushed],
      ['Failed', 'one', unpushed],
    ],
    false,
  ],
  [
    'that was built again after a cancelled run pushed its image, when it fails then',
    [
      ['Succeeded', 'one'],
      ['Canceled', 'two', pushed()],
      ['Succeeded', 'one'],
      ['Failed', 'one', unpushed],
    ],
    false,
  ],
  ['that was never built, by hand', [['Failed', 'one', unpushed]], false],
  ['that was never built, by itself', [['Failed', 'one', { ...unpushed, ...automatic }]], true],
  [
    'that failed three times',
    [
      ['Succeeded', 'one'],
      ['Failed', 'two', unpushed],
      ['Failed', 'two', unpushed],
      ['Failed', 'two', unpushed],
    ],
    false,
  ],
];

function after(runs: Ended[]): TaskState {
  let state = sampleState('appacr', 'app-1');
  for (const [at, [status, digest, change]] of runs.entries()) {
    const run: Run = { ...sampleRun('appacr', `ca${at}`), status, ...change };
    const pinned = withPinned(withQueued(state, run), run.runId, reading(digest));
    state = withEnded(pinned, run, reading(digest));
  }
  return state;
}

for (const [title, runs, isTriedAgain] of rows)
  test(`a task ${title}, is ${isTriedAgain ? '' : 'not '}tried again`, () => {
    assert.equal(retryAt(after(runs)) !== undefined, isTriedAgain);
  });

test.run();
