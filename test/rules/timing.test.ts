import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as timing from '../../shared/rules/timing.ts';

const root = join(import.meta.dirname, '../..');
const { extensions } = JSON.parse(readFileSync(join(root, 'host.json'), 'utf8'));
const seconds = (span: string) => span.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

const rows: [sentence: string, holds: boolean][] = [
  [
    'the engine is asked once: scheduleRun ends before its claim',
    timing.scheduleSeconds < timing.claimSeconds,
  ],
  [
    'a token for Azure Resource Manager and one call to it end before scheduleRun has to',
    timing.answerMs.identity + timing.answerMs.resourceManager < timing.scheduleSeconds * 1000,
  ],
  [
    'a registration ends before its claim',
    timing.answerMs.sourceControl * 10 < timing.webhookClaimSeconds * 1000,
  ],
  ['the clock’s call ends before the host comes again', timing.clockWaitMs < 60_000],
  ['telemetry is sent before the host ends the process', timing.flushSeconds < 5],
  ['a fetch ends before the function has to', timing.sourceSeconds < 300],
  ['a fetch that goes on beats before it looks dead', timing.beatSeconds * 2 <= timing.messageLostSeconds],
  [
    'a queue is given up after a server’s longest pause',
    timing.engineQueueSeconds >= timing.longestRetryAfterSeconds,
  ],
  [
    'questions to the engine grow apart',
    [0, 3, 9, 99].every((at) => timing.followAfter(at) <= timing.followAfter(at + 1)),
  ],
  ['a log’s address outlives the longest run', timing.logUrlHours * 3600 > 28_800],
  [
    'a message is put back before it is lost',
    seconds(extensions.queues.visibilityTimeout) < timing.messageLostSeconds,
  ],
];
for (const [sentence, holds] of rows) test(sentence, () => assert.ok(holds));

test('pauses grow to their ends', () => {
  assert.deepEqual([0, 1, 2, 3, 7].map(timing.failurePauseMs), [0, 300_000, 900_000, 0, 0]);
  assert.deepEqual([0, 1, 2, 3, 6, 7, 30].map(timing.webhookRetryMinutes), [1, 1, 2, 4, 32, 60, 60]);
  const ages = [40, 41].map((age) => timing.followAfter(9, { age, expected: 20 }));
  assert.deepEqual(
    ages,
    [2, 15],
    'of a build that takes more than twice what is expected nothing is expected',
  );
});

test('delays, time limits and numbers of tries stand in this file alone', () => {
  const others = readdirSync(join(root, 'shared'), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => name.endsWith('.ts') && !name.endsWith('rules/timing.ts') && !name.startsWith('dockerfile/'),
    )
    .filter((name) =>
      /^(?:export )?const \w*(?:Seconds|Minutes|Ms|Hours|Tries|Attempts|Failures|Timeouts) = (?:\d|\[)/m.test(
        readFileSync(join(root, 'shared', name), 'utf8'),
      ),
    );
  assert.deepEqual(others, []);
});

test.run();
