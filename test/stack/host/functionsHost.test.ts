import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { suite } from 'uvu';
import { type SpawnedFunctionsHost, spawnFunctionsHost } from '../../../local/functionsHost/spawn.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { sampleApp } from './sampleApp.ts';

const keys = { master: 'master-key', function: 'function-key', eventgrid: 'eventgrid-key' };
const host = { extensions: { http: { routePrefix: '' }, queues: { maxPollingInterval: '00:00:01' } } };
const prefixed = { extensions: { queues: { maxPollingInterval: '00:00:01' } } };

const test = suite('functions host');
const azurite = await startAzurite();
const apps = { plain: sampleApp(host), prefixed: sampleApp(prefixed) };
const settings = (jobs: string) => ({
  AzureWebJobsStorage: azurite.connectionString,
  JOBS: jobs,
  TICK: '0 0 0 29 2 *',
});
process.env.ONLY_OURS = 'not the app’s';
const lines: string[] = [];
const plain = await spawnFunctionsHost({
  appDir: apps.plain.dir,
  env: {
    ...settings('plain-jobs'),
    AzureWebJobsDisableHomepage: 'true',
    'AzureWebJobs.offByDots.Disabled': 'true',
    AzureWebJobs_offByLines_Disabled: '1',
    AzureWebJobs__notOff__Disabled: 'true',
  },
  keys,
  log: (line) => lines.push(line),
});
const underApi = await spawnFunctionsHost({ appDir: apps.prefixed.dir, env: settings('api-jobs'), keys });
test.after(async () => {
  await Promise.all([plain.stop(), underApi.stop()]);
  await azurite.stop();
  for (const app of Object.values(apps)) app.remove();
});

const kinds: Array<[kind: string, host: SpawnedFunctionsHost, prefix: string]> = [
  ['an app without a prefix', plain, ''],
  ['an app under /api', underApi, '/api'],
];
const routes: Array<[request: string, status: number, params?: Record<string, string>]> = [
  ['GET /defaultRoute', 200, {}],
  ['POST /defaultRoute', 200, {}],
  ['GET /DEFAULTROUTE/', 200, {}],
  ['PUT /defaultRoute', 404],
  ['GET /files/a/b%20c', 200, { rest: 'a/b c' }],
  ['GET /files', 200, {}],
  ['POST /files', 404],
  // By name, not by how exact a route is: so it is in Azure.
  ['GET /ordered/ping', 211, { x: 'ping' }],
  ['POST /ordered/ping', 213, {}],
  ['GET /unknown', 404],
  ['GET /nothing', 204],
  ['GET /nothing%00', 400],
  [`GET /files/${'x'.repeat(8200)}`, 414],
  ['GET /notOff', 200, {}],
  ['GET /guarded', 401],
  ['GET /guarded?code=wrong', 401],
  ['GET /guarded?code=function-key', 200, {}],
  ['GET /guarded?code=master-key', 200, {}],
  ['GET /guarded?code=eventgrid-key', 401],
  ['GET /for-admins?code=function-key', 401],
  ['GET /for-admins?code=master-key', 200, {}],
];
for (const [kind, { url }, prefix] of kinds)
  for (const [request, status, params] of routes)
    test(`${kind} answers ${request} with ${status}`, async () => {
      const [method, path] = request.split(' ') as [string, string];
      const response = await fetch(`${url}${prefix}${path}`, { method });
      const text = await response.text();
      assert.equal(response.status, status);
      if (params) assert.deepEqual(JSON.parse(text).params, params);
      else assert.equal(text, '');
    });

for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
  test(`${method} reaches the handler, with its route value, query and body`, async () => {
    const body = method === 'GET' || method === 'HEAD' ? null : randomBytes(1000);
    const response = await fetch(`${plain.url}/echo/a%2Fb?q=1&q=2`, { method, body });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('x-method'), method);
    assert.equal(response.headers.get('x-id'), 'a%2Fb');
    assert.equal(response.headers.get('x-query'), '1,2');
    const answered = Buffer.from(await response.arrayBuffer());
    assert.ok(answered.equals(body ?? Buffer.alloc(0)), 'the bytes come back as they went');
  });

test('a body of 20 MB comes back byte for byte', async () => {
  const body = randomBytes(20_000_000);
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${plain.url}/echo/1`, { method: 'PUT', body, headers });
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
});

test('a body over 100 MiB is refused with 500', async () => {
  const response = await fetch(`${plain.url}/echo/1`, {
    method: 'PUT',
    body: Buffer.alloc(101 * 1024 * 1024),
  });
  assert.equal(response.status, 500);
});

test('a handler that throws is a bare 500, and its error is in the log', async () => {
  const response = await fetch(`${plain.url}/boom`);
  assert.equal(response.status, 500);
  assert.equal(await response.text(), '');
  const line = lines.find((one) => one.includes('broken on purpose'));
  assert.match(line ?? '', /^\[\d{4}-.+Z\] error Function\.boom: Executed 'Functions\.boom' \(Failed/);
});

for (const name of ['offByDots', 'offByLines'])
  test(`a function that a setting disables is not there: ${name}`, async () => {
    assert.equal((await fetch(`${plain.url}/${name}`)).status, 404);
    assert.equal((await fetch(`${underApi.url}/api/${name}`)).status, 200);
  });

for (const [title, { url }, status] of [
  ['nothing, where the setting says so', plain, 204],
  ['a welcome', underApi, 200],
] as const)
  test(`the root of an app shows ${title}`, async () => {
    assert.equal((await fetch(`${url}/`)).status, status);
  });

test('headers of 20 kB pass', async () => {
  const headers = { 'x-long': 'x'.repeat(20_000) };
  assert.equal((await fetch(`${plain.url}/defaultRoute`, { headers })).status, 200);
});

test('the key may come in the header x-functions-key', async () => {
  const get = (key: string) => fetch(`${plain.url}/guarded`, { headers: { 'x-functions-key': key } });
  assert.equal((await get('function-key')).status, 200);
  assert.equal((await get('x')).status, 401);
});

test('a function that sets cookies fails, as they would be lost here', async () => {
  const { status, headers } = await fetch(`${plain.url}/cookie`);
  assert.equal(status, 500);
  assert.equal(headers.get('set-cookie'), null);
});

test('the app sees its settings, and neither the keys nor the environment of its parent', async () => {
  const seen = (await (await fetch(`${plain.url}/environment`)).json()) as Record<string, string>;
  assert.equal(seen.JOBS, 'plain-jobs');
  assert.equal(seen.ONLY_OURS, undefined);
  assert.ok(!JSON.stringify(seen).includes('master-key'), 'no key in the environment');
});

const admin: Array<[request: string, key: string, status: number, isJson?: boolean]> = [
  ['GET /admin/host/ping', '', 200],
  ['GET /admin/host/status', '', 401],
  ['GET /admin/host/status', 'wrong', 401],
  ['GET /admin/host/status', 'function-key', 403],
  ['GET /admin/host/status', 'master-key', 200],
  ['GET /admin/functions', 'master-key', 200],
  ['POST /admin/functions/unknown', 'master-key', 404],
  ['GET /admin/functions/newYear', 'master-key', 404],
  ['POST /admin/functions/echo', 'master-key', 400],
  ['POST /admin/functions/newYear', 'master-key', 415, false],
];
for (const [request, key, status, isJson = true] of admin)
  test(`${request} with the key '${key}' is ${status}`, async () => {
    const [method, path] = request.split(' ') as [string, string];
    const response = await fetch(`${plain.url}${path}`, {
      method,
      headers: {
        ...(key && { 'x-functions-key': key }),
        ...(isJson && { 'content-type': 'application/json' }),
      },
    });
    await response.text();
    assert.equal(response.status, status);
  });

test('a timer runs by hand over the admin API', async () => {
  const headers = { 'x-functions-key': keys.master, 'content-type': 'application/json' };
  const response = await fetch(`${underApi.url}/admin/functions/newyear`, {
    method: 'POST',
    headers,
    body: '{}',
  });
  assert.equal(response.status, 202);
  const run = await waitFor('the timer to run', async () => {
    const seen = (await (await fetch(`${underApi.url}/api/seen`)).json()) as Array<{
      kind: string;
      timer: object;
    }>;
    return seen.find(({ kind }) => kind === 'newYear');
  });
  const { isPastDue, scheduleStatus } = run.timer as { isPastDue: boolean; scheduleStatus: { next: string } };
  assert.equal(isPastDue, false);
  assert.match(scheduleStatus.next, /^\d{4}-01-01T00:00:00/);
});

test('the host listens on loopback only', async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address && !address.internal && address.family === 'IPv4');
  if (outside) await assert.rejects(fetch(`http://${outside.address}:${plain.port}/echo`));
});

test.run();
