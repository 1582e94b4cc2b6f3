import assert from 'node:assert/strict';
import { test } from 'uvu';
import { givenUp, messageOf, moreTrouble, pauseAfter } from '../../../shared/flow/start/postpone.ts';
import type { Run } from '../../../shared/model/run.ts';
import { PlinthError } from '../../../shared/names/plinthError.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { sampleRun } from '../../doubles/storeContract.ts';

const runId = formatRunId('appacr', 1);
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
const busy = (retryAfter?: number) => new PlinthError('busy', { transient: true, retryAfter });
const unknownHost = () =>
  new RegistryError('Unreachable', 'gone', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) });
const noRole = () => new PlinthError('no role', { isRoleMissing: true });
const broken = () => new TypeError('broken');

/** What is met, how often in a row, since how many seconds, how often as an unknown host; the pause in seconds. */
const pauses: [
  error: Error,
  count: number,
  since: number,
  hosts: number | undefined,
  pause: number | undefined,
][] = [
  [busy(), 1, 0, undefined, 15],
  [busy(), 99, 3599, undefined, 15],
  [busy(), 99, 3600, undefined, undefined],
  [busy(60), 1, 0, undefined, 60],
  [busy(3), 1, 0, undefined, 3],
  [busy(0), 1, 0, undefined, 15],
  [busy(-5), 1, 0, undefined, 15],
  [busy(86_400), 1, 0, undefined, 86_400],
  [busy(86_401), 1, 0, undefined, 86_400],
  [unknownHost(), 1, 0, 1, 15],
  [unknownHost(), 9, 0, 2, 30],
  [unknownHost(), 9, 0, 3, 60],
  [unknownHost(), 9, 0, 4, undefined],
  [unknownHost(), 1, 3600, 1, undefined],
  [noRole(), 1, 0, undefined, 15],
  [noRole(), 2, 15, undefined, 30],
  [noRole(), 5, 30, undefined, 240],
  [noRole(), 6, 30, undefined, 300],
  [noRole(), 6, 590, undefined, 10],
  [noRole(), 6, 600, undefined, undefined],
  [broken(), 1, 0, undefined, 15],
  [broken(), 5, 9999, undefined, 240],
  [broken(), 9, 9999, undefined, 300],
  [broken(), 10, 0, undefined, undefined],
  [new PlinthError('a fault'), 10, 0, undefined, undefined],
];
/** Seconds since the first trouble, and since the first of those in a row for a missing role. */
for (const [since, roleSince, pause] of [
  [660, 0, 15],
  [660, 300, 15],
  [660, 590, 10],
  [660, 600, undefined],
  [3599, 0, 15],
  [7200, 0, 15],
] as const)
  test(`a role that is missing for ${roleSince} s, of ${since} s of other trouble: ${pause ?? 'no'} pause`, () => {
    const trouble = { since: at(-since), roleSince: at(-roleSince), count: 1 };
    assert.equal(pauseAfter(noRole(), trouble, new Date(begun)), pause);
  });

for (const [error, count, since, hosts, pause] of pauses)
  test(`${error.message} (${JSON.stringify(error)}) ${count} times in ${since} s, ${hosts ?? 'no'} unknown hosts: ${pause ?? 'no'} pause`, () => {
    const trouble = { since: at(-since), count, ...(hosts && { unknownHost: hosts }) };
    assert.equal(pauseAfter(error, trouble, new Date(begun)), pause);
  });

const run = (change: Partial<Run>): Run => ({ ...sampleRun('appacr', runId), ...change });
for (const [title, error, trouble, becomes] of [
  ['the first', broken(), undefined, { since: at(0), count: 1 }],
  ['the second', broken(), { since: at(-60), count: 1 }, { since: at(-60), count: 2 }],
  ['the first unknown host', unknownHost(), undefined, { since: at(0), count: 1, unknownHost: 1 }],
  [
    'another unknown host',
    unknownHost(),
    { since: at(-60), count: 5, unknownHost: 2 },
    { since: at(-60), count: 6, unknownHost: 3 },
  ],
  [
    'the first missing role',
    noRole(),
    { since: at(-60), count: 5 },
    { since: at(-60), count: 6, roleSince: at(0) },
  ],
  [
    'another missing role',
    noRole(),
    { since: at(-60), count: 6, roleSince: at(-30) },
    { since: at(-60), count: 7, roleSince: at(-30) },
  ],
  [
    'another trouble after it',
    broken(),
    { since: at(-60), count: 6, roleSince: at(-30) },
    { since: at(-60), count: 7 },
  ],
  [
    'another after unknown hosts',
    broken(),
    { since: at(-60), count: 5, unknownHost: 2 },
    { since: at(-60), count: 6 },
  ],
] as const)
  test(`${title} is counted`, () =>
    assert.deepEqual(moreTrouble(run({ ...(trouble && { trouble }) }), new Date(begun), error), becomes));

for (const [error, status, says] of [
  [busy(), 'Failed', /^busy$/],
  [unknownHost(), 'Failed', /^gone It was tried 4 times\.$/],
  [noRole(), 'Failed', /^no role It was tried for 10 minutes: so long a role/],
  [broken(), 'Error', /^Plinth failed at this run 10 times and gave it up: broken\. The app's log/],
] as const)
  test(`a run that is given up after ${error.message} ends ${status}`, () => {
    const ending = givenUp(error);
    assert.equal(ending.status, status);
    assert.match(ending.runErrorMessage, says);
  });

test('what is thrown and is no error is told as it is', () => assert.equal(messageOf('a text'), 'a text'));

test.run();
