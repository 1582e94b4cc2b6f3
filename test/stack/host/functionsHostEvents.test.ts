import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type EventGridEvent, startEventGrid } from '../../../local/eventGrid/eventGrid.ts';
import { spawnFunctionsHost } from '../../../local/functionsHost/spawn.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { sampleApp } from './sampleApp.ts';

const keys = { master: 'm', function: 'f', eventgrid: 'e' };
const registryResourceId =
  '/subscriptions/1/resourceGroups/localrg/providers/Microsoft.ContainerRegistry/registries/baseacr';
const topics = [{ registryResourceId, loginServer: 'baseacr.azurecr.io', location: 'westeurope' }];

const test = suite('event grid webhook');
const azurite = await startAzurite();
const app = sampleApp({ extensions: { http: { routePrefix: '' } } });
const host = await spawnFunctionsHost({
  appDir: app.dir,
  env: { AzureWebJobsStorage: azurite.connectionString, JOBS: 'jobs', TICK: '0 0 0 29 2 *' },
  keys,
});
const grid = await startEventGrid({ topics, timeScale: 0.01 });
test.after(async () => {
  await grid.stop();
  await host.stop();
  await azurite.stop();
  app.remove();
});

const address = (functionName: string, key = 'e') =>
  `${host.url}/runtime/webhooks/eventgrid?functionName=${functionName}&code=${key}`;
const post = (body: unknown, type = 'Notification', method = 'POST') =>
  fetch(address('event'), {
    method,
    headers: { 'content-type': 'application/json', ...(type ? { 'aeg-event-type': type } : {}) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const event = (subject: string, id = subject): EventGridEvent => ({
  id,
  topic: registryResourceId,
  subject,
  eventType: 'Microsoft.ContainerRegistry.ImagePushed',
  eventTime: '2026-01-01T00:00:00.0000000Z',
  data: { target: { repository: 'r' } },
  dataVersion: '2.0',
  metadataVersion: '1',
});
async function received(subject: string): Promise<Array<Record<string, unknown>>> {
  const seen = (await (await fetch(`${host.url}/seen`)).json()) as Array<{
    kind: string;
    event: { subject: string };
  }>;
  return seen.filter((one) => one.kind === 'event' && one.event.subject === subject).map((one) => one.event);
}

test('a subscription passes the handshake and its events reach the function', async () => {
  const end = await grid.subscribe({ registryResourceId, endpointUrl: address('event') });
  grid.publish(event('first'));
  await grid.settled();
  end();
  const [got] = await received('first');
  assert.deepEqual(got, event('first'));
  assert.deepEqual(grid.deadLetters(), []);
});

test('the handshake is answered as plain text', async () => {
  const validation = { ...event('v'), data: { validationCode: 'code-1' } };
  const answer = await post([validation], 'SubscriptionValidation');
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
  assert.equal(await answer.text(), '{"validationResponse":"code-1"}');
});

test('a subscription in the schema of CloudEvents, which the app does not have, is refused', async () => {
  const schema = 'CloudEventSchemaV1_0';
  await assert.rejects(
    grid.subscribe({ registryResourceId, endpointUrl: address('event'), schema }),
    /HTTP 405/,
  );
});

for (const [title, url, error] of [
  ['an unknown function', address('unknown'), /HTTP 404/],
  ['a function that is not Event Grid’s', address('echo'), /HTTP 404/],
  ['the function’s name in another case', address('Event'), /HTTP 404/],
  ['a wrong key', address('event', 'wrong'), /HTTP 401/],
  ['the function key instead of the system key', address('event', 'f'), /HTTP 403/],
] as const)
  test(`${title} cannot be subscribed`, async () => {
    for (const schema of ['EventGridSchema', 'CloudEventSchemaV1_0'] as const)
      await assert.rejects(grid.subscribe({ registryResourceId, endpointUrl: url, schema }), error);
  });

const rows: Array<[title: string, send: () => Promise<Response>, status: number, text: RegExp]> = [
  ['one event', () => post([event('a')]), 202, /^$/],
  ['a single object', () => post(event('b')), 202, /^$/],
  ['an empty array', () => post([]), 202, /^$/],
  [
    'three events of which one fails',
    () => post([event('x'), event('fail'), event('y')]),
    500,
    /fails on purpose/,
  ],
  ['no aeg-event-type', () => post([event('c')], ''), 400, /^$/],
  ['another aeg-event-type', () => post([event('c')], 'Other'), 400, /^$/],
  ['Unsubscribe', () => post('', 'Unsubscribe'), 202, /^$/],
  ['what is not JSON', () => post('nonsense'), 500, /JSON/],
  ['a number', () => post('7'), 500, /neither an event nor an array/],
  ['a bare text', () => post('"x"'), 500, /neither an event nor an array/],
  ['null', () => post('null'), 500, /neither an event nor an array/],
  ['an array of texts', () => post(['x']), 500, /neither an event nor an array/],
  ['a megabyte of nonsense', () => post('x'.repeat(1_048_576)), 500, /JSON/],
  ['a PUT', () => post([event('d')], 'Notification', 'PUT'), 202, /^$/],
];
for (const [title, send, status, text] of rows)
  test(`${title} is answered ${status}`, async () => {
    const response = await send();
    assert.match(await response.text(), text);
    assert.equal(response.status, status);
  });

test('of a body in which one event fails the others ran, at once', async () => {
  assert.equal((await received('x')).length, 1);
  assert.equal((await received('y')).length, 1);
});

test('an event that fails is delivered again, and only that one', async () => {
  const end = await grid.subscribe({ registryResourceId, endpointUrl: address('event') });
  const before = (await received('fail')).length;
  grid.publish(event('fail', 'again'), event('fine'));
  await waitFor('two more attempts', async () => (await received('fail')).length >= before + 2 || undefined);
  end();
  assert.equal((await received('fine')).length, 1);
});

test.run();
