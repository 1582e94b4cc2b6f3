// Tier: normal, listeners wait before they try again.
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startQueueListener } from '../../local/functionsHost/queue/queueListener.ts';
import { parseSchedule } from '../../local/functionsHost/timer/schedule.ts';
import type { TimerStatus, TimerStatusStore } from '../../local/functionsHost/timer/timerStatus.ts';
import { startTimer } from '../../local/functionsHost/timer/timers.ts';
import type { FunctionDefinition } from '../../local/functionsHost/worker/core.ts';
import { waitFor } from '../doubles/waitFor.ts';

const test = suite('listeners that meet a fault of storage');

const definition = { name: 'clock', trigger: { type: 'timerTrigger' } } as unknown as FunctionDefinition;
const yearly = parseSchedule('0 0 0 1 1 *');
const due: TimerStatus = {
  last: new Date('2024-01-01T00:00:00Z'),
  next: new Date('2025-01-01T00:00:00Z'),
  lastUpdated: new Date('2024-01-01T00:00:00Z'),
};
const failure = (message: string, statusCode?: number) => Object.assign(new Error(message), { statusCode });

/** A store whose first calls fail, and that then holds a status that is due. */
function failing(error: Error, { read = 0, write = 0 }): TimerStatusStore & { written: TimerStatus[] } {
  const left = { read, write };
  const written: TimerStatus[] = [];
  return {
    written,
    async read() {
      if (left.read-- > 0) throw error;
      return write > 0 ? undefined : due;
    },
    async write(_name, status) {
      if (left.write-- > 0) throw error;
      written.push(status);
    },
  };
}

const rows: Array<[title: string, error: Error, fails: { read?: number; write?: number }]> = [
  ['the identity endpoint is busy', failure('The managed identity endpoint is busy.'), { read: 1 }],
  [
    'the role of the identity does not count yet',
    failure('AuthorizationPermissionMismatch', 403),
    { read: 1 },
  ],
  ['storage is busy', failure('ServerBusy', 503), { read: 1 }],
  ['storage cannot be reached, twice', failure('connect ECONNREFUSED 127.0.0.1:10000'), { read: 2 }],
  ['the recorded status is no JSON', new SyntaxError('Unexpected end of JSON input'), { read: 1 }],
  ['its first status is not written', failure('ContainerBeingDeleted', 409), { write: 1 }],
];

test("a timer's listener that cannot start is said and tried again, whatever it was", async () => {
  await Promise.all(
    rows.map(async ([title, error, fails]) => {
      const status = failing(error, fails);
      const said: string[] = [];
      let runs = 0;
      const timer = startTimer(definition, yearly, status, {
        invoke: async () => {
          runs++;
          return {} as never;
        },
        log: (level, category, message) => said.push(`${level} ${category} ${message}`),
      });
      try {
        await waitFor(`a start after ${title}`, () => (status.written.length > 0 ? true : undefined));
      } finally {
        await timer.stop();
      }
      const line = `error Host.Triggers.Timer The listener for function 'Functions.clock' was unable to start: ${error.message}`;
      assert.deepEqual(said, new Array(fails.read ?? fails.write).fill(line), title);
      assert.equal(
        runs,
        fails.write ? 0 : 1,
        `${title}: what was due ran once, and a new schedule is not due`,
      );
    }),
  );
});

test('it can be stopped while it waits for its next try', async () => {
  const status = failing(failure('ServerBusy', 503), { read: 1000 });
  const said: string[] = [];
  const log = (_level: string, _category: string, message: string) => void said.push(message);
  const timer = startTimer(definition, yearly, status, { invoke: async () => ({}) as never, log });
  await waitFor('the first try', () => said[0]);
  await timer.stop();
  assert.equal(said.length, 1);
});

test('it leaves a run by hand possible', async () => {
  const status = failing(failure('ServerBusy', 503), { read: 1000 });
  let runs = 0;
  const invoke = async () => {
    runs++;
    return {} as never;
  };
  const timer = startTimer(definition, yearly, status, { invoke, log: () => {} });
  timer.runNow();
  await timer.stop();
  assert.equal(runs, 1);
});

/** Answers of a queue to a look at it, and what the host says of one that it gives three times, twice. */
const looks: [title: string, error: Error, said: boolean][] = [
  ['the queue is not there', failure('QueueNotFound', 404), false],
  ['the queue is being deleted', failure('QueueBeingDeleted', 409), false],
  ['storage is busy', failure('ServerBusy', 503), false],
  ['storage failed', failure('InternalError', 500), false],
  ['the role is missing', failure('AuthorizationPermissionMismatch', 403), true],
  ['the token is not valid', failure('InvalidAuthenticationInfo', 401), true],
  ['storage cannot be reached', failure('connect ECONNREFUSED 127.0.0.1:10001'), true],
];
for (const [title, error, isSaid] of looks)
  test(`where ${title}, a queue's listener says it ${isSaid ? 'once, until it can be read again' : 'not'}`, async () => {
    const fails = [true, true, true, false, true, true, true];
    let asked = 0;
    const queue = {
      name: 'starts',
      async receiveMessages() {
        if (fails[asked++]) throw error;
        return { receivedMessageItems: [] };
      },
    };
    const said: string[] = [];
    const listener = startQueueListener({
      definition: { name: 'startBuild', trigger: { type: 'queueTrigger', queueName: 'starts' } },
      queues: { client: () => queue },
      settings: { batchSize: 1, newBatchThreshold: 0, maxPollingIntervalMs: 1 },
      log: (level: string, _category: string, message: string) => said.push(`${level} ${message}`),
    } as any);
    await waitFor('both times', () => asked > fails.length || undefined);
    await listener.stop();
    const line = `error An unhandled exception has occurred. Host is shutting down. Cannot read queue starts: ${error.message}`;
    assert.deepEqual(said, isSaid ? [line, line] : []);
  });

test.run();
