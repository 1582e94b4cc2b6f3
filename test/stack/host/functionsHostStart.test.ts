import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startFunctionsHost } from '../../../local/functionsHost/host.ts';
import { spawnFunctionsHost } from '../../../local/functionsHost/spawn.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { sampleApp, writeApp } from './sampleApp.ts';

const keys = { master: 'master-key', function: 'function-key', eventgrid: 'eventgrid-key' };

const test = suite('start of the functions host');

/** An app of one file, which registers functions. */
const registering = (code: string, type = 'module') => ({
  'package.json': { main: 'functions/*.js', type },
  'functions/a.js': `import { app, input, output } from '@azure/functions';\n${code}`,
});
const jobs = "queueName: 'x', connection: 'GOOD'";
const broken: Array<[title: string, files: Record<string, string | object>, error: RegExp]> = [
  ['has no main', { 'package.json': {} }, /has no "main"/],
  ['has a main that is a file', { 'package.json': { main: 'a.js', type: 'module' } }, /FOLDER\/\*\.js only/],
  [
    'has a main that matches nothing',
    { 'package.json': { main: 'dist/*.js', type: 'module' } },
    /No file in .* matches .*dist/,
  ],
  ['is CommonJS', registering('', 'commonjs'), /loads ES modules only/],
  ['has a file that throws', registering('throw new Error("oh")'), /a\.js failed to load: oh/],
  ['registers nothing', registering(''), /none registered a function/],
  [
    'has a trigger that is not served',
    registering("app.storageBlob('b', { path: 'x', connection: 'c', handler() {} })"),
    /b has a blobTrigger, which the local host does not serve/,
  ],
  ['has a warm-up', registering("app.warmup('w', { handler() {} })"), /w has a warmupTrigger/],
  ['has a hook', registering('app.hook.appStart(() => {})'), /runs no hook appStart, only appTerminate/],
  [
    'has a queue output',
    registering(`app.http('h', { return: output.storageQueue({ ${jobs} }), handler() {} })`),
    /h has a binding queue \(out\)/,
  ],
  [
    'has an extra output',
    registering(`app.http('h', { extraOutputs: [output.storageQueue({ ${jobs} })], handler() {} })`),
    /h has a binding queue \(out\)/,
  ],
  [
    'has an input',
    registering(
      "app.http('h', { extraInputs: [input.storageBlob({ path: 'x', connection: 'GOOD' })], handler() {} })",
    ),
    /h has a binding blob \(in\)/,
  ],
  [
    'wants events in batches',
    registering("app.eventGrid('e', { cardinality: 'many', handler() {} })"),
    /e has the option cardinality/,
  ],
  [
    'has a timer that runs at start',
    registering("app.timer('t', { schedule: '0 0 0 1 1 *', runOnStartup: true, handler() {} })"),
    /t has the option runOnStartup/,
  ],
  [
    'has a timer without a monitor',
    registering("app.timer('t', { schedule: '0 0 0 1 1 *', useMonitor: false, handler() {} })"),
    /t has the option useMonitor/,
  ],
  [
    'has a route with a constraint',
    registering("app.http('h', { route: 'runs/{id:int}', handler() {} })"),
    /not '\{id:int\}'/,
  ],
  [
    'names a connection that is not set',
    registering("app.storageQueue('q', { queueName: 'x', connection: 'c', handler() {} })"),
    /connection c is not set/,
  ],
  [
    'names a connection that is no connection string',
    registering("app.storageQueue('q', { queueName: 'x', connection: 'BAD', handler() {} })"),
    /connection BAD, for queue x, is no storage connection string/,
  ],
  [
    'takes a route of the host',
    {
      ...registering("app.http('h', { route: 'admin/x', handler() {} })"),
      'host.json': { version: '2.0', extensions: { http: { routePrefix: '' } } },
    },
    /admin and runtime are taken/,
  ],
];
for (const [title, files, error] of broken)
  test(`an app that ${title} does not start, and the error says so`, async () => {
    const app = writeApp({ 'host.json': { version: '2.0' }, ...files });
    try {
      await assert.rejects(
        startFunctionsHost({ appDir: app.dir, keys, env: { BAD: 'secret' }, log: () => {} }),
        error,
      );
    } finally {
      app.remove();
    }
  });

test('an app runs in this process too, one at a time and again after a stop', async () => {
  const azurite = await startAzurite();
  const app = sampleApp({});
  const env = { AzureWebJobsStorage: azurite.connectionString, JOBS: 'jobs', TICK: '0 0 0 29 2 *' };
  const options = { appDir: app.dir, keys, env, log: () => {} };
  for (const round of ['first', 'second']) {
    const inside = await startFunctionsHost(options);
    await assert.rejects(startFunctionsHost(options), /already loaded/);
    assert.equal(await (await fetch(`${inside.url}/api/slow?ms=0`)).text(), 'done', round);
    assert.ok(inside.functions.some(({ name }) => name === 'job'));
    await inside.stop();
    await assert.rejects(fetch(inside.url));
  }
  await azurite.stop();
  app.remove();
});

const hooks: [does: string, code: string, ends: boolean][] = [
  ['ends at once', '', true],
  ['ends after a while', 'await new Promise((end) => setTimeout(end, 1000));', true],
  ['fails', "throw new Error('the hook fails on purpose');", false],
  ['never ends', 'await new Promise(() => setInterval(() => {}, 1000));', false],
];
for (const [does, code, ends] of hooks)
  test(`an app whose appTerminate ${does} ends, within the five seconds that a worker has for it`, async () => {
    const hook = `async () => { console.log('hook begins'); ${code} console.log('hook ends'); }`;
    const app = writeApp({
      ...registering(`app.http('ping', { handler: async () => ({}) });\napp.hook.appTerminate(${hook});`),
      'host.json': { version: '2.0' },
    });
    const lines: string[] = [];
    const host = await spawnFunctionsHost({
      appDir: app.dir,
      env: {},
      keys,
      log: (line) => lines.push(line),
    });
    host.kill('SIGTERM');
    assert.equal(await host.exited, 0);
    assert.ok(lines.includes('hook begins'));
    assert.equal(lines.includes('hook ends'), ends, lines.join('\n'));
    assert.equal(/appTerminate failed: the hook fails/.test(lines.join()), does === 'fails');
    app.remove();
  });

test('a host that cannot start as a process says what it printed, and holds no key', async () => {
  const app = writeApp({ 'host.json': { version: '1.0' }, 'package.json': {} });
  const starting = spawnFunctionsHost({ appDir: app.dir, env: {}, keys });
  await assert.rejects(starting, (error: Error) => {
    assert.match(error.message, /did not start: it ended with 1/);
    assert.match(error.message, /version must be "2.0"/);
    assert.ok(!error.message.includes('master-key'));
    return true;
  });
  app.remove();
});

test.run();
