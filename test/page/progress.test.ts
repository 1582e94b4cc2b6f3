import assert from 'node:assert/strict';
import { test } from 'uvu';
import { graphOf } from '../../page/model/graph.ts';
import { openPushes } from '../../page/model/origins.ts';
import { progressOf, wordsOf } from '../../page/model/progress.ts';
import type { LiveAnswer, LiveRun } from '../../shared/graph/answers.ts';
import { planOf } from '../../shared/graph/planOf.ts';
import type { PlanState } from '../../shared/model/state.ts';

const now = Date.parse('2026-11-23T15:00:00Z');
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const image = (name: string) => `acr.azurecr.io/${name}:1`;
const outside = 'docker.io/library/node:22';
const push = { image: outside, digest: 'new', timestamp: minutesAgo(10) };

type Step = 'built' | 'running' | 'queued' | 'failed' | 'old';

/** A task of ten minutes' build, as far as a step has brought it after the push. */
function task(name: string, base: string, step: Step, seconds: number | undefined = 600): PlanState {
  const isBuilt = step === 'built';
  const last = (status: 'Succeeded' | 'Failed', minutes: number) => ({
    ...{ runId: `c-${name}`, status, failures: 0, automatic: true, endedAt: minutesAgo(minutes) },
  });
  return {
    ...{ registry: 'acr', task: name, enabled: true, trigger: 'Runtime', outputs: [image(name)] },
    bases: [
      {
        ...{ image: base, type: 'RunTime', digest: isBuilt ? 'new' : 'old', pinnedAt: minutesAgo(9) },
        ...(!isBuilt &&
          base === outside && { newer: { digest: 'new', since: minutesAgo(10), at: minutesAgo(10) } }),
      },
    ],
    open:
      step === 'running' || step === 'queued'
        ? [
            {
              runId: `c-${name}`,
              phase: step === 'running' ? 'Pinned' : 'Queued',
              automatic: true,
              canonical: true,
            },
          ]
        : [],
    last: last(step === 'failed' ? 'Failed' : 'Succeeded', step === 'old' ? 60 : 5),
    built: { runId: 'ca1', pins: [], ...(seconds !== undefined && { seconds }) },
  };
}

const cases: [title: string, tasks: PlanState[], words: string][] = [
  [
    'nothing has begun',
    [task('a', outside, 'queued'), task('b', image('a'), 'old')],
    'Wave 1 of 2. 0 of 2 built, 1 queued. Done about 15:20 (20 min).',
  ],
  [
    'the first wave is built',
    [task('a', outside, 'built'), task('b', image('a'), 'running')],
    'Wave 2 of 2. 1 of 2 built, 1 running. Done about 15:08 (8 min).',
  ],
  [
    'a failure on which nothing stands',
    [task('a', outside, 'built'), task('c', outside, 'failed'), task('b', image('a'), 'running')],
    'Wave 2 of 2. 1 of 3 built, 1 running, 1 failed. Done about 15:08 (8 min).',
  ],
  [
    'a failure on which others stand, over two levels',
    [task('a', outside, 'failed'), task('b', image('a'), 'old'), task('c', image('b'), 'old')],
    '0 of 3 built, 1 failed, 2 not reached: what they stand on failed. Nothing of it goes on.',
  ],
  [
    'one of two that a task is built on failed',
    [
      task('a', outside, 'failed'),
      task('b', outside, 'built'),
      ((one: PlanState): PlanState => ({
        ...one,
        bases: [...one.bases, { ...one.bases[0]!, image: image('b') }],
      }))(task('c', image('a'), 'queued')),
    ],
    'Wave 2 of 2. 1 of 3 built, 1 queued, 1 failed. Done about 15:10 (10 min).',
  ],
  [
    'all is built',
    [task('a', outside, 'built'), task('b', image('a'), 'built')],
    '2 of 2 built. It is over.',
  ],
  [
    'one was never built here',
    [{ ...task('a', outside, 'queued'), built: { runId: 'ca1', pins: [] } }, task('b', outside, 'queued')],
    'Wave 1 of 1. 0 of 2 built, 2 queued. No estimate: 1 of 2 were never built here.',
  ],
];
process.env.TZ = 'UTC';
for (const [title, tasks, words] of cases)
  test(`how far a push is: ${title}`, () => {
    const nodes = graphOf(tasks);
    const runs = [{ ...run('c-b', 'b'), registry: 'acr', startTime: minutesAgo(2) }];
    assert.equal(wordsOf(progressOf(planOf(tasks, [outside], 10), nodes, push, { runs, now }), now), words);
  });

/** A run of a task that was started for an image's push. */
function run(runId: string, name: string, pushed?: string, changes: Partial<LiveRun> = {}): LiveRun {
  return {
    ...{ runId, task: name, status: 'Running', createTime: minutesAgo(4) },
    ...(pushed && {
      push: `push of ${pushed}`,
      pushed: { image: pushed, digest: 'new', time: minutesAgo(4) },
    }),
    ...changes,
  };
}
const done = (minutes: number): Partial<LiveRun> => ({
  ...{ status: 'Succeeded', createTime: minutesAgo(minutes + 2), finishTime: minutesAgo(minutes) },
});
const chain = [task('a', outside, 'built'), task('b', image('a'), 'running'), task('c', image('b'), 'old')];

const origins: [title: string, runs: LiveRun[], pushes: [id: string, runs: string[]][]][] = [
  ['a run for a push from outside', [run('r1', 'a', outside)], [[`push of ${outside}`, ['r1']]]],
  [
    'a run for what another run made',
    [run('r2', 'b', image('a')), run('r1', 'a', outside, done(4))],
    [[`push of ${outside}`, ['r2']]],
  ],
  [
    'a run for what a run makes that has not ended',
    [run('r2', 'b', image('a')), run('r1', 'a', outside, { createTime: minutesAgo(6) })],
    [[`push of ${outside}`, ['r2', 'r1']]],
  ],
  [
    'three waves are one push',
    [
      run('r3', 'c', image('b')),
      run('r2', 'b', image('a'), { ...done(4), pushed: { image: image('a'), time: minutesAgo(6) } }),
      run('r1', 'a', outside, done(6)),
    ],
    [[`push of ${outside}`, ['r3']]],
  ],
  [
    'an image that was pushed by hand, long after its task ran',
    [run('r2', 'b', image('a')), run('r1', 'a', outside, done(60))],
    [[`push of ${image('a')}`, ['r2']]],
  ],
  [
    'an image that a run by hand made',
    [run('r2', 'b', image('a')), run('r1', 'a', undefined, done(4))],
    [[`push of ${image('a')}`, ['r2']]],
  ],
  ['a run by hand, and one that has ended', [run('r2', 'b'), run('r1', 'a', outside, done(4))], []],
  [
    'a ring of images',
    [run('r2', 'a', image('a')), run('r1', 'a', image('a'), done(4))],
    [[`push of ${image('a')}`, ['r2']]],
  ],
];
for (const [title, runs, pushes] of origins)
  test(`which push began what goes on: ${title}`, () => {
    const live: LiveAnswer = { registries: [{ name: 'acr', running: [], queued: [], runs }] };
    assert.deepEqual(
      openPushes(live, graphOf(chain)).map((one) => [one.id, one.runs.map(({ runId }) => runId)]),
      pushes,
    );
  });

test.run();
