import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import { pollingDelayMs } from '../../local/functionsHost/queue/queueBackoff.ts';
import {
  connectionTo,
  expandSettings,
  parseTimeSpan,
  readHostSettings,
} from '../../local/functionsHost/settings.ts';
import { parseSchedule } from '../../local/functionsHost/timer/schedule.ts';
import { findEntryPoints } from '../../local/functionsHost/worker/entryPoints.ts';
import { formatLogLine, type LogLevel, passesLogLevel } from '../../local/functionsHost/worker/logging.ts';

const from = '2026-01-01T00:00:00.500Z'; // a Thursday
const schedules: Array<[schedule: string, from: string, next: string]> = [
  ['*/2 * * * * *', from, '2026-01-01T00:00:02.000Z'],
  ['0 * * * * *', from, '2026-01-01T00:01:00.000Z'],
  ['0 */5 * * * *', '2026-01-01T00:05:00.000Z', '2026-01-01T00:10:00.000Z'],
  ['0 30 9 * * 1-5', from, '2026-01-01T09:30:00.000Z'],
  ['0 30 9 * * Mon', from, '2026-01-05T09:30:00.000Z'],
  ['0 0 0 1 Feb *', from, '2026-02-01T00:00:00.000Z'],
  ['0 0 0 29 2 *', from, '2028-02-29T00:00:00.000Z'],
  ['0 0 0 13 * Fri', from, '2026-02-13T00:00:00.000Z'],
  ['0 5/20 * * * *', '2026-01-01T00:05:00.000Z', '2026-01-01T00:25:00.000Z'],
  ['0 10-20/5,40 * * * *', '2026-01-01T00:20:00.000Z', '2026-01-01T00:40:00.000Z'],
  ['59 59 23 31 12 *', from, '2026-12-31T23:59:59.000Z'],
  ['0 0 0 8 9 Tue', '2026-11-27T00:00:00.000Z', '2037-09-08T00:00:00.000Z'],
];
for (const [schedule, after, next] of schedules)
  test(`'${schedule}' after ${after} comes at ${next}`, () => {
    assert.equal(parseSchedule(schedule)(new Date(after)).toISOString(), next);
  });

for (const [schedule, why] of [
  ['* * *', /has 3 fields/],
  ['* * * * *', /has 5 fields/],
  ['00:05:00', /has 1 fields/],
  ['60 * * * * *', /'60' is not NCRONTAB/],
  ['0 0 22-25/4 * * *', /'22-25\/4' is not NCRONTAB/],
  ['0 0 0 * * 7', /'7' is not NCRONTAB/],
  ['0 0 0 * * Fri-Sun', /'Fri-Sun' is not NCRONTAB/],
  ['0 0 0 L * *', /'L' is not NCRONTAB/],
  ['0 0 0 * * Mon#1', /'Mon#1' is not NCRONTAB/],
  ['0 0 0 ? * *', /'\?' is not NCRONTAB/],
  ['0 0 0 * Foo *', /cannot be read/],
  ['0 0 0 0 * *', /cannot be read/],
  ['0 */0 * * * *', /cannot be read/],
  ['0 20-10 * * * *', /cannot be read/],
  ['0 0 0 30 2 *', /no such day/],
] as const)
  test(`'${schedule}' is refused`, () => {
    assert.throws(() => parseSchedule(schedule), why);
  });

for (const [text, ms] of [
  ['00:00:10', 10_000],
  ['1.02:03:04', 93_784_000],
  ['00:00:00.250', 250],
] as const)
  test(`the time span ${text} is ${ms} ms`, () => {
    assert.equal(parseTimeSpan(text), ms);
  });
test('10 is no time span', () => {
  assert.throws(() => parseTimeSpan('10'), /not a time span/);
});

test('a setting stands for %NAME%, and one that is missing is named', () => {
  assert.equal(expandSettings('a-%Q%-b', { Q: 'x' }), 'a-x-b');
  assert.throws(() => expandSettings('%Q%', {}), /setting Q/);
});

const identity = { __credential: 'managedidentity', __clientId: 'c' };
const named = (settings: Record<string, string>) =>
  Object.fromEntries(Object.entries(settings).map(([suffix, value]) => [`DATA${suffix}`, value]));
const connections: Array<[title: string, name: string | undefined, env: object, found: object | RegExp]> = [
  ['its name', 'RUNS', { RUNS: 'r' }, { connectionString: 'r' }],
  ['AzureWebJobs before it', 'Tasks', { AzureWebJobsTasks: 't' }, { connectionString: 't' }],
  ['no name', undefined, { AzureWebJobsStorage: 's' }, { connectionString: 's' }],
  ['another name', 'NONE', { RUNS: 'r' }, /connection NONE is not set/],
  [
    'an endpoint and an identity',
    'DATA',
    named({ ...identity, __queueServiceUri: 'https://q' }),
    { endpoint: 'https://q', clientId: 'c' },
  ],
  [
    'the endpoint of another service',
    'DATA',
    named({ ...identity, __blobServiceUri: 'https://b' }),
    /not set/,
  ],
  [
    'an endpoint without a credential',
    'DATA',
    named({ __clientId: 'c', __queueServiceUri: 'https://q' }),
    /DATA__credential has to be managedidentity/,
  ],
  [
    'an endpoint without an identity',
    'DATA',
    named({ __credential: 'managedidentity', __queueServiceUri: 'https://q' }),
    /DATA__clientId/,
  ],
];
for (const [title, name, env, found] of connections)
  test(`a connection by ${title} is ${found instanceof RegExp ? 'refused' : 'found'}`, () => {
    const read = () => connectionTo('queue', name, env as Record<string, string>);
    if (found instanceof RegExp) assert.throws(read, found);
    else assert.deepEqual(read(), found);
  });

function inDir(files: Record<string, string>, act: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'host-settings-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, '..'), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    act(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const defaults = {
  routePrefix: 'api',
  queues: {
    batchSize: 16,
    newBatchThreshold: 8,
    maxDequeueCount: 5,
    visibilityTimeoutMs: 0,
    maxPollingIntervalMs: 60_000,
  },
  logLevel: {},
};
test('a host.json that says nothing means the defaults of Functions', () => {
  inDir({ 'host.json': '{"version":"2.0"}' }, (dir) => assert.deepEqual(readHostSettings(dir), defaults));
});
test("the app's own host.json is read whole", () => {
  const { queues, routePrefix } = readHostSettings(join(import.meta.dirname, '../..'));
  assert.equal(routePrefix, '');
  assert.deepEqual(queues, {
    batchSize: 16,
    newBatchThreshold: 8,
    maxDequeueCount: 5,
    visibilityTimeoutMs: 10_000,
    maxPollingIntervalMs: 250,
  });
});
for (const [text, why] of [
  ['{}', /version must be "2.0"/],
  ['{"version":"2.0","extensions":{"queues":{"batchSize":33}}}', /batchSize must be 1 to 32/],
  [
    '{"version":"2.0","extensions":{"queues":{"messageEncoding":"none"}}}',
    /is none; the local host serves base64 only/,
  ],
  ['{', /host\.json cannot be read/],
] as const)
  test(`the host.json ${text} is refused`, () => {
    inDir({ 'host.json': text }, (dir) => assert.throws(() => readHostSettings(dir), why));
  });

test('main names the .js files of one folder, in the order of their names', () => {
  const files = ['dist/index.js', 'dist/functions/b.js', 'dist/functions/a.js', 'dist/functions/a.js.map'];
  inDir(Object.fromEntries([...files, 'dist/functions/deep/c.js'].map((name) => [name, ''])), (dir) => {
    const found = (main: string) => findEntryPoints(dir, main).map((file) => relative(dir, file));
    assert.deepEqual(found('dist/functions/*.js'), ['dist/functions/a.js', 'dist/functions/b.js']);
    assert.deepEqual(found('./dist/*.js'), ['dist/index.js']);
    assert.deepEqual(found('src/*.js'), []);
  });
});
for (const main of [
  'dist/index.js',
  '*.js',
  'dist/**/*.js',
  'dist/{index.js,functions/*.js}',
  'dist/*/*.js',
  'dist/*.{js,cjs}',
  '../dist/*.js',
  '/dist/*.js',
])
  test(`the main '${main}', which the app does not have, is refused`, () => {
    assert.throws(() => findEntryPoints('/nowhere', main), /reads FOLDER\/\*\.js only/);
  });

test('an idle queue is looked at after 100 ms, then ever later, at most after maxPollingInterval', () => {
  const delays = [1, 2, 3, 4, 5, 6].map((looks) => pollingDelayMs(looks, 1000, 0.5));
  assert.deepEqual(delays, [100, 200, 300, 500, 900, 1000]);
  assert.equal(pollingDelayMs(2, 1000, 0), 180);
});

const levels: Array<[config: Record<string, string>, level: LogLevel, category: string, passes: boolean]> = [
  [{}, 'information', 'Host', true],
  [{}, 'debug', 'Host', false],
  [{ default: 'Warning' }, 'information', 'Host', false],
  [{ default: 'Warning', Function: 'Debug' }, 'debug', 'Function.clock.User', true],
  [{ Function: 'Error', 'Function.clock': 'Trace' }, 'trace', 'Function.clock', true],
  [{ Function: 'Error', 'Function.clock': 'Trace' }, 'warning', 'Function.clocks', false],
  [{ default: 'None' }, 'critical', 'Host', false],
];
for (const [config, level, category, passes] of levels)
  test(`${JSON.stringify(config)} ${passes ? 'prints' : 'leaves out'} ${level} of ${category}`, () => {
    assert.equal(passesLogLevel(config, level, category), passes);
  });
test('a log line is [time] level category: message', () => {
  const line = formatLogLine(new Date(0), 'information', 'Function.clock.User', 'ring');
  assert.equal(line, '[1970-01-01T00:00:00.000Z] information Function.clock.User: ring');
});

test.run();
