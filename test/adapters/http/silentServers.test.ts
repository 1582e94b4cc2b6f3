// Tier: normal, servers that do not answer are waited for.
// Changes its process: the identity is found in its environment.
import assert from 'node:assert/strict';
import type { RequestListener, ServerResponse } from 'node:http';
import { suite } from 'uvu';
import { createCredentials, inTime } from '../../../shared/adapters/secrets/identityToken.ts';
import { isTransient } from '../../../shared/flow/transient.ts';
import { answerMs } from '../../../shared/rules/timing.ts';
import { adaptersAt, image, lasting, sha256, startTestServers, type TestServers } from './testServers.ts';

interface World {
  servers: TestServers;
  held: ServerResponse[];
}
const test = suite<World>('servers that do not answer');

const limits = { ...answerMs };
const short = { registry: 300, identity: 300, keyVault: 300, resourceManager: 300 };
/** Beyond what is waited for, before a row is given up as one that waits for good. */
const patienceMs = 5000;

test.before(async (world) => {
  Object.assign(answerMs, short);
  world.servers = await startTestServers();
  world.held = [];
  const silent = await world.servers.http((_, response) => void world.held.push(response));
  process.env.IDENTITY_ENDPOINT = `${silent}/msi/token`;
  process.env.IDENTITY_HEADER = 'header';
  // No other of the default credential's sources, which would keep the process long after the test.
  process.env.AZURE_TOKEN_CREDENTIALS = 'ManagedIdentityCredential';
});
test.after(async ({ servers, held }) => {
  Object.assign(answerMs, limits);
  // A connection that breaks off would be tried again, long after the test.
  for (const response of held) response.writeHead(400, { connection: 'close' }).end('{}');
  await servers.stop();
});

/** What came of it: an answer, an error, or that it is still waited for. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs, 'waits for good');
  });
  try {
    return await Promise.race([work.catch((error: unknown) => error), late]);
  } finally {
    clearTimeout(timer);
  }
}

const silently = (nobody: string, { way }: TestServers): [title: string, work: Promise<unknown>][] => {
  const { registry, secret, arm } = adaptersAt(nobody, { way, credential: createCredentials(undefined) });
  return [
    ['a digest, as the app', registry.digestOf(image, { kind: 'identity' })],
    ['a digest, as an identity', registry.digestOf(image, { kind: 'identity', clientId: 'id' })],
    [
      'a password for the engine',
      registry.pullPassword(image.registry, { kind: 'identity', clientId: 'id' }),
    ],
    ['a secret, as the app', secret()],
    ['a secret, as an identity', secret('id')],
    ['a run, as the app', arm().run('appacr', 'ca1')],
    ['a run, as an identity', arm('id').run('appacr', 'ca1')],
  ];
};

test('a token that an identity’s endpoint never sends is a fault that goes by, whoever asks for it', async ({
  servers,
}) => {
  const wrong: string[] = [];
  const rows = silently('https://127.0.0.1:9', servers);
  await Promise.all(
    rows.map(async ([title, work]) => {
      const found = await outcome(work);
      if (!isTransient(found) || !/gave no token/.test(found.message)) wrong.push(`${title}: ${found}`);
    }),
  );
  assert.deepEqual(wrong, []);
});

test('what an identity answers in time is passed on, an error too', async () => {
  const asked: unknown[] = [];
  const given = await inTime({
    async getToken(...question) {
      asked.push(question);
      return { token: 't', expiresOnTimestamp: 1 };
    },
  }).getToken('scope', { tenantId: 'tenant' });
  assert.deepEqual(given, { token: 't', expiresOnTimestamp: 1 });
  assert.deepEqual(asked, [['scope', { tenantId: 'tenant' }]]);
  const refused = inTime({ getToken: () => Promise.reject(new RangeError('no')) });
  await assert.rejects(async () => refused.getToken('scope'), RangeError);
});

const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: ['sha256:aa'] } });
const manifest = JSON.stringify({ schemaVersion: 2, config: { digest: sha256(config) } });
const json = { 'content-type': 'application/json' };

const layers = async (servers: TestServers, listener: RequestListener) =>
  adaptersAt(await servers.https(listener), servers).layers({ kind: 'identity' });

/** ACR as the SDK meets it: a challenge, two tokens, a manifest, a config. */
const answers: [path: string, status: number, headers: Record<string, string>, body: string][] = [
  ['/oauth2/exchange', 200, json, JSON.stringify({ refresh_token: lasting })],
  ['/oauth2/token', 200, json, '{"access_token":"tok"}'],
  [
    '/manifests/',
    200,
    {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': sha256(manifest),
    },
    manifest,
  ],
  [
    '/blobs/',
    200,
    { ...json, 'content-length': `${config.length}`, 'docker-content-digest': sha256(config) },
    config,
  ],
];
const challenge = 'Bearer realm="https://127.0.0.1/oauth2/token",service="s",scope="repository:a:pull"';

/** Does `fault` to the requests of those numbers for a path, and answers all others. */
function acr(path: string, numbers: number[], fault: Fault): RequestListener {
  let count = 0;
  return (request, response) => {
    request.resume();
    const found = answers.find(([at]) => request.url!.includes(at))!;
    const isHit = found[0] === path && numbers.includes(++count);
    const isKnown = found[0].startsWith('/oauth2') || request.headers.authorization?.includes('tok');
    const [, status, headers, body] = isKnown
      ? found
      : (['', 401, { ...json, 'www-authenticate': challenge }, '{}'] as const);
    if (isHit) return faults[fault](response, body, { ...headers, 'content-length': `${body.length}` });
    response.writeHead(status, headers).end(body);
  };
}

type Fault = 'silent' | 'half' | 'dropped' | 'broken';
const faults: Record<
  Fault,
  (response: ServerResponse, body: string, headers: Record<string, string>) => void
> = {
  silent() {},
  half: (response, body, headers) =>
    response.writeHead(200, headers).write(body.slice(0, body.length / 2 + 1)),
  dropped: (response) => response.socket?.destroy(),
  broken: (response) => response.writeHead(500, { 'retry-after': '0' }).end('oops'),
};

const paths = answers.map(([path]) => path);
const steps: [path: string, number: number][] = [
  ...paths.map((path): [string, number] => [path, 1]),
  ['/manifests/', 2],
];

test('a registry that takes a question of the SDK and says nothing, or half of it, is unreachable', async ({
  servers,
}) => {
  const wrong: string[] = [];
  const rows = steps.flatMap(([path, number]) =>
    (['silent', 'half'] as const).map((fault) => ({ path, number, fault })),
  );
  await Promise.all(
    rows.map(async ({ path, number, fault }) => {
      const all = Array.from({ length: 20 }, (_, at) => at + number);
      const found = await outcome(layers(servers, acr(path, all, fault)));
      if (!isTransient(found)) wrong.push(`${path} ${number} ${fault}: ${found}`);
    }),
  );
  assert.deepEqual(wrong, []);
});

test('one answer that breaks off or is a server’s fault is asked for again, and the second one is read', async ({
  servers,
}) => {
  Object.assign(answerMs, { registry: limits.registry });
  const wrong: string[] = [];
  const rows = steps.flatMap(([path, number]) =>
    (['dropped', 'broken'] as const).map((fault) => ({ path, number, fault })),
  );
  await Promise.all(
    rows.map(async ({ path, number, fault }) => {
      const found = await outcome(layers(servers, acr(path, [number], fault)));
      if (String(found) !== 'sha256:aa') wrong.push(`${path} ${number} ${fault}: ${found}`);
    }),
  );
  Object.assign(answerMs, short);
  assert.deepEqual(wrong, []);
});

test.run();
