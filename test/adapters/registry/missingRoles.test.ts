import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import { createArmRunEngine } from '../../../shared/adapters/engine/armRunEngine.ts';
import { createAddressGuard } from '../../../shared/adapters/http/addressGuard.ts';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { PlinthError } from '../../../shared/names/plinthError.ts';

const oid = '6f8a3c2e-0b7d-4a52-9c11-5d2f7e0a9b34';
const jwt = (claims: unknown) =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'sig']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const token = jwt({ oid });

const idOf = (name: string) =>
  `/subscriptions/s/resourceGroups/g(1)/providers/Microsoft.ContainerRegistry/registries/${name}`;
const known = (name: string, usesAbac?: true) => ({
  ...{ name, id: idOf(name), loginServer: `${name}.azurecr.io` },
  endpoint: `https://${name}.azurecr.io`,
  ...(usesAbac && { usesAbac }),
});
const registries = [known('appacr'), known('abacacr', true)];

/** Azure, which lets nobody in. `exchange` is what the token exchange answers. */
const shut =
  (exchange: number): typeof fetch =>
  async (url) =>
    String(url).endsWith('/oauth2/exchange')
      ? Response.json({ refresh_token: 'r' }, { status: exchange })
      : Response.json({ errors: [{ code: 'UNAUTHORIZED' }] }, { status: 401 });

const identity = (given: string) => ({
  getToken: async () => ({ token: given, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

const pull = (registry: string, given: string, exchange: number) => () =>
  createAcrRegistry({
    registries,
    credential: () => identity(given),
    guard: { ...createAddressGuard([]), fetch: shut(exchange) },
  }).digestOf({ registry, repository: 'node', tag: '20' }, { kind: 'identity' });

const readSecret = (given: string) => () =>
  createKeyVault({
    endpoints: {},
    credential: () => identity(given),
    rules: { own: [] },
    isOwn: () => false,
    fetch: async () => Response.json({ error: { code: 'Forbidden' } }, { status: 403 }),
  }).secret('https://corp.vault.azure.net/secrets/word', undefined);

const startRun = (given: string) => async () => {
  const server = createServer((_, response) => response.writeHead(403).end('{}'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const engine = createArmRunEngine({
    startBy: 'scheduleRun',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    registries,
    credential: identity(given),
  });
  await engine.run('appacr', 'ca1').finally(() => server.close());
};

const create = (role: string, scope: string) =>
  `az role assignment create --assignee-object-id ${oid} --assignee-principal-type ServicePrincipal --role "${role}" --scope "${scope}"`;
const shown = '$(az acr show --name otheracr --query id --output tsv)';

const rows: [title: string, ask: () => Promise<unknown>, says: string][] = [
  [
    'a registry of the settings at the exchange',
    pull('appacr.azurecr.io', token, 401),
    `The identity ${oid} may not pull from appacr.azurecr.io. Assign it the role AcrPull on that registry: ${create('AcrPull', idOf('appacr'))}`,
  ],
  [
    'a registry of the settings at the question',
    pull('appacr.azurecr.io', token, 200),
    `on that registry: ${create('AcrPull', idOf('appacr'))}`,
  ],
  [
    'a registry with rights by repository',
    pull('abacacr.azurecr.io', token, 403),
    create('Container Registry Repository Reader', idOf('abacacr')),
  ],
  [
    'a registry that the settings do not name',
    pull('otheracr.azurecr.io', token, 401),
    `(Container Registry Repository Reader where the registry uses ABAC): ${create('AcrPull', shown)}`,
  ],
  [
    'a registry whose host has a hash',
    pull('otheracr-a1b2.azurecr.io', token, 401),
    create('AcrPull', shown),
  ],
  [
    'a key vault',
    readSecret(token),
    create('Key Vault Secrets User', '$(az keyvault show --name corp --query id --output tsv)/secrets/word'),
  ],
  ['the run engine', startRun(token), create('Container Registry Tasks Contributor', idOf('appacr'))],
];
for (const [title, ask, says] of rows)
  test(`a role missing on ${title} is told with the principal and the command that gives it`, () =>
    assert.rejects(ask, (error) => {
      assert.ok(error instanceof PlinthError && error.message.includes(says), `${error}`);
      assert.ok(error.isRoleMissing, 'it is tried again for as long as a role may take to count');
      return true;
    }));

/** A registry that keeps its word for tokens that it gave before the role was taken away, as ACR does for an hour. */
function takenAway({ exchange, question }: { exchange: number; question: number }) {
  let isTaken = false;
  const registry = createAcrRegistry({
    registries,
    credential: () => identity(token),
    guard: {
      ...createAddressGuard([]),
      fetch: async (url, init) => {
        if (String(url).endsWith('/oauth2/exchange'))
          return Response.json({ refresh_token: 'r' }, { status: isTaken ? exchange : 200 });
        if (String(url).includes('/oauth2/token'))
          return Response.json({ access_token: 'a' }, { status: isTaken ? question : 200 });
        const { authorization } = Object.fromEntries(new Headers(init?.headers));
        if (authorization) return new Response('', { status: 404 });
        const challenge = `Bearer realm="https://appacr.azurecr.io/oauth2/token",service="s",scope="repository:x:pull"`;
        return new Response('', { status: 401, headers: { 'www-authenticate': challenge } });
      },
    },
  });
  return { registry, take: () => (isTaken = true), restore: () => (isTaken = false) };
}
const image = { registry: 'appacr.azurecr.io', repository: 'node', tag: '20' };
const takings: [title: string, answers: { exchange: number; question: number }][] = [
  ['the exchange answers 401', { exchange: 401, question: 200 }],
  ['the exchange answers 403', { exchange: 403, question: 200 }],
  ['the token server answers 401', { exchange: 200, question: 401 }],
];
for (const [title, answers] of takings)
  test(`where a role was taken away and ${title}, a look says so, though the token of before is still good`, async () => {
    const { registry, take, restore } = takenAway(answers);
    for (let look = 0; look < 2; look++) {
      assert.equal(await registry.digestOf(image, { kind: 'identity' }), undefined);
      await registry.reach(image.registry);
    }
    take();
    assert.equal(await registry.digestOf(image, { kind: 'identity' }), undefined, 'the token of before');
    await assert.rejects(registry.reach(image.registry), (error) => {
      assert.ok(error instanceof PlinthError && error.isRoleMissing, `${error}`);
      assert.ok(error.message.includes(create('AcrPull', idOf('appacr'))), error.message);
      return true;
    });
    restore();
    await registry.reach(image.registry);
  });

const silent: [title: string, token: string][] = [
  ['no JWT', 'opaque'],
  ['no principal', jwt({ sub: 'x' })],
  ['a principal that is no id', jwt({ oid: '"; rm -rf ~; "' })],
  ['no claims', jwt(null)],
];
for (const [title, given] of silent)
  test(`a token of ${title} makes no command`, async () => {
    for (const ask of [pull('appacr.azurecr.io', given, 401), readSecret(given), startRun(given)])
      await assert.rejects(ask, ({ message }: Error) => {
        assert.match(message, /[Aa]ssign .*[Rr]ole|role/);
        assert.doesNotMatch(message, /az role|rm -rf|undefined/);
        return true;
      });
  });

test.run();
