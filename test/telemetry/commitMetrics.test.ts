import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Run } from '../../shared/model/run.ts';
import type { Decision } from '../../shared/model/state.ts';
import type { Write } from '../../shared/ports/store.ts';
import { commitMetrics, pushOutcome } from '../../shared/telemetry/commitMetrics.ts';
import { sampleRun } from '../doubles/storeContract.ts';

const now = new Date('2026-11-23T10:05:00.000Z');
const run = (change: Partial<Run>): Run => ({ ...sampleRun('appacr', 'cg1'), ...change });
const started = run({ status: 'Started', startTime: '2026-11-23T10:00:30.000Z' });
const ended = run({
  status: 'Failed',
  startTime: '2026-11-23T10:00:30.000Z',
  finishTime: '2026-11-23T10:02:30.000Z',
});
const trigger = { id: 'e', timestamp: '2026-11-23T09:59:00.000Z', images: [] };
const pace: Write = { put: 'pace', value: { registry: 'appacr', running: [] } };
const leaves: Write = { remove: 'place', value: { registry: 'appacr', runId: 'cg1', automatic: true } };
const decision: Decision = {
  push: { id: 'e', image: 'i', digest: 'd', timestamp: trigger.timestamp },
  registry: 'appacr',
  task: 'app',
  verdict: 'skipped',
  reason: 'r',
  time: trigger.timestamp,
};
const put = (value: Run): Write => ({ put: 'run', value, etag: '1' });

const commits: [title: string, writes: Write[], points: string[]][] = [
  ['a run that is queued', [{ put: 'run', value: run({}) }], []],
  ['a run that starts', [put(started), pace, leaves], ['plinth.run.queue_age 30 automatic=false']],
  [
    'a run that starts for a push',
    [put({ ...started, imageUpdateTrigger: trigger }), pace, leaves],
    ['plinth.run.queue_age 30 automatic=true'],
  ],
  ['a run that is followed', [put({ ...started, followAt: 'later' })], []],
  [
    'a run that ends',
    [put(ended), pace],
    ['plinth.runs 1 result=Failed', 'plinth.run.duration 120 result=Failed'],
  ],
  [
    'a push that was built',
    [put({ ...ended, status: 'Succeeded', imageUpdateTrigger: trigger }), pace],
    [
      'plinth.runs 1 result=Succeeded',
      'plinth.run.duration 120 result=Succeeded',
      'plinth.edge.staleness 360 open=false',
    ],
  ],
  [
    'a push whose build failed is as stale as before',
    [put({ ...ended, imageUpdateTrigger: trigger }), pace],
    ['plinth.runs 1 result=Failed', 'plinth.run.duration 120 result=Failed'],
  ],
  [
    'a run that is cancelled in the queue',
    [put(run({ status: 'Canceled' })), leaves],
    ['plinth.runs 1 result=Canceled'],
  ],
  ['an ended run that is archived', [put({ ...ended, isArchiveEnabled: true })], []],
  ['a decision', [{ put: 'decision', value: decision }], ['plinth.decisions 1 verdict=skipped']],
  [
    'a finish before the start, by another clock',
    [put({ ...ended, finishTime: '2026-11-23T10:00:29.000Z' }), pace],
    ['plinth.runs 1 result=Failed', 'plinth.run.duration 0 result=Failed'],
  ],
];
for (const [title, writes, points] of commits)
  test(`tells of ${title}: ${points.length} measurements`, () => {
    const told = commitMetrics(writes, now).points.map(
      ({ metric, value, attributes: { registry, ...rest } }) => {
        assert.equal(registry, 'appacr');
        return `${metric.name} ${value} ${Object.entries(rest).map(([name, of]) => `${name}=${of}`)}`;
      },
    );
    assert.deepEqual(told, points);
  });

const outcomes: [title: string, verdicts: Decision['verdict'][], outcome: string][] = [
  ['no dependents', [], 'untracked'],
  ['everybody had it', ['skipped', 'skipped'], 'skipped'],
  ['one is built', ['skipped', 'started'], 'rebuilds'],
  ['one merges', ['merged'], 'rebuilds'],
  ['one waits', ['waits'], 'rebuilds'],
];
for (const [title, verdicts, outcome] of outcomes)
  test(`a push is ${outcome} when ${title}`, () =>
    assert.equal(pushOutcome(verdicts.map((verdict) => ({ verdict }))), outcome));

test.run();
