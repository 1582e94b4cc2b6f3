import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createEntra } from '../local/entra.ts';

const tenant = createEntra('22222222-2222-2222-2222-222222222222');
const app = { name: 'app', clientId: 'c1', principalId: 'p1' };
const registry = 'https://containerregistry.azure.net';

test('a token carries who it was given to, by whom and for what', () => {
  const { token, expiresOn } = tenant.accessToken(
    { ...app, resourceId: '/subscriptions/s/ids/app' },
    registry,
  );
  const claims = tenant.verify(token, [registry])!;
  assert.deepEqual(
    [claims.aud, claims.iss, claims.oid, claims.sub, claims.appid, claims.tid, claims.exp, claims.xms_mirid],
    [
      registry,
      'https://sts.windows.net/22222222-2222-2222-2222-222222222222/',
      ...['p1', 'p1', 'c1', tenant.tenantId, expiresOn, '/subscriptions/s/ids/app'],
    ],
  );
});

const token = tenant.accessToken(app, registry).token;
const [header, payload, signature] = token.split('.');
const forged = Buffer.from(
  JSON.stringify({ ...JSON.parse(Buffer.from(payload!, 'base64url').toString()), oid: 'p2' }),
);

const cases: Array<[title: string, token: string, audiences: string[], good: boolean]> = [
  ['for the audience that is asked for', token, [registry], true],
  ['for one of several audiences', token, ['https://management.azure.com/', registry], true],
  ['whose audience differs by a slash', token, [`${registry}/`], true],
  ['for another audience', token, ['https://management.azure.com/'], false],
  ['that has ended', tenant.accessToken(app, registry, -1).token, [registry], false],
  [
    'of another tenant',
    createEntra('33333333-3333-3333-3333-333333333333').accessToken(app, registry).token,
    [registry],
    false,
  ],
  [
    'of another tenant of that name',
    createEntra(tenant.tenantId).accessToken(app, registry).token,
    [registry],
    false,
  ],
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
  test(`${good ? 'takes' : 'refuses'} a token ${title}`, () => {
    assert.equal(tenant.verify(given, audiences) !== undefined, good);
  });

test.run();
