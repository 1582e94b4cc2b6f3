import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { HeldBase } from '../../shared/graph/answers.ts';
import { staleOf, whyOf } from '../../shared/graph/staleOf.ts';
import type { TaskState } from '../../shared/model/state.ts';
import { sampleState } from '../doubles/storeContract.ts';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const base = 'docker.io/library/node:22';
const time = '2026-11-23T10:00:00.000Z';

function taskOn(task: string, image: string, changes: Partial<TaskState> = {}): TaskState {
  const pin = { image, type: 'RunTime' as const, digest: digestOf('a') };
  return {
    ...sampleState('appacr', task),
    bases: [{ ...pin, pinnedAt: time }],
    outputs: [`appacr.azurecr.io/${task}:1`],
    built: { runId: 'ca1', pins: [pin] },
    ...changes,
  };
}
const young: HeldBase = {
  image: base,
  digest: digestOf('b'),
  since: time,
  because: 'tooYoung',
  reason: 'sha256:bbbbbbbbbbbb is held until 2026-11-26T10:00:00.000Z: docker.io/** has a minimum age of 3d',
  until: '2026-11-26T10:00:00.000Z',
  admissible: digestOf('a'),
};
const bad: HeldBase = {
  ...{ image: base, digest: digestOf('a'), since: time, because: 'quarantined' },
  reason: 'sha256:aaaaaaaaaaaa is quarantined: CVE-2026-1',
};
const part: HeldBase = {
  ...young,
  because: 'quarantined',
  reason: 'sha256:b holds sha256:e, which is quarantined: CVE-2026-1',
};
const arm: Partial<TaskState> = { platform: { os: 'Linux', architecture: 'arm64' } };
const [onBase] = taskOn('web', base).bases;
const newer = { digest: digestOf('c'), since: time, at: time, push: 'p' };

const rows: [title: string, changes: Partial<TaskState>, held: HeldBase[], says: RegExp | undefined][] = [
  [
    'a newer digest is too young',
    {},
    [young],
    /^web: docker\.io\/library\/node:22: sha256:b{12} is held until .* minimum age of 3d; meanwhile it is built on sha256:a{12}\.$/,
  ],
  [
    'its image is paused',
    {},
    [{ ...young, because: 'paused', reason: 'docker.io/** is paused: frozen' }],
    /is paused: frozen; meanwhile/,
  ],
  [
    'the newer digest is quarantined',
    {},
    [{ ...young, because: 'quarantined', reason: 'sha256:b is quarantined: x' }],
    /is quarantined: x; meanwhile/,
  ],
  [
    'its own digest is quarantined, and there is no other',
    {},
    [bad],
    /^web: it is built on sha256:a{12} of .* no other digest to go back to: .*CVE-2026-1\.$/,
  ],
  ['its own digest is quarantined, and it goes back', {}, [{ ...bad, admissible: digestOf('c') }], undefined],
  [
    'it is built on the newest, which is paused',
    {},
    [{ ...young, digest: digestOf('a'), because: 'paused' }],
    undefined,
  ],
  ['another image is held', {}, [{ ...young, image: 'docker.io/library/node:24' }], undefined],
  ['its task is disabled', { enabled: false }, [young], undefined],
  ['its trigger is disabled', { trigger: 'Disabled' }, [young], undefined],
  ['only a build stage is held', { bases: [{ ...onBase!, type: 'BuildTime' }] }, [young], undefined],
  [
    'only a build stage is held, and its trigger is All',
    { trigger: 'All', bases: [{ ...onBase!, type: 'BuildTime' }] },
    [young],
    /meanwhile/,
  ],
  ['nothing is known of it', { bases: [] }, [young], undefined],
  ['it is held for its platform', {}, [{ ...part, platforms: ['linux/amd64'] }], /CVE-2026-1; meanwhile/],
  [
    'it is held for its platform and another',
    arm,
    [{ ...part, platforms: ['linux/amd64', 'linux/arm64'] }],
    /meanwhile/,
  ],
  ['it is held for another platform', {}, [{ ...part, platforms: ['linux/arm64'] }], undefined],
  ['it is held for what is not its platform', arm, [{ ...part, platforms: ['linux/amd64'] }], undefined],
  ['it is held for another variant', arm, [{ ...part, platforms: ['linux/arm64/v8'] }], undefined],
];
for (const [title, changes, held, says] of rows)
  test(`${says ? 'held' : 'not held'}: ${title}`, () => {
    const states = [taskOn('web', base, changes)];
    const [stale, ...rest] = staleOf(states, held);
    const why = whyOf({ registry: 'appacr', task: 'web' }, states, held)!;
    assert.deepEqual([rest, why.fresh], [[], says === undefined]);
    if (!says) return assert.equal(stale, undefined);
    assert.equal(stale!.because, 'held');
    assert.match(stale!.says, says);
    assert.deepEqual([stale!.until, stale!.since], [held[0]!.until, time]);
    assert.deepEqual(why.steps, [stale]);
  });

test('what is stale for another cause has that cause, whatever is held besides', () => {
  const states = [taskOn('web', base, { bases: [{ ...onBase!, newer }] })];
  assert.deepEqual(
    staleOf(states, [young]).map(({ because }) => because),
    ['notStarted'],
  );
});

test('what is built on the image of a task for which a base is held is not stale, and its why names that task', () => {
  const states = [
    taskOn('top', 'appacr.azurecr.io/mid:1'),
    taskOn('mid', 'appacr.azurecr.io/web:1'),
    taskOn('web', base),
  ];
  assert.deepEqual(
    staleOf(states, [young]).map(({ task }) => task),
    ['web'],
  );
  const why = whyOf({ registry: 'appacr', task: 'top' }, states, [young])!;
  assert.equal(why.fresh, true);
  assert.match(why.says, /^top is built on the newest .* Above it: web: docker\.io.* is held until/);
  assert.deepEqual(
    why.steps.map(({ task }) => task),
    ['web'],
  );
});

test.run();
