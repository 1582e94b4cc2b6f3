import assert from 'node:assert/strict';
import { someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

/** The engine as it is asked by default; few requests are granted, so that a run meets the pace. */
const shares = { engineAnswerLost: 700, lateRun: 1000 };
const { test, world } = pushRows(
  'rough task runs',
  { minuteMs: 1000, pace: 0.02, shares },
  someRows(
    [
      { name: 'lateRun', kind: 'late', becomes, ended },
      { name: 'engineThrottle', kind: 'late', becomes: `${becomes}, as soon as Retry-After says`, ended },
      {
        name: 'engineAnswerLost',
        kind: 'unknown whether it was done',
        becomes: `${becomes}, and one build of it`,
        ended,
      },
    ],
    ({ kind }) => kind,
  ),
);

test('of each run the engine has one build, whatever answers were lost', async () => {
  const { stack, runsOf } = world();
  assert.equal(stack.engine.runs().length, (await runsOf('app-rough')).length);
});

test.run();
