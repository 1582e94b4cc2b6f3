import assert from 'node:assert/strict';
import { test } from 'uvu';
import { parseRunFilter, RunFilterError } from '../../shared/api/runFilter.ts';
import type { Run } from '../../shared/model/run.ts';
import { sampleRun } from '../doubles/storeContract.ts';

const run: Run = {
  ...sampleRun('appacr', 'ca7', 'It-s'),
  status: 'Succeeded',
  timerTrigger: { timerTriggerName: 't', scheduleOccurrence: '2026-11-23T10:00:00.000Z' },
  finishTime: '2026-11-23T10:05:00.000Z',
  outputImages: [{ registry: 'appacr.azurecr.io', repository: 'hello', tag: 'ca7', digest: 'sha256:abc' }],
};

const rows: [filter: string, matches: boolean][] = [
  ["TaskName eq 'It-s'", true],
  ["taskname EQ 'it-s'", true],
  ["TaskName eq 'other'", false],
  ["TaskName ne 'other'", true],
  ["TaskName eq 'It-s' and Status eq 'Succeeded'", true],
  ["TaskName eq 'It-s' and Status eq 'Failed'", false],
  ["Status eq 'Failed' or Status eq 'Succeeded'", true],
  ["(Status eq 'Failed' or RunId eq 'ca7') and RunType eq 'AutoRun'", true],
  ["Status eq 'Failed' or RunId eq 'ca7' and RunType eq 'QuickRun'", false],
  ["contains(OutputImageManifests, 'hello@sha256:abc')", true],
  ["contains(OutputImageManifests, 'hello@sha256:def')", false],
  ['CreateTime ge 2026-11-23T10:00:00Z', true],
  ['CreateTime gt 2026-11-23T10:00:00Z', false],
  ['FinishTime lt 2026-11-23T12:00:00+01:00', true],
  ['IsArchiveEnabled eq false', true],
  ["AgentPoolName eq 'pool'", false],
];
for (const [filter, matches] of rows)
  test(`${matches ? 'matches' : 'leaves out'}: ${filter}`, () =>
    assert.equal(parseRunFilter(filter).matches(run), matches));

const tasks: [filter: string, task: string | undefined][] = [
  ["TaskName eq 'a' and Status eq 'Failed'", 'a'],
  ["Status eq 'Failed' and TaskName eq 'a'", 'a'],
  ["TaskName eq 'a' or Status eq 'Failed'", undefined],
  ["TaskName ne 'a'", undefined],
  ["contains(TaskName, 'a')", undefined],
];
for (const [filter, task] of tasks)
  test(`${filter} is about task ${task}`, () => assert.equal(parseRunFilter(filter).task, task));

const nested = (depth: number) => `${'('.repeat(depth)}Status eq 'x'${')'.repeat(depth)}`;

test('twenty parentheses in each other are read', () => {
  assert.ok(parseRunFilter(nested(20)));
});

for (const filter of [
  '',
  'Status',
  'Status eq',
  "Status is 'x'",
  "Colour eq 'red'",
  "Status eq 'x' and",
  "(Status eq 'x'",
  "Status eq 'x')",
  "Status eq 'x",
  "contains(Status 'x')",
  '%%%',
  nested(21),
])
  test(`cannot be read: ${filter.slice(0, 30)}`, () =>
    assert.throws(() => parseRunFilter(filter), RunFilterError));

test.run();
