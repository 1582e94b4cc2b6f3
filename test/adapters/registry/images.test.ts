import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAddressGuard } from '../../../shared/adapters/http/addressGuard.ts';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import { createIdentityLogin } from '../../../shared/adapters/registry/identityLogin.ts';
import { contentsOf, imagesOf } from '../../../shared/adapters/registry/manifestReader.ts';
import { type ImagePlatform, RegistryError, type RegistryLogin } from '../../../shared/ports/registry.ts';

const config = (layers: string[], platform: object = { os: 'linux', architecture: 'amd64' }) => ({
  ...platform,
  rootfs: { diff_ids: layers },
});
const manifest = (name: string) => ({ config: { digest: `config ${name}` }, layers: [] });
const entry = (text: string, digest = text) => {
  const [os, architecture, variant, version] = text.split('/');
  const platform = {
    os,
    architecture,
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
  };
  return { digest, ...(text && { platform }) };
};
const all = async (
  name: string,
  bodies: Record<string, unknown>,
  like?: ImagePlatform,
  blobs: Record<string, unknown> = {},
) => {
  const read: string[] = [];
  const reader = {
    async manifest(reference: string) {
      read.push(reference);
      return reference in bodies ? { digest: reference, body: bodies[reference] } : undefined;
    },
    blob: async (digest: string) => blobs[digest] ?? config([digest]),
  };
  const found: { layers: string[]; platform: ImagePlatform }[] = [];
  for await (const image of imagesOf(name, 'top', like, reader)) found.push(image);
  return { found, read };
};

const index = [
  entry('linux/amd64'),
  entry('linux/arm/v6'),
  entry('linux/arm/v7'),
  entry('windows/amd64//1'),
  entry('windows/amd64//2'),
  entry('unknown/unknown'),
  entry('', 'bare'),
];
const bodies = {
  top: { manifests: index },
  ...Object.fromEntries(index.map(({ digest }) => [digest, manifest(digest)])),
};
const inOrder = [
  'linux/amd64',
  'linux/arm/v6',
  'linux/arm/v7',
  'windows/amd64//1',
  'windows/amd64//2',
  'bare',
];
const first = (...names: string[]) => [...names, ...inOrder.filter((name) => !names.includes(name))];
/** Each: the platform that is looked for, and in which order the images of an index come. */
const likes: [like: ImagePlatform | undefined, order: string[]][] = [
  [undefined, inOrder],
  [{ os: 'linux', architecture: 'amd64' }, inOrder],
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, first('linux/arm/v7', 'linux/arm/v6')],
  [{ os: 'linux', architecture: 'arm' }, first('linux/arm/v6', 'linux/arm/v7')],
  [
    { os: 'windows', architecture: 'amd64', 'os.version': '2' },
    first('windows/amd64//2', 'windows/amd64//1'),
  ],
  [{ os: 'plan9', architecture: 'amd64' }, inOrder],
];
for (const [like, order] of likes)
  test(`of an index the images most like ${like ? Object.values(like).join('/') : 'nothing'} come first`, async () => {
    const { found, read } = await all('base', bodies, like);
    assert.deepEqual(read, ['top', ...order]);
    assert.deepEqual(
      found.map(({ layers }) => layers),
      order.map((name) => [`config ${name}`]),
    );
  });

test('what is no index is one image, with the platform of its config', async () => {
  const blobs = {
    'config a': config(['l1', 'l2'], { architecture: 'arm', variant: 'v7', 'os.version': '3', extra: 1 }),
  };
  const { found } = await all('base', { top: manifest('a') }, undefined, blobs);
  assert.deepEqual(found, [
    {
      layers: ['l1', 'l2'],
      platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '3' },
    },
  ]);
  const bare = await all('base', { top: manifest('b') }, undefined, {
    'config b': { rootfs: { diff_ids: [] } },
  });
  assert.deepEqual(bare.found, [{ layers: [], platform: { os: 'linux', architecture: 'amd64' } }]);
});

test('of an index a hundred images are read, and of each platform a hundred manifests', async () => {
  const many = Array.from({ length: 120 }, (_, at) => entry('linux/amd64', `m${at}`));
  const top = { manifests: many };
  const known = Object.fromEntries(many.map(({ digest }) => [digest, manifest(digest)]));
  assert.equal((await all('base', { top, ...known })).found.length, 100);
  const reader = {
    manifest: async (digest: string) => ({ digest, body: digest === 'top' ? top : manifest(digest) }),
    blob: async () => undefined,
  };
  const { manifests } = await contentsOf('base', 'top', ['linux/amd64'], reader);
  assert.equal(manifests!['linux/amd64']!.length, 100);
});

for (const [title, given, blobs, code, says] of [
  ['that is not there', {}, {}, 'NotFound', /^base is not in the registry$/],
  ['that is no image', { top: { a: 1 } }, {}, 'Invalid', /^base is not an image: /],
  [
    'whose config is none',
    { top: manifest('a') },
    { 'config a': 'x' },
    'Invalid',
    /^base has no list of layers: /,
  ],
  [
    'of which a manifest is gone',
    { top: { manifests: [entry('linux/amd64')] } },
    {},
    'Invalid',
    /^base is not an image: /,
  ],
] as const)
  test(`a reference ${title} is told of`, async () => {
    await assert.rejects(all('base', given, undefined, blobs), (error) => {
      assert.ok(error instanceof RegistryError && error.code === code, String(error));
      assert.match(error.message, says);
      return true;
    });
  });

const known = {
  ...{ name: 'appacr', id: '/registries/appacr', loginServer: 'appacr.azurecr.io' },
  endpoint: 'https://private.example.com',
};
type Asked = [method: string, url: string, authorization: string | null, body: string];
/** Registries behind a function. `exchange` answers ACR's token exchange. */
function registriesThat(
  exchange: () => Response,
  answer: (nth: number) => Response = () => new Response(null, { status: 404 }),
) {
  const asked: Asked[] = [];
  const tokens: (string | undefined)[] = [];
  const fetch = (async (url: string | URL, init: RequestInit) => {
    const authorization = new Headers(init.headers).get('authorization');
    asked.push([init.method ?? 'GET', String(url), authorization, String(init.body ?? '')]);
    return String(url).endsWith('/oauth2/exchange') ? exchange() : answer(asked.length);
  }) as unknown as typeof globalThis.fetch;
  const credential = (clientId?: string) => ({
    async getToken() {
      tokens.push(clientId);
      return { token: 'entra', expiresOnTimestamp: 0 };
    },
  });
  const registry = createAcrRegistry({
    registries: [known],
    credential,
    guard: { ...createAddressGuard([]), fetch },
  });
  const identity = createIdentityLogin({
    registries: [known],
    credential,
    endpointOf: (server) => `https://${server}`,
    fetch,
  });
  return { registry, identity, asked, tokens };
}
const refresh = () => Response.json({ refresh_token: 'fresh' });
const tokenUser = '00000000-0000-0000-0000-000000000000';
const image = (registry: string, more: object = {}) => ({ registry, repository: 'team/app', ...more });

/** Each: the image, and which address is asked for its digest. */
for (const [of, url] of [
  [image('docker.io'), 'https://registry-1.docker.io/v2/team/app/manifests/latest'],
  [image('other.io', { tag: '1' }), 'https://other.io/v2/team/app/manifests/1'],
  [image('other.io', { tag: '1', digest: 'sha256:a' }), 'https://other.io/v2/team/app/manifests/sha256:a'],
  [image('appacr.azurecr.io', { tag: '1' }), 'https://private.example.com/v2/team/app/manifests/1'],
] as const)
  test(`the digest of ${of.registry} is asked for at ${new URL(url).host}`, async () => {
    const { registry, asked } = registriesThat(refresh);
    assert.equal(await registry.digestOf(of, { kind: 'anonymous' }), undefined);
    assert.deepEqual(asked, [['HEAD', url, null, '']]);
  });

test('an identity signs in to a registry once an hour, each with its own password', async () => {
  const { registry, asked, tokens } = registriesThat(refresh);
  const as = (clientId?: string): RegistryLogin => ({ kind: 'identity', ...(clientId && { clientId }) });
  const now = Date.now;
  try {
    const begun = now();
    Date.now = () => begun;
    await registry.digestOf(image('appacr.azurecr.io'), as());
    await registry.digestOf(image('appacr.azurecr.io', { tag: '2' }), as());
    await registry.digestOf(image('appacr.azurecr.io'), as('client'));
    await registry.digestOf(image('second.azurecr.io'), as());
    assert.deepEqual(tokens, [undefined, 'client', undefined]);
    Date.now = () => begun + 3_600_000;
    await registry.digestOf(image('appacr.azurecr.io'), as());
    assert.equal(tokens.length, 3);
    Date.now = () => begun + 3_600_001;
    await registry.digestOf(image('appacr.azurecr.io'), as());
    assert.equal(tokens.length, 4);
  } finally {
    Date.now = now;
  }
  const [exchange, head] = asked;
  assert.deepEqual(exchange!.slice(0, 3), ['POST', 'https://private.example.com/oauth2/exchange', null]);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(exchange![3])), {
    ...{ grant_type: 'access_token', service: 'appacr.azurecr.io', access_token: 'entra' },
  });
  assert.deepEqual(head!.slice(0, 2), ['HEAD', 'https://private.example.com/v2/team/app/manifests/latest']);
});

test('a password to pull with is that of the credentials, or a new one of the identity', async () => {
  const { registry, asked } = registriesThat(refresh);
  assert.equal(await registry.pullPassword('other.io', { kind: 'anonymous' }), undefined);
  const own: RegistryLogin = { kind: 'password', userName: 'u', password: 'w' };
  assert.deepEqual(await registry.pullPassword('other.io', own), { userName: 'u', password: 'w' });
  assert.deepEqual(asked, []);
  for (let nth = 1; nth <= 2; nth++) {
    const given = await registry.pullPassword('appacr.azurecr.io', { kind: 'identity' });
    assert.deepEqual(given, { userName: tokenUser, password: 'fresh' });
    assert.equal(asked.length, nth);
  }
});

test('a registry is reached with a password of this moment', async () => {
  const { registry, asked } = registriesThat(refresh);
  for (let nth = 1; nth <= 2; nth++) {
    await registry.reach('appacr.azurecr.io');
    assert.equal(asked.length, 2 * nth);
    assert.equal(asked.at(-1)![1], 'https://private.example.com/v2/plinth-health/manifests/none');
  }
  await registry.digestOf(image('appacr.azurecr.io'), { kind: 'identity' });
  assert.equal(asked.length, 6, 'it is not kept');
});

test('a token of an identity goes to no registry that is none of Azure', async () => {
  const { registry, asked, tokens } = registriesThat(refresh);
  for (const doing of [
    () => registry.digestOf(image('other.io'), { kind: 'identity' }),
    () => registry.pullPassword('other.io', { kind: 'identity' }),
  ])
    await assert.rejects(
      doing(),
      (error) =>
        error instanceof RegistryError &&
        error.code === 'Invalid' &&
        /is no registry of Azure/.test(error.message),
    );
  assert.deepEqual([asked, tokens], [[], []]);
});

const said =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  () =>
    Response.json(body, { status, headers });
/** Each: what the exchange answers, and the error. */
const exchanges: [title: string, answer: () => Response, code: string, says: RegExp, isRole: boolean][] = [
  [
    '401',
    said(401),
    'Unauthorized',
    /^The identity may not pull from appacr\.azurecr\.io\. Assign it the role AcrPull on that registry\.$/,
    true,
  ],
  ['403', said(403), 'Unauthorized', /may not pull/, true],
  ['400', said(400), 'Unreachable', /^appacr\.azurecr\.io: token exchange answered 400$/, false],
  ['429', said(429, {}, { 'retry-after': '3' }), 'TooManyRequests', /asks to slow down/, false],
  ['503', said(503), 'Unreachable', /^appacr\.azurecr\.io: 503/, false],
  [
    'no token',
    said(200),
    'Unreachable',
    /^appacr\.azurecr\.io: token exchange answered without a token$/,
    false,
  ],
  ['a list', said(200, []), 'Invalid', /did not answer with a JSON object/, false],
];
for (const [title, answer, code, says, isRole] of exchanges)
  test(`a token exchange that answers ${title} is ${code}`, async () => {
    const { registry } = registriesThat(answer);
    await assert.rejects(registry.pullPassword('appacr.azurecr.io', { kind: 'identity' }), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.deepEqual([error.code, error.isRoleMissing], [code, isRole]);
      assert.match(error.message, says);
      return true;
    });
  });

test('where a password is refused, the next question comes with a new one; other errors are told as they are', async () => {
  const { identity, tokens } = registriesThat(refresh);
  const use = (error?: Error) =>
    identity.withPassword('appacr.azurecr.io', undefined, async () => {
      if (error) throw error;
      return 'read';
    });
  assert.equal(await use(), 'read');
  const busy = new RegistryError('TooManyRequests', 'busy');
  await assert.rejects(use(busy), busy);
  await assert.rejects(use(new TypeError('x')), TypeError);
  assert.equal(tokens.length, 1);
  const refused = new RegistryError('Unauthorized', 'no');
  await assert.rejects(
    use(refused),
    (error) => error instanceof RegistryError && error.isRoleMissing && error.cause === refused,
  );
  assert.equal(await use(), 'read');
  assert.equal(tokens.length, 2);
});

test.run();
