import assert from 'node:assert/strict';
import { test } from 'uvu';
import { quietLine } from '../../local/tutorial/quietLines.ts';

const app = (level: string, message: string) =>
  ['app', `[2026-11-25T21:00:00.000Z] ${level} Function.followRun.User: ${message}`] as const;
const event = (rest: string) => ['events', `Microsoft.ContainerRegistry.${rest}`] as const;

const rows: [title: string, line: readonly [part: string, line: string], shown: string | undefined][] = [
  ['a call of a function', app('information', "Executing 'Functions.runs-list' (Id=1)"), undefined],
  [
    'the end of a call',
    app('information', "Executed 'Functions.clock' (Succeeded, Id=1, Duration=3ms)"),
    undefined,
  ],
  [
    'a run of a task that ended',
    app('information', 'run cg2 Succeeded {"registry":"appacr","runId":"cg2","task":"app"}'),
    'run    cg2 of appacr, task app: Succeeded',
  ],
  [
    'a run of no task that failed',
    app('information', 'run cf1 Failed {"registry":"baseacr","runId":"cf1"}'),
    'run    cf1 of baseacr: Failed',
  ],
  ['a run that is spoken of', app('information', 'run cf1 is queued'), undefined],
  ['a warning', app('warning', 'run cf1 starts later: x'), 'app    run cf1 starts later: x'],
  ['an error of the host', app('error', 'Executed (Failed) x'), 'app    Executed (Failed) x'],
  [
    'what is no line of the host',
    ['app', '    at file:///app/main.js:1'],
    'app        at file:///app/main.js:1',
  ],
  [
    'a push',
    event('ImagePushed baseimages/node:15-alpine to subscription-1: attempt 1, HTTP 202'),
    'push   baseimages/node:15-alpine',
  ],
  ['a deletion', event('ImageDeleted node:1 to subscription-1: attempt 1, HTTP 202'), undefined],
  [
    'a push that did not come through',
    event('ImagePushed node:1 to subscription-1: attempt 1, no answer, again in 10 s'),
    'events Microsoft.ContainerRegistry.ImagePushed node:1 to subscription-1: attempt 1, no answer, again in 10 s',
  ],
  ['a push that came through later', event('ImagePushed node:1 to s: attempt 2, HTTP 200'), undefined],
  [
    'a handshake',
    ['events', 'subscription-1: http://localhost/x passed the validation handshake'],
    undefined,
  ],
];
for (const [title, [part, line], shown] of rows)
  test(`npm start ${shown ? 'shows' : 'keeps to itself'} ${title}`, () =>
    assert.equal(quietLine(part, line), shown));

test.run();
