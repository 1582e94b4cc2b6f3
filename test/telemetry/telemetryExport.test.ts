// Changes its process: telemetry is set up once for all of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import { makeTls } from '../../local/machine/tls.ts';
import { readTelemetry, type TelemetrySettings } from '../../shared/edge/config.ts';
import { start } from '../../shared/edge/telemetry.ts';
import { count } from '../../shared/telemetry/commitMetrics.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';

const connectionString =
  'InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://westeurope-1.in.applicationinsights.azure.com/';

const settings: [title: string, environment: Record<string, string>, read: TelemetrySettings | undefined][] =
  [
    ['no settings: none', { AZURE_CLIENT_ID: 'app' }, undefined],
    [
      'empty settings: none',
      { APPLICATIONINSIGHTS_CONNECTION_STRING: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      undefined,
    ],
    [
      'a connection string alone',
      { APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString },
      { connectionString, otlp: false, service: 'plinth' },
    ],
    [
      'what the template sets',
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=4711;Authorization=AAD',
        WEBSITE_SITE_NAME: 'func-plinth',
        WEBSITE_INSTANCE_ID: 'i1',
      },
      {
        connectionString,
        identity: { clientId: '4711' },
        otlp: false,
        service: 'func-plinth',
        instance: 'i1',
      },
    ],
    [
      'Entra without a client id: the app’s own identity',
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
        AZURE_CLIENT_ID: 'app',
      },
      { connectionString, identity: { clientId: 'app' }, otlp: false, service: 'plinth' },
    ],
    [
      'a collector, under its own name',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SERVICE_NAME: 'rebuilds' },
      { otlp: true, service: 'rebuilds' },
    ],
  ];
for (const [title, environment, read] of settings)
  test(`reads: ${title}`, () => assert.deepEqual(readTelemetry(environment), read));

const received: { path: string; body: string; authorization: string | undefined }[] = [];
/** A collector, Application Insights and, for its tokens, App Service's identity endpoint. */
const receive: RequestListener = (request, response) => {
  response.setHeader('content-type', 'application/json');
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  if (pathname === '/identity') {
    const token = `${searchParams.get('client_id')} for ${searchParams.get('resource')}`;
    response.end(
      JSON.stringify({
        access_token: token,
        expires_on: String(Date.now() / 1000 + 3600),
        token_type: 'Bearer',
      }),
    );
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const sent = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
    received.push({ path: pathname, body, authorization: request.headers.authorization });
    response.end(pathname.endsWith('/track') ? '{"itemsReceived":1,"itemsAccepted":1,"errors":[]}' : '{}');
  });
};

const dir = mkdtempSync(join(tmpdir(), 'plinth-telemetry-'));
let servers: Server[];
let collector: string;
let insights: string;
test.before(async () => {
  const tls = await makeTls(dir);
  servers = [createServer(receive), createTlsServer({ key: tls.key, cert: tls.cert }, receive)];
  for (const server of servers) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port);
  collector = `http://127.0.0.1:${first}`;
  insights = `https://127.0.0.1:${second}`;
});
test.after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(dir, { recursive: true, force: true });
});

async function sendOne(settings: TelemetrySettings): Promise<string> {
  received.length = 0;
  const warnings: string[] = [];
  const telemetry = await start(settings, (_level, message) => warnings.push(message));
  assert.deepEqual(warnings, []);
  const invocation = telemetry.begin('startBuild', undefined);
  invocation.about({
    registry: 'appacr',
    runId: 'cg1',
    task: 'app',
    trace: `00-${'e'.repeat(32)}-${'e'.repeat(16)}-01`,
  });
  invocation.add(count(metrics.runs, { registry: 'appacr', result: 'Succeeded' }));
  invocation.end();
  await telemetry.flush();
  return received.map(({ path, body }) => `${path} ${body}`).join('\n');
}

test('a collector gets the span in its trace, and the metric', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector;
  const told = await sendOne({ otlp: true, service: 'plinth' });
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  for (const part of [
    '/v1/traces',
    '/v1/metrics',
    'startBuild',
    'e'.repeat(32),
    'plinth.runs',
    'plinth.runId',
  ])
    assert.ok(told.includes(part), `${part} is not in ${told}`);
});

test('Application Insights gets the span under the run’s operation, and the metric by its name, with a token', async () => {
  const environment = {
    // Application Insights is asked over TLS only, and the certificate here is nobody's.
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    IDENTITY_ENDPOINT: `${collector}/identity`,
    IDENTITY_HEADER: 'secret',
  };
  Object.assign(process.env, environment);
  const told = await sendOne({
    connectionString: `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=${insights}`,
    identity: { clientId: '4711' },
    otlp: false,
    service: 'plinth',
  });
  for (const name of Object.keys(environment)) delete process.env[name];
  for (const part of [
    '/v2.1/track',
    `"ai.operation.id":"${'e'.repeat(32)}"`,
    '"name":"startBuild"',
    '"plinth.runId":"cg1"',
    '"name":"plinth.runs"',
  ])
    assert.ok(told.includes(part), `${part} is not in ${told}`);
  assert.equal(received[0]!.authorization, 'Bearer 4711 for https://monitor.azure.com');
});

test('a connection string that cannot be read turns telemetry off and says so, without repeating it', async () => {
  const warnings: string[] = [];
  const telemetry = await start(
    { connectionString: 'hush', otlp: false, service: 'plinth' },
    (_level, message) => warnings.push(message),
  );
  assert.equal(await telemetry.begin('clock', undefined).call('engine.run', {}, async () => 7), 7);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /APPLICATIONINSIGHTS_CONNECTION_STRING/);
  assert.doesNotMatch(warnings[0]!, /hush/);
});

test.run();
