// Changes its process: the functions register themselves in it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { HttpResponseInit } from '@azure/functions';
import { test } from 'uvu';
import {
  closeCore,
  type FunctionDefinition,
  openCore,
  type Registrations,
} from '../../local/functionsHost/worker/core.ts';

// The library is CommonJS, and only some of its names can be imported.
const { HttpRequest, InvocationContext } = createRequire(import.meta.url)(
  '@azure/functions',
) as typeof import('@azure/functions');

/** The app as it is set up where an API registration is given, with storage that nobody answers for. */
const settings = {
  PLINTH_API_CLIENT_ID: '4711',
  PLINTH_REGISTRIES: JSON.stringify([
    { id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr' },
  ]),
  PLINTH_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
  PlinthStorage__tableServiceUri: 'https://nobody.invalid',
  PlinthStorage__queueServiceUri: 'https://nobody.invalid',
};
Object.assign(process.env, settings);

const functions = join(import.meta.dirname, '../../functions');
const registrations: Registrations = { functions: [], atEnd: [], sealed: false, log: () => {} };
openCore(registrations);
for (const name of readdirSync(functions)) await import(`../../functions/${name}`);
closeCore();
const http = registrations.functions.filter(({ trigger }) => trigger.type === 'httpTrigger');

/** Who comes with a proof of its own: a signed address, a signed body. */
// The page's files hold no data.
const ownProof = ['logs', 'sourceWebhook', 'page'];

async function call(
  { name, trigger, callback }: FunctionDefinition,
  headers: Record<string, string> = {},
  body?: string,
) {
  const params = {
    registry: 'appacr',
    account: 'appacr.blob.plinth',
    run: 'ca1',
    task: 'build-app',
    push: 'p',
  };
  const request = new HttpRequest({
    method: String((trigger.methods as string[])[0]),
    url: `https://app.example/${name}`,
    headers,
    params,
    ...(body !== undefined && { body: { string: body } }),
  });
  const context = new InvocationContext({ functionName: name, logHandler: () => {} });
  return (await (callback as (...of: object[]) => Promise<HttpResponseInit>)(
    request,
    context,
  )) as HttpResponseInit;
}

const encode = (roles: string[]) =>
  Buffer.from(JSON.stringify({ claims: roles.map((val) => ({ typ: 'roles', val })) })).toString('base64');

test('with Entra the host asks nobody for a key', () => {
  assert.ok(http.length > 20, `${http.length} functions`);
  for (const { name, trigger } of http) assert.equal(trigger.authLevel, 'anonymous', name);
});

test('and every function of the API refuses who was not signed in, and who has no role', async () => {
  for (const definition of http) {
    if (ownProof.includes(definition.name)) continue;
    assert.equal((await call(definition)).status, 401, definition.name);
    // A key is no way in any more.
    assert.equal((await call(definition, { 'x-functions-key': 'key' })).status, 401, definition.name);
    const nobody = { 'x-ms-client-principal': encode([]) };
    assert.equal((await call(definition, nobody)).status, 403, definition.name);
  }
});

test('a log is served to who holds its signed address, and to nobody else', async () => {
  const logs = http.find(({ name }) => name === 'logs')!;
  for (const headers of [{}, { 'x-ms-client-principal': encode(['Tasks.Read', 'Tasks.ReadSecrets']) }])
    assert.equal((await call(logs, headers)).status, 403);
});

test('events come through the host’s own webhook, which has a key of its own, and queues need none', () => {
  const others = registrations.functions.filter(({ trigger }) => trigger.type !== 'httpTrigger');
  assert.deepEqual([...new Set(others.map(({ trigger }) => trigger.type))].sort(), [
    'eventGridTrigger',
    'queueTrigger',
    'timerTrigger',
  ]);
});

/** Every operation that takes a body. */
const withBody = [
  'tasks-create',
  'tasks-update',
  'registries-schedule-run',
  'runs-update',
  'plan',
  'quarantine',
  'admit',
  'release',
];
const everyRole = {
  'x-ms-client-principal': encode(['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge']),
  'content-type': 'application/json',
};
const nested = (levels: number, inner = '1') => '{"properties":'.repeat(levels) + inner + '}'.repeat(levels);
const bodies: [title: string, body: string, headers: object, status: number, says: RegExp][] = [
  [
    'that was sent in chunks, which the host drops',
    '',
    { 'transfer-encoding': 'chunked' },
    411,
    /Content-Length/,
  ],
  ['with 20,000 levels', nested(20_000), {}, 400, /more than 64 levels/],
  [
    'with 20,000 lists in one another',
    '['.repeat(20_000) + ']'.repeat(20_000),
    {},
    400,
    /more than 64 levels/,
  ],
  ['with 65 levels', nested(65), {}, 400, /more than 64 levels/],
  ['with 64 levels', nested(64), {}, 400, /no such property|properties|expected|has to be/],
  ['that is no JSON', '{', {}, 400, /not JSON/],
  ['that is empty', '', {}, 400, /not JSON/],
];
for (const name of withBody)
  for (const suffix of ['', '-short'])
    for (const [title, body, headers, status, says] of bodies)
      test(`${name}${suffix} answers a body ${title} with ${status}`, async () => {
        const definition = http.find((one) => one.name === name + suffix)!;
        const answer = await call(definition, { ...everyRole, ...headers }, body);
        const { error } = answer.jsonBody as { error: { message: string } };
        assert.equal(answer.status, status, error.message);
        assert.match(error.message, says);
      });

test('a webhook answers a delivery that was sent in chunks with 411', async () => {
  const webhook = http.find(({ name }) => name === 'sourceWebhook')!;
  assert.equal((await call(webhook, { 'transfer-encoding': 'chunked' }, '')).status, 411);
});

test.run();
