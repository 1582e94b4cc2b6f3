import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { lasting, prompt, sha256, startTestServers, type TestServers } from '../http/testServers.ts';

const test = suite<{ servers: TestServers }>('images that an identity reads in a registry of Azure');
test.before(async (world) => {
  world.servers = await startTestServers();
});
test.after(({ servers }) => servers.stop());

const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: ['sha256:1'] } });
const manifest = JSON.stringify({
  ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
  config: { digest: sha256(config), size: config.length },
  layers: [{ digest: sha256('layer'), size: 5 }],
});
const login = { kind: 'identity' } as const;
const image = { registry: 'appacr.azurecr.io', repository: 'node', tag: '20' };
const oid = '6f8a3c2e-0b7d-4a52-9c11-5d2f7e0a9b34';
const entra = `a.${Buffer.from(JSON.stringify({ oid })).toString('base64url')}.b`;

type Answers = (path: string, response: ServerResponse) => boolean;

/** A registry that lets the identity in, then answers by `answers` and as a registry does; tells what it was asked. */
async function opened(servers: TestServers, answers: Answers = () => false, credential = prompt(entra)) {
  const asked: string[] = [];
  const address = await servers.https((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'https://x').pathname);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path === '/oauth2/exchange') return json({ refresh_token: lasting });
    if (path === '/oauth2/token') return json({ access_token: lasting });
    if (!request.headers.authorization) {
      const challenge = `Bearer realm="${address}/oauth2/token",service="appacr",scope="repository:node:pull"`;
      response.setHeader('www-authenticate', challenge);
      return json({}, 401);
    }
    asked.push(path);
    if (answers(path, response)) return;
    const [body, type] = path.includes('/blobs/')
      ? [config, 'application/octet-stream']
      : [manifest, 'application/vnd.oci.image.manifest.v1+json'];
    response
      .writeHead(200, {
        'content-type': type,
        'docker-content-digest': sha256(body),
        'content-length': body.length,
      })
      .end(body);
  });
  const known = { name: 'appacr', id: '/registries/appacr', loginServer: image.registry, endpoint: address };
  const registry = createAcrRegistry({ registries: [known], credential, guard: servers.way });
  return { registry, asked };
}

test('an image is read by its manifest and its config', async ({ servers }) => {
  const { registry, asked } = await opened(servers);
  const found = [];
  for await (const one of registry.imagesOf(image, login)) found.push(one);
  assert.deepEqual(found, [{ platform: { os: 'linux', architecture: 'amd64' }, layers: ['sha256:1'] }]);
  assert.deepEqual(asked, ['/v2/node/manifests/20', `/v2/node/blobs/${sha256(config)}`]);
});

test('each repository and identity is read for itself, by the tag or digest that is asked for', async ({
  servers,
}) => {
  const { registry, asked } = await opened(servers);
  await registry.contentsOf(image, login, []);
  await registry.contentsOf({ ...image, repository: 'go' }, login, []);
  await registry.contentsOf({ ...image, digest: sha256(manifest) }, { ...login, clientId: 'c' }, []);
  const of = ['node/manifests/20', 'go/manifests/20', `node/manifests/${sha256(manifest)}`];
  assert.deepEqual(
    asked,
    of.map((path) => `/v2/${path}`),
  );
});

interface Fault {
  status: number;
  headers?: Record<string, string>;
  code: RegistryError['code'];
  says: RegExp;
  asked?: number;
  retryAfter?: number;
  isRoleMissing?: true;
}
const role = new RegExp(
  `^The identity ${oid} may not pull from appacr.azurecr.io/node. Assign it the role AcrPull`,
);
const faults: Record<string, Fault> = {
  'that is not there': { status: 404, code: 'NotFound', says: /node:20 is not in the registry/ },
  'that it may not read': { status: 403, code: 'Unauthorized', says: role, isRoleMissing: true },
  'for which its token does not count': {
    ...{ status: 401, code: 'Unauthorized', says: role, isRoleMissing: true },
  },
  'of a registry that asks to slow down': {
    ...{ status: 429, headers: { 'retry-after': '30' }, retryAfter: 30 },
    ...{ code: 'TooManyRequests', says: /azurecr\.io\/node: the registry asks to slow down/ },
  },
  'of a registry that is away for a while': {
    ...{ status: 503, headers: { 'retry-after': '30' }, retryAfter: 30 },
    ...{ code: 'Unreachable', says: /azurecr\.io\/node: 503/ },
  },
  'of a registry that does not take the question': {
    ...{ status: 400, code: 'Unreachable', says: /azurecr\.io\/node: it does not answer as a registry \(/ },
  },
};
for (const [title, { status, headers, code, says, retryAfter, isRoleMissing = false }] of Object.entries(
  faults,
))
  test(`why an image is not read is told, and it is asked for once: one ${title}`, async ({ servers }) => {
    const { registry, asked } = await opened(servers, (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}');
      return true;
    });
    await assert.rejects(registry.contentsOf(image, login, []), (error: RegistryError) => {
      assert.ok(error instanceof RegistryError, String(error));
      assert.match(error.message, says);
      assert.deepEqual(
        [error.code, error.retryAfter, error.isRoleMissing],
        [code, retryAfter, isRoleMissing],
      );
      return true;
    });
    assert.ok(asked.length <= (status === 401 ? 2 : 1), String(asked));
  });

test('an image whose config is not there is told as such', async ({ servers }) => {
  const { registry } = await opened(servers, (path, response) => {
    if (path.includes('/blobs/')) response.writeHead(404).end('{}');
    return path.includes('/blobs/');
  });
  const read = async () => {
    for await (const one of registry.imagesOf(image, login)) assert.fail(JSON.stringify(one));
  };
  await assert.rejects(
    read,
    (error: RegistryError) => error.code === 'Invalid' && /has no list of layers/.test(error.message),
  );
});

const identities: [title: string, fault: Error, code: RegistryError['code']][] = [
  ['is not assigned', new Error('no such identity'), 'Unauthorized'],
  ['is busy', Object.assign(new Error('slow down'), { status: 429 }), 'Unreachable'],
];
for (const [title, fault, code] of identities)
  test(`an identity that ${title} reads no image, and is told`, async ({ servers }) => {
    const { registry, asked } = await opened(servers, undefined, () => ({
      getToken: () => Promise.reject(fault),
    }));
    await assert.rejects(registry.contentsOf(image, login, []), (error: RegistryError) => {
      assert.match(
        error.message,
        /^The managed identity for appacr\.azurecr\.io gave no token\. Is it assigned/,
      );
      assert.deepEqual([error.code, error.cause], [code, fault]);
      return true;
    });
    assert.deepEqual(asked, []);
  });

test.run();
