import assert from 'node:assert/strict';
import { test } from 'uvu';
import { LateError } from '../../../shared/adapters/http/timeLimit.ts';
import { createCredentials, inTime, tokenOf } from '../../../shared/adapters/secrets/identityToken.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { VaultError } from '../../../shared/ports/vault.ts';

const oid = '6f8a3c2e-0b7d-4a52-9c11-5d2f7e0a9b34';
const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const jwt = [part({ alg: 'none' }), part({ oid }), 'sig'].join('.');
const version = 'a'.repeat(32);
const uri = 'https://corp.vault.azure.net/secrets/word';

/** A vault that gives an answer, and what was asked of it and of the identities. */
function vaultThat(
  answer: () => Response,
  {
    endpoints = {},
    token = 'opaque',
    fails,
  }: { endpoints?: Record<string, string>; token?: string; fails?: Error } = {},
) {
  const asked: [url: string, authorization: string | null][] = [];
  const tokens: [clientId: string | undefined, scope: string][] = [];
  const vault = createKeyVault({
    endpoints,
    credential: (clientId) => ({
      async getToken(scopes) {
        tokens.push([clientId, String(scopes)]);
        if (fails) throw fails;
        return { token, expiresOnTimestamp: 0 };
      },
    }),
    rules: { own: ['app.vault.azure.net'] },
    isOwn: (value) => value === 'own',
    fetch: (async (url: string, init: RequestInit) => {
      asked.push([String(url), new Headers(init.headers).get('authorization')]);
      return answer();
    }) as unknown as typeof fetch,
  });
  return { vault, asked, tokens };
}
const value = (text: string) => () => Response.json({ value: text });
const refusal = (error: unknown): VaultError => {
  assert.ok(error instanceof VaultError, String(error));
  return error;
};
const failed = (asked: Promise<unknown>) => asked.then(() => assert.fail('it is read'), refusal);

/** Each: the address of a secret, where its vault answers, and what is asked. */
const places: [title: string, uri: string, endpoints: Record<string, string>, url: string][] = [
  ['the newest', uri, {}, `${uri}?api-version=7.4`],
  ['a version', `${uri}/${version}`, {}, `${uri}/${version}?api-version=7.4`],
  ['in capitals', 'https://CORP.vault.azure.net/secrets/word', {}, `${uri}?api-version=7.4`],
  [
    'over an endpoint',
    uri,
    { 'corp.vault.azure.net': 'http://here:8' },
    'http://here:8/secrets/word?api-version=7.4',
  ],
];
for (const [title, of, endpoints, url] of places)
  test(`a secret of a key vault, ${title}, is read by one question`, async () => {
    for (const clientId of [undefined, 'client']) {
      const { vault, asked, tokens } = vaultThat(value('hunter2'), { endpoints });
      assert.equal(await vault.secret(of, clientId), 'hunter2');
      assert.deepEqual(asked, [[url, 'Bearer opaque']]);
      assert.deepEqual(tokens, [[clientId, 'https://vault.azure.net/.default']]);
    }
  });

for (const [title, of, says] of [
  ['no vault', 'https://example.com/secrets/word', /^A key vault secret is named https/],
  ["the app's own vault", 'https://app.vault.azure.net/secrets/word', /keeps the app's own secrets/],
] as const)
  test(`nothing is asked for a secret of ${title}`, async () => {
    const { vault, asked, tokens } = vaultThat(value('x'));
    const error = await failed(vault.secret(of, undefined));
    assert.match(error.message, says);
    assert.deepEqual([error.transient, asked, tokens], [false, [], []]);
  });

test('a value that the app keeps for itself is not given', async () => {
  const error = await failed(vaultThat(value('own')).vault.secret(uri, undefined));
  assert.deepEqual(
    [error.message, error.transient],
    ["The secret word of key vault corp.vault.azure.net is the app's own, which no task may read.", false],
  );
});

const what = 'The secret word of key vault corp.vault.azure.net was not read: ';
const role = 'Assign the identity of the app the role "Key Vault Secrets User" on the vault or the secret';
const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, statusText: 'Said', headers });
const coded = (code: unknown, inner?: unknown) => ({
  error: { code, ...(inner !== undefined && { innererror: inner }) },
});

/** Each: what the vault answers, what is said of it, whether it passes, whether a role is missing. */
const answers: [
  title: string,
  answer: () => Response,
  says: string,
  expected?: { transient?: boolean; role?: boolean; retryAfter?: number },
][] = [
  [
    '401',
    answer(401, coded('Unauthorized')),
    '401 Unauthorized. The token of the identity of the app was not accepted: is the vault in another tenant?',
  ],
  [
    '404',
    answer(404, coded('SecretNotFound')),
    '404 SecretNotFound. There is no such secret, or it was deleted.',
  ],
  ['403', answer(403, coded('Forbidden')), `403 Forbidden. ${role}.`, { role: true }],
  [
    '403 with a reason',
    answer(403, coded('Forbidden', { code: 'ForbiddenByRbac' })),
    `403 ForbiddenByRbac. ${role}.`,
    { role: true },
  ],
  ['403 with no reason', answer(403, coded('Forbidden', null)), `403 Forbidden. ${role}.`, { role: true }],
  [
    '403 for a secret that is disabled',
    answer(403, coded('Forbidden', { code: 'SecretDisabled' })),
    '403 SecretDisabled. Enable the secret.',
  ],
  [
    '403 of its firewall',
    answer(403, coded('Forbidden', { code: 'ForbiddenByFirewall' })),
    '403 ForbiddenByFirewall. The firewall of the vault does not let the function app in.',
  ],
  [
    '403 for an address',
    answer(403, coded('Client address is not authorized')),
    '403 Client address is not authorized. The firewall of the vault does not let the function app in.',
  ],
  ['400', answer(400, coded('BadParameter')), '400 BadParameter.'],
  ['a status alone', answer(400, 'x'), '400 Said.'],
  ['a code that is none', answer(400, coded(5)), '400 Said.'],
  [
    '429',
    answer(429, coded('Throttled'), { 'retry-after': '7' }),
    '429 Throttled.',
    { transient: true, retryAfter: 7 },
  ],
  ['500', answer(500, coded('Internal')), '500 Internal.', { transient: true }],
  ['503', answer(503, {}), '503 Said.', { transient: true }],
];
for (const [title, given, says, { transient = false, role: isRole = false, retryAfter } = {}] of answers)
  test(`a vault that answers ${title} says ${isRole ? 'which role is missing' : 'why'}`, async () => {
    const error = await failed(vaultThat(given).vault.secret(uri, undefined));
    assert.deepEqual(
      [error.message, error.transient, error.isRoleMissing, error.retryAfter],
      [what + says, transient, isRole, retryAfter],
    );
  });

test('what a role is missing for is told with the command that gives it', async () => {
  const { vault } = vaultThat(answer(403, coded('Forbidden')), { token: jwt });
  const { message } = await failed(vault.secret(uri, 'client'));
  assert.ok(
    message.startsWith(
      `${what}403 Forbidden. Assign the identity client the role "Key Vault Secrets User" on the vault or the secret: az role assignment create --assignee-object-id ${oid}`,
    ),
    message,
  );
  assert.ok(
    message.includes('$(az keyvault show --name corp --query id --output tsv)/secrets/word'),
    message,
  );
});

const withParts = (parts: object) =>
  Object.assign(new Error('no https://a.example/token for you\nsecond line'), parts);
const below = (depth: number, cause: Error): Error =>
  depth === 0 ? cause : below(depth - 1, new Error('outer', { cause }));
/** Each: what an identity's endpoint comes to, and whether another try may find it better. */
const identities: [title: string, error: Error, passes: boolean][] = [
  ['knows no such identity', withParts({}), false],
  ['refuses', withParts({ status: 403 }), false],
  ['is busy', withParts({ status: 429 }), true],
  ['is slow', withParts({ status: 408 }), true],
  ['fails just not', withParts({ status: 499 }), false],
  ['fails', withParts({ status: 500 }), true],
  ['is away', withParts({ errorCode: 'network_error' }), true],
  ['says something else', withParts({ errorCode: 'other_error' }), false],
  ['answers nothing', new TypeError('x'), true],
  ['is late', new LateError('x'), true],
  ['is busy, below', below(4, withParts({ status: 429 })), true],
  ['is busy, too far below', below(5, withParts({ status: 429 })), false],
];
for (const [title, error, passes] of identities)
  test(`an identity whose endpoint ${title} is ${passes ? 'asked again' : 'to be put right'}`, async () => {
    const { vault, asked } = vaultThat(value('x'), { fails: error });
    const { message, transient } = await failed(vault.secret(uri, 'client'));
    assert.match(
      message,
      /^The secret word .* was not read: the identity client gave no token \(.+\)\. Is it assigned to the function app\?$/,
    );
    assert.ok(!message.includes('https://') && !message.includes('second line'), message);
    assert.deepEqual([transient, asked], [passes, []]);
  });

test('an identity that gives nothing is asked again', async () => {
  const nothing = { getToken: async () => null };
  await assert.rejects(
    tokenOf(nothing, 'scope', ({ kind, why }) => new Error(`${kind}: ${why}`)),
    /^Error: Silent: no answer$/,
  );
  const given = { token: 'x', expiresOnTimestamp: 1 };
  const asked: unknown[] = [];
  const credential = {
    async getToken(...of: unknown[]) {
      asked.push(of);
      return given;
    },
  };
  const options = { tenantId: 't' };
  assert.equal(await tokenOf(credential, 'scope', () => assert.fail(), options), given);
  assert.equal(await inTime(credential).getToken('scope', options), given);
  assert.deepEqual(asked, [
    ['scope', options],
    ['scope', options],
  ]);
});

test('an identity is made once for each client id, which is the one of the app where none is given', () => {
  const own = createCredentials('own');
  assert.equal(own(), own('own'));
  assert.equal(own('other'), own('other'));
  assert.notEqual(own(), own('other'));
  const none = createCredentials(undefined);
  assert.equal(none(), none());
  assert.notEqual(none(), none('own'));
});

test.run();
