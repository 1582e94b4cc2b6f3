import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import { createSourceControl } from '../../../shared/adapters/hooks/sourceControl.ts';
import {
  type AddressGuard,
  createAddressGuard,
  type Resolve,
} from '../../../shared/adapters/http/addressGuard.ts';
import { isPublicAddress } from '../../../shared/adapters/http/addressRules.ts';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import { createOciReader } from '../../../shared/adapters/registry/ociReader.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { readConfig } from '../../../shared/edge/config.ts';
import { guardsOf } from '../../../shared/edge/guards.ts';
import { isTransient } from '../../../shared/flow/transient.ts';
import { parseImageRef } from '../../../shared/names/imageRef.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import { SourceControlError } from '../../../shared/ports/sourceControl.ts';

interface World {
  server: Server;
  port: number;
  /** What the server on this machine was asked: nothing of it may come through a refused name. */
  asked: string[];
}
const test = suite<World>('addresses are looked at when the connection is made');

test.before(async (world) => {
  world.asked = [];
  world.server = createServer((request, response) => {
    world.asked.push(`${request.headers.host} ${request.url}`);
    const to = new URL(request.url!, 'http://x').searchParams.get('to');
    if (to) response.writeHead(302, { location: to }).end();
    else response.writeHead(200).end('secret of the machine');
  });
  await new Promise<void>((done) => world.server.listen(0, '127.0.0.1', done));
  world.port = (world.server.address() as AddressInfo).port;
});
test.after(({ server }) => {
  server.closeAllConnections();
  server.close();
});

/** A name server under the test's hand; each question takes the next answer, the last one stays. */
function names(table: Record<string, string[]>): Resolve {
  return (host, answer) => {
    const left = table[host] ?? ['169.254.169.254'];
    const address = left.length > 1 ? left.shift()! : left[0]!;
    answer(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
}
const guardOf = (table: Record<string, string[]> = {}, own: string[] = []) =>
  createAddressGuard(own, names(table));

const token = { getToken: async () => ({ token: 'entra', expiresOnTimestamp: Date.now() + 1e6 }) };
const registryWith = (guard: AddressGuard) =>
  createAcrRegistry({ registries: [], credential: () => token, guard });
const contextAt = (path: string, guard: AddressGuard) =>
  createSourceContext({ fetch: guard.fetch }).fetch(parseSourceLocation(path), { maxBytes: 1e6 });
const hookAt = (provider: 'Github' | 'VisualStudioTeamService', repositoryUrl: string, guard: AddressGuard) =>
  createSourceControl(
    { 'git.example.com': 'https://git.example.com/api', 'tfs.example.com': 'https://tfs.example.com' },
    guard.fetch,
  ).register(
    { provider, repositoryUrl, url: 'https://plinth.example.com/hook', events: ['commit'] },
    'secret',
    { token: 'pat', tokenType: 'PAT' },
  );
const vaultWith = (guard: AddressGuard) =>
  createKeyVault({
    endpoints: {},
    credential: () => token,
    rules: { own: [] },
    isOwn: () => false,
    fetch: guard.fetch,
  });
async function imagesAt(image: string, kind: 'identity' | 'anonymous') {
  for await (const _ of registryWith(guardOf()).imagesOf(parseImageRef(image), { kind })) return 'one';
  return 'none';
}

type Ask = (world: World) => Promise<unknown>;
const git = (host: string, path = '/app.git') => contextAt(`https://${host}${path}`, guardOf());
const redirecting = (to: string) => (world: World) =>
  contextAt(
    `http://moves.example.com:${world.port}/a.tar.gz?to=${encodeURIComponent(to)}`,
    createAddressGuard(['moves.example.com'], names({ 'moves.example.com': ['127.0.0.1'] })),
  );

const refusedTo: [title: string, ask: Ask][] = [
  [
    'a base image as nobody',
    () => registryWith(guardOf()).digestOf(parseImageRef('evil.example.com/a:1'), { kind: 'anonymous' }),
  ],
  [
    'a base image with a password',
    () =>
      registryWith(guardOf()).digestOf(parseImageRef('evil.example.com/a:1'), {
        kind: 'password',
        userName: 'u',
        password: 'p',
      }),
  ],
  [
    'an identity’s token exchange',
    () => registryWith(guardOf()).pullPassword('evil.azurecr.io', { kind: 'identity' }),
  ],
  ['the SDK of registries', () => imagesAt('evil.azurecr.io/a:1', 'identity')],
  ['layers as nobody', () => imagesAt('evil.example.com/a:1', 'anonymous')],
  ['a git context', () => git('evil.example.com')],
  ['an archive context', () => git('evil.example.com', '/a.tar.gz')],
  ['a key vault', () => vaultWith(guardOf()).secret('https://evil.vault.azure.net/secrets/a', undefined)],
  ['webhooks of GitHub', () => hookAt('Github', 'https://github.com/team/app', guardOf())],
  [
    'webhooks of Azure DevOps',
    () => hookAt('VisualStudioTeamService', 'https://dev.azure.com/org/p/_git/app', guardOf()),
  ],
  ['an address in place of a name', () => git('169.254.169.254')],
  ['an address in decimal', () => git('2852039166')],
  ['an address in octal', () => git('0251.0376.0251.0376')],
  ['an address in hexadecimal', () => git('0xa9fea9fe')],
  ['this machine in one digit', () => git('0')],
  ['an IPv6 address that is an IPv4 one', () => git('[::ffff:169.254.169.254]')],
  ['the loopback of IPv6', () => git('[::1]')],
  ['a translated address (NAT64)', () => git('[64:ff9b::a9fe:a9fe]')],
  [
    'a name with the address of a link in IPv6',
    () => contextAt('https://six.example.com/app.git', guardOf({ 'six.example.com': ['fe80::1'] })),
  ],
  [
    'a name with a mapped address',
    () => contextAt('https://map.example.com/app.git', guardOf({ 'map.example.com': ['::ffff:10.0.0.1'] })),
  ],
  ['a name of this machine', () => git('localhost')],
  ['a redirect to a name', redirecting('http://evil.example.com/latest')],
  ['a redirect to an address', redirecting('http://169.254.169.254/latest/meta-data')],
  ['a redirect to an address in decimal', redirecting('https://2852039166/')],
];
for (const [title, ask] of refusedTo)
  test(`${title} does not lead to a private address, and nobody tries again`, async (world) => {
    world.asked.length = 0;
    const error = await ask(world).then(
      (answer) => assert.fail(`answered ${String(answer)}`),
      (thrown: Error) => thrown,
    );
    assert.match(error.message, /private address.*PLINTH_PRIVATE_HOSTS/);
    assert.equal(isTransient(error), false, error.message);
    if (error instanceof SourceControlError) assert.equal(error.transient, false);
    assert.doesNotMatch(error.message, /evil.* 169\.254/);
    assert.ok(
      world.asked.every((one) => one.startsWith('moves.example.com')),
      world.asked.join(),
    );
  });

test('a name that is public when it is checked and private when it is used is refused (rebinding)', async ({
  port,
}) => {
  const guard = guardOf({ 'turns.example.com': ['127.0.0.1', '169.254.169.254'] }, ['127.0.0.1']);
  const ask = () => guard.fetch(`http://turns.example.com:${port}/`, { headers: { connection: 'close' } });
  assert.equal((await ask()).status, 200);
  await assert.rejects(
    ask().then(async (response) => assert.fail(await response.text())),
    (error: Error) => /private address/.test((error.cause as Error).message),
  );
});

test('of several addresses the public ones are used, and of none of them nothing', async ({ port }) => {
  const both: Resolve = (_, answer) =>
    answer(null, [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
  const guard = createAddressGuard(['127.0.0.1/32'], both);
  assert.equal((await guard.fetch(`http://two.example.com:${port}/`)).status, 200);
});

const allowed: [title: string, entry: string, url: string][] = [
  ['a name', 'own.example.com', 'http://own.example.com'],
  ['a name in capitals', 'OWN.example.com', 'http://Own.Example.COM'],
  ['a name with its dot', 'own.example.com', 'http://own.example.com.'],
  ['an address', '127.0.0.1', 'http://127.0.0.1'],
  ['a range', '127.0.0.0/8', 'http://own.example.com'],
  ['an address in decimal', '127.0.0.0/8', 'http://2130706433'],
];
for (const [title, entry, url] of allowed)
  test(`what the settings name may be private: ${title}`, async ({ port }) => {
    const resolve: Resolve = (_, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }]);
    assert.equal((await createAddressGuard([entry], resolve).fetch(`${url}:${port}/`)).status, 200);
    await assert.rejects(createAddressGuard(['10.0.0.0/8'], resolve).fetch(`${url}:${port}/`));
  });

const own = guardsOf(
  readConfig({
    PLINTH_REGISTRIES: JSON.stringify([
      {
        id: '/subscriptions/1/resourceGroups/r/providers/Microsoft.ContainerRegistry/registries/team1',
        endpoint: 'https://127.0.0.1:9443',
      },
    ]),
    PLINTH_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
    PLINTH_KEY_VAULT_ENDPOINTS: '{"corp.vault.azure.net":"https://vault.contoso.internal"}',
    PLINTH_KEY_VAULTS: 'corp.vault.azure.net, https://deep.vault.azure.net/',
    PLINTH_SOURCE_CONTROL_APIS: '{"ghe.contoso.com":"https://ghe.contoso.internal/api/v3"}',
    PLINTH_PRIVATE_HOSTS: 'git.contoso.internal',
    PlinthStorage: 'UseDevelopmentStorage=true',
  }),
  (_, answer) => answer(null, [{ address: '127.0.0.3', family: 4 }]),
);
const ownHosts: [port: keyof typeof own, may: string[], mayNot: string[]][] = [
  [
    'registry',
    ['team1.azurecr.io', '127.0.0.1', 'git.contoso.internal'],
    ['team2.azurecr.io', '127.0.0.2', 'deep.vault.azure.net'],
  ],
  ['vault', ['vault.contoso.internal', 'deep.vault.azure.net'], ['other.vault.azure.net', '127.0.0.1']],
  ['sourceControl', ['ghe.contoso.internal'], ['api.github.com', 'team1.azurecr.io']],
  ['context', ['git.contoso.internal'], ['team1.azurecr.io', '127.0.0.1', 'ghe.contoso.internal']],
];
for (const [port, may, mayNot] of ownHosts)
  test(`the settings’ own hosts may be private, each for its port: ${port}`, async () => {
    const why = (host: string) =>
      own[port].fetch(`https://${host}:9443/`, { signal: AbortSignal.timeout(200) }).then(
        () => 'answered',
        (error: Error) => `${(error.cause as Error | undefined)?.message}`,
      );
    for (const host of may) assert.doesNotMatch(await why(host), /private address/, host);
    for (const host of mayNot) assert.match(await why(host), /private address/, host);
  });

const addresses: [isPublic: boolean, ...addresses: string[]][] = [
  [true, '8.8.8.8', '20.37.0.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '192.169.0.1', '2606:4700::1'],
  [false, '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '127.0.0.2', '0.0.0.0', '100.64.0.1'],
  [false, '169.254.169.254', '168.63.129.16', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.2.1'],
  [false, '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '::127.0.0.1'],
  [false, '::ffff:10.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
  [false, '2001:db8::1', 'fec0::1', '100::1', '3fff::1', 'no address', ''],
];
for (const [isPublic, ...rows] of addresses)
  test(`${isPublic ? 'of the internet' : 'not of the internet'}: ${rows.join(' ')}`, () => {
    for (const address of rows) assert.equal(isPublicAddress(address), isPublic, address);
  });

const login = { kind: 'password', userName: 'u', password: 'p' } as const;
const readerAt = (endpoint: string, fetch: typeof globalThis.fetch) =>
  createOciReader({ endpoint, repository: 'a', login, name: 'r', fetch });

const realms = [
  'http://auth.example.com/token',
  'http://10.0.0.5/x',
  'ftp://auth.example.com/',
  'HTTP://a.example/',
];
for (const realm of realms)
  test(`a registry’s token server is asked over https alone: ${realm}`, async () => {
    const asked: string[] = [];
    const fetch = (async (url: string | URL) => {
      asked.push(String(url));
      return new Response(null, { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } });
    }) as typeof globalThis.fetch;
    const reader = readerAt('https://evil.example.com', fetch);
    await assert.rejects(reader.digest('1'), /Only https is asked/);
    assert.equal(asked.length, 1);
  });

test('a registry’s redirect takes no password to another origin, and none to http', async () => {
  const asked: string[] = [];
  const fetchTo = (location: string) =>
    (async (url: string | URL, init: RequestInit) => {
      const { authorization } = init.headers as Record<string, string>;
      asked.push(`${url} ${authorization ?? 'nothing'}`);
      if (!authorization && asked.length === 1)
        return new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });
      return asked.length === 2
        ? new Response(null, { status: 307, headers: { location } })
        : new Response('{}', { headers: { 'docker-content-digest': 'sha256:1' } });
    }) as unknown as typeof fetch;
  const read = (to: string) => readerAt('https://r.example.com', fetchTo(to)).digest('1');
  assert.equal(await read('https://blobs.example.com/x'), 'sha256:1');
  assert.equal(asked[2], 'https://blobs.example.com/x nothing');
  asked.length = 0;
  await assert.rejects(read('http://r.example.com/x'), /no https address/);
  assert.equal(asked.length, 2);
});

/** Files of the product that go out by themselves, and why they may. */
const waysOut: Record<string, string> = {
  'http/addressGuard.ts': 'the guard itself',
  'http/addressRules.ts': 'only reads addresses (BlockList)',
  'registry/sdkReader.ts': 'the SDK of registries, with the guard’s agent',
  'engine/armClient.ts':
    'Azure Resource Manager, which the settings name, and the signed addresses that it names',
  'secrets/identityToken.ts': 'the identity endpoint, which the platform names',
  'telemetry/otelExport.ts': 'Application Insights and OTLP, which the settings name',
};
const others =
  /\bglobalThis\.fetch\(|\bfetchOfSettings\b|from 'node:(?:https?|net|tls|dns|http2|dgram|child_process)|from '(?:undici|axios|node-fetch)'|\brequire\(|\b(?:WebSocket|EventSource)\b|^import (?!type)(?![^;]*\{ type TokenCredential \})[^;]*from '@(?:azure\/(?:identity|container-registry|monitor|core)|opentelemetry\/exporter)|import\('@(?:azure|opentelemetry)\/|isomorphic-git\/http/m;
const declaresFetch =
  /\bfetch: (?:typeof (?:globalThis\.)?fetch\b|\(\) => Promise<)|\{[^{}]*\bfetch\b[^{}]*\}\s*(?:: \w+|= \w+(?:\.\w+)?;)/;

/** Whether a file goes out by itself: by a module or an SDK, or by a `fetch` that nobody gave it. */
function goesOut(source: string): boolean {
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const parts = text.split(/^\}(?!:)/m);
  const global = parts.some((part) => {
    const uses = part.replace(/typeof (?:globalThis\.)?fetch\b/g, '').replace(/\basync fetch\(/g, '');
    return /(?<![.\w'])fetch\b(?!\??:)/.test(uses) && !declaresFetch.test(part);
  });
  return global || others.test(text);
}

test('no adapter has another way out', () => {
  const dir = join(import.meta.dirname, '../../../shared/adapters');
  const found = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => goesOut(readFileSync(join(dir, name), 'utf8')));
  assert.deepEqual(found.sort(), Object.keys(waysOut).sort());
  assert.match(readFileSync(join(dir, 'registry/sdkReader.ts'), 'utf8'), /sendRequest: sentBy\(agent\)/);
  assert.match(readFileSync(join(dir, 'http/sdkAnswers.ts'), 'utf8'), /request\.agent = agent;/);
});

const planted = [
  'async function get(url: string) {\n  return fetch(url);\n}\n',
  'const how = { fetch: options.fetch ?? fetch };\n',
  'export const ports = createHooks({ fetch });\n',
  'async function a({ fetch }: How) {\n  return fetch(1);\n}\nconst b = () => fetch(2);\n',
  "import { request } from 'node:https';\n",
  "import { connect } from 'node:net';\n",
  "import { SecretClient } from '@azure/core-client';\n",
  "import http from 'isomorphic-git/http/node';\n",
  'const answer = globalThis.fetch(url);\n',
];
for (const text of planted)
  test(`such a way out would be found: ${JSON.stringify(text)}`, () => assert.ok(goesOut(text)));

test.run();
