import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { test } from 'uvu';
import { createEntra, type Entra } from '../../local/identity/entra.ts';
import { epochSeconds, signJwt, verifyJwt } from '../../local/identity/jwt.ts';

const tenant = createEntra('22222222-2222-2222-2222-222222222222');
const app = { name: 'app', clientId: 'c1', principalId: 'p1' };
const registry = 'https://containerregistry.azure.net';

test('a token carries who it was given to, by whom and for what', async () => {
  const { token, expiresOn } = await tenant.accessToken(
    { ...app, resourceId: '/subscriptions/s/ids/app' },
    registry,
  );
  const claims = (await tenant.verify(token, [registry]))!;
  assert.deepEqual(
    [claims.aud, claims.iss, claims.oid, claims.sub, claims.appid, claims.tid, claims.exp, claims.xms_mirid],
    [
      registry,
      'https://sts.windows.net/22222222-2222-2222-2222-222222222222/',
      ...['p1', 'p1', 'c1', tenant.tenantId, expiresOn, '/subscriptions/s/ids/app'],
    ],
  );
});

const tokenOf = async (of: Entra, seconds?: number) => (await of.accessToken(app, registry, seconds)).token;
const token = await tokenOf(tenant);
const [header, payload, signature] = token.split('.');
const forged = Buffer.from(
  JSON.stringify({ ...JSON.parse(Buffer.from(payload!, 'base64url').toString()), oid: 'p2' }),
);

const cases: Array<[title: string, token: string, audiences: string[], good: boolean]> = [
  ['for the audience that is asked for', token, [registry], true],
  ['for one of several audiences', token, ['https://management.azure.com/', registry], true],
  ['whose audience differs by a slash', token, [`${registry}/`], true],
  ['for another audience', token, ['https://management.azure.com/'], false],
  ['that has ended', await tokenOf(tenant, -1), [registry], false],
  [
    'of another tenant',
    await tokenOf(createEntra('33333333-3333-3333-3333-333333333333')),
    [registry],
    false,
  ],
  ['of another tenant of that name', await tokenOf(createEntra(tenant.tenantId)), [registry], false],
  ['whose claims were changed', `${header}.${forged.toString('base64url')}.${signature}`, [registry], false],
  ['without a signature', `${header}.${payload}.`, [registry], false],
  [
    'that says it needs no signature',
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.x`,
    [registry],
    false,
  ],
  ['that is no token', 'nonsense', [registry], false],
  ['that is three nonsenses', 'a.b.c', [registry], false],
];
for (const [title, given, audiences, good] of cases)
  test(`${good ? 'takes' : 'refuses'} a token ${title}`, async () => {
    assert.equal((await tenant.verify(given, audiences)) !== undefined, good);
  });

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const now = epochSeconds();
const signed = (claims: object) => signJwt({ alg: 'ES256' }, { ...claims }, privateKey);
const keyless = (claims: object) => {
  const text = [{ alg: 'HS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const known = publicKey.export({ type: 'spki', format: 'pem' });
  return `${text.join('.')}.${createHmac('sha256', known).update(text.join('.')).digest('base64url')}`;
};
const times: Array<[title: string, token: string, good: boolean]> = [
  ['that is valid', await signed({ exp: now + 60, nbf: now }), true],
  ['without a beginning', await signed({ exp: now + 60 }), true],
  ['without an end', await signed({ nbf: now }), false],
  ['that ends now', await signed({ exp: now }), false],
  ['that has not begun', await signed({ exp: now + 600, nbf: now + 300 }), false],
  ['whose end is no number', await signed({ exp: 'never' }), false],
  ['that anybody may have signed, with the public key', keyless({ exp: now + 60 }), false],
];
for (const [title, given, good] of times)
  test(`${good ? 'reads' : 'does not read'} a signed token ${title}`, async () => {
    assert.equal((await verifyJwt(given, publicKey, 'ES256')) !== undefined, good);
  });
test('does not read a token by another algorithm than the one that is asked for', async () => {
  assert.equal(await verifyJwt(token, publicKey, 'ES256'), undefined);
});

test.run();
