import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { suite } from 'uvu';
import { startEventGrid } from '../../../local/eventGrid/eventGrid.ts';
import { close, listen } from '../../../local/machine/listening.ts';

const registryResourceId =
  '/subscriptions/1/resourceGroups/localrg/providers/Microsoft.ContainerRegistry/registries/baseacr';
const topics = [{ registryResourceId, loginServer: 'baseacr.azurecr.io', location: 'westeurope' }];

const test = suite('event grid handshake');

const refused: Array<
  [
    title: string,
    status: number,
    body: string,
    schema: 'EventGridSchema' | 'CloudEventSchemaV1_0',
    error: RegExp,
  ]
> = [
  ['answers 401', 401, '', 'EventGridSchema', /HTTP 401/],
  [
    'answers without the code',
    200,
    '{"validationResponse":"x"}',
    'EventGridSchema',
    /code did not come back/,
  ],
  ['answers nonsense', 200, 'ok', 'EventGridSchema', /code did not come back/],
  ['answers OPTIONS with 405', 405, '', 'CloudEventSchemaV1_0', /HTTP 405/],
  ['allows no origin', 200, '', 'CloudEventSchemaV1_0', /WebHook-Allowed-Origin is missing/],
];
for (const [title, status, body, schema, error] of refused)
  test(`an endpoint that ${title} is not subscribed, and its key is not told`, async () => {
    const grid = await startEventGrid({ topics });
    const server = createServer((_, response) => response.writeHead(status).end(body));
    const endpointUrl = `http://127.0.0.1:${await listen(server)}/hook?code=secret-key`;
    await assert.rejects(grid.subscribe({ registryResourceId, endpointUrl, schema }), (thrown: Error) => {
      assert.match(thrown.message, error);
      assert.ok(!thrown.message.includes('secret-key'));
      return true;
    });
    await close(server);
    await grid.stop();
  });

test('an endpoint that is not there, and a registry without a topic, cannot be subscribed', async () => {
  const grid = await startEventGrid({ topics });
  await assert.rejects(
    grid.subscribe({ registryResourceId, endpointUrl: 'http://127.0.0.1:1/hook' }),
    /no answer \(.*ECONNREFUSED|no answer \(bad port/,
  );
  await assert.rejects(
    grid.subscribe({ registryResourceId: '/other', endpointUrl: 'http://x' }),
    /no topic for \/other/,
  );
  await grid.stop();
});

test.run();
