// Tier: normal, servers send megabytes.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import type { RegistryLogin } from '../../../shared/ports/registry.ts';
import { adaptersAt, lasting, sha256, startTestServers, type TestServers } from './testServers.ts';

interface World {
  servers: TestServers;
  http: string;
  https: string;
  /** What is answered by method and end of the path; to all else there is an answer without an end. */
  known: Known;
  /** Of the answer without an end. */
  status: number;
  sent: number;
}
type Known = Record<string, { json: object; headers?: Record<string, string>; status?: number }>;
const test = suite<World>('answers without an end');

const MiB = 2 ** 20;
/** What is read, and what is on its way in the buffers of both sides, which on a busy machine fill further. */
const mostSent = 128 * MiB;

test.before(async (world) => {
  const piece = Buffer.alloc(64 * 1024, 'a');
  const listener: RequestListener = (request, response) => {
    request.resume();
    const asked = `${request.method} ${request.url!.replace(/\?.*/, '')}`;
    const found = Object.entries(world.known).find(
      ([end]) => asked.endsWith(end.replace(/^\w+ /, '')) && asked.startsWith(end.split(' ')[0]!),
    )?.[1];
    if (found) {
      response.writeHead(found.status ?? 200, { 'content-type': 'application/json', ...found.headers });
      return void response.end(JSON.stringify(found.json));
    }
    // The SDK takes no blob without a length, whatever that says.
    const length = asked.includes('/blobs/') ? { 'content-length': 256 * MiB } : {};
    response.writeHead(world.status, { 'content-type': 'application/json', ...length });
    const more = () => {
      // Without a limit this would go on until the process has no memory left.
      while (!response.destroyed && world.sent < 256 * MiB) {
        world.sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };
  world.servers = await startTestServers();
  world.http = await world.servers.http(listener);
  world.https = await world.servers.https(listener);
});
test.after(({ servers }) => servers.stop());

const digestOf = (json: object) => sha256(JSON.stringify(json));
const manifest = { config: { digest: digestOf({ os: 'linux' }) } };
const manifestFound = {
  json: manifest,
  headers: {
    'docker-content-digest': digestOf(manifest),
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
  },
};
const challenge = ({ https }: World) => ({
  json: {},
  status: 401,
  headers: {
    'www-authenticate': `Bearer realm="${https}/oauth2/token",service="s",scope="repository:a:pull"`,
  },
});

const identity: RegistryLogin = { kind: 'identity' };
const anonymous: RegistryLogin = { kind: 'anonymous' };
const at = ({ https, servers }: World) => adaptersAt(https, servers);
const arm = ({ http, servers }: World) => adaptersAt(http, servers).arm();

const rows: [title: string, ask: (world: World) => Promise<unknown>, known?: (world: World) => Known][] = [
  ['a manifest, as nobody', (world) => at(world).layers(anonymous)],
  [
    'a config, as nobody',
    (world) => at(world).layers(anonymous),
    () => ({ 'GET /manifests/1': manifestFound }),
  ],
  [
    'a registry’s token, as nobody',
    (world) => at(world).layers(anonymous),
    (world) => ({ 'GET /manifests/1': challenge(world) }),
  ],
  ['a manifest, as an identity', (world) => at(world).layers(identity)],
  [
    'a config, as an identity',
    (world) => at(world).layers(identity),
    () => ({ 'GET /manifests/1': manifestFound }),
  ],
  [
    'a refresh token in the SDK',
    (world) => at(world).layers(identity),
    (world) => ({ 'GET /manifests/1': challenge(world) }),
  ],
  [
    'an access token in the SDK',
    (world) => at(world).layers(identity),
    (world) => ({
      'GET /manifests/1': challenge(world),
      'POST /oauth2/exchange': { json: { refresh_token: lasting } },
    }),
  ],
  ['a refresh token', (world) => at(world).registry.pullPassword('appacr.azurecr.io', identity)],
  ['webhooks of GitHub', (world) => at(world).hook('Github')],
  [
    'a webhook of GitHub that was made',
    (world) => at(world).hook('Github'),
    () => ({ 'GET /hooks': { json: [] } }),
  ],
  ['a repository of Azure DevOps', (world) => at(world).hook('VisualStudioTeamService')],
  [
    'subscriptions of Azure DevOps',
    (world) => at(world).hook('VisualStudioTeamService'),
    () => ({ 'GET /repositories/app': { json: { id: '1', project: { id: '2' } } } }),
  ],
  ['a secret of a key vault', (world) => at(world).secret()],
  ['a run', (world) => arm(world).run('appacr', 'ca1')],
  ['an upload’s place', (world) => arm(world).uploadUrl('appacr')],
  [
    'a piece of a log',
    async (world) => (await arm(world).log('appacr', 'ca1'))!.read(0, 100),
    ({ http }) => ({
      'POST /listLogSasUrl': { json: { logLink: `${http}/log` } },
      'HEAD /log': { json: {} },
    }),
  ],
  ['an archive', (world) => at(world).context('app.tar.gz')],
  ['the refs of a repository', (world) => at(world).context('app.git')],
];
for (const [title, ask, known] of rows)
  for (const status of [200, 400])
    test(`${title}: an answer without an end (${status}) is a fault long before its end`, async (world) => {
      Object.assign(world, { status, sent: 0, known: known?.(world) ?? {} });
      const error = await ask(world).then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      assert.ok(error instanceof Error, `${title} was taken for an answer`);
      assert.match(error.name, /^(Registry|SourceControl|Vault|RunEngine|Source)Error$/, String(error.stack));
      assert.ok(world.sent > 0, 'nothing without an end was asked for');
      assert.ok(world.sent <= mostSent, `${Math.round(world.sent / MiB)} MiB were sent`);
    });

test.run();
