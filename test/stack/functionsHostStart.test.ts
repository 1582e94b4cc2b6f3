import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startAzurite } from '../../local/azurite.ts';
import { startFunctionsHost } from '../../local/functionsHost/host.ts';
import { spawnFunctionsHost } from '../../local/functionsHost/spawn.ts';
import { sampleApp, writeApp } from './sampleApp.ts';

const keys = { master: 'master-key', function: 'function-key', eventgrid: 'eventgrid-key' };

const test = suite('start of the functions host');

const broken: Array<[title: string, files: Record<string, string | object>, error: RegExp]> = [
  ['has no main', { 'package.json': {} }, /has no "main"/],
  [
    'has a main that matches nothing',
    { 'package.json': { main: 'dist/*.js' } },
    /No file in .* matches .*dist/,
  ],
  [
    'has a file that throws',
    { 'package.json': { main: 'a.js' }, 'a.js': 'throw new Error("oh")' },
    /a\.js failed to load: oh/,
  ],
  ['registers nothing', { 'package.json': { main: 'a.js' }, 'a.js': '' }, /none registered a function/],
  [
    'has a trigger that is not served',
    {
      'package.json': { main: 'a.js' },
      'a.js':
        "require('@azure/functions').app.storageBlob('b', { path: 'x', connection: 'c', handler() {} })",
    },
    /b has a blobTrigger, which the local host does not serve/,
  ],
  [
    'names a connection that is not set',
    {
      'package.json': { main: 'a.js' },
      'a.js':
        "require('@azure/functions').app.storageQueue('q', { queueName: 'x', connection: 'c', handler() {} })",
    },
    /connection c is not set/,
  ],
  [
    'names a connection that is no connection string',
    {
      'package.json': { main: 'a.js' },
      'a.js':
        "require('@azure/functions').app.storageQueue('q', { queueName: 'x', connection: 'BAD', handler() {} })",
    },
    /connection BAD, for queue x, is no storage connection string/,
  ],
  [
    'takes a route of the host',
    {
      'package.json': { main: 'a.js' },
      'host.json': { version: '2.0', extensions: { http: { routePrefix: '' } } },
      'a.js': "require('@azure/functions').app.http('h', { route: 'admin/x', handler() {} })",
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

for (const kind of ['esm', 'cjs'] as const)
  test(`${kind}: an app runs in this process too, one at a time and again after a stop`, async () => {
    const azurite = await startAzurite();
    const app = sampleApp(kind, {});
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
