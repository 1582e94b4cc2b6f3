import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import { createOciReader } from '../../../shared/adapters/registry/ociReader.ts';
import { RegistryError, type RegistryLogin } from '../../../shared/ports/registry.ts';

const endpoint = 'https://reg.example.com';
const manifests = `${endpoint}/v2/team/app/manifests`;
const anonymous: RegistryLogin = { kind: 'anonymous' };
const password: RegistryLogin = { kind: 'password', userName: 'user', password: 'pass' };
const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;

type Asked = { method: string; url: string; authorization: string | null; accept: string | null };
/** A registry that answers what a function says, and what it was asked. */
function readerOf(answers: (asked: Asked, nth: number) => Response, login = anonymous) {
  const asked: Asked[] = [];
  const fetch = (async (url: string | URL, init: RequestInit) => {
    const headers = new Headers(init.headers);
    asked.push({
      ...{ method: init.method ?? 'GET', url: String(url) },
      ...{ authorization: headers.get('authorization'), accept: headers.get('accept') },
    });
    return answers(asked.at(-1)!, asked.length);
  }) as unknown as typeof globalThis.fetch;
  const reader = createOciReader({
    endpoint,
    repository: 'team/app',
    login,
    name: 'reg.example.com/team/app',
    fetch,
  });
  return { reader, asked };
}
const lines = (asked: Asked[]) => asked.map(({ method, url, authorization }) => [method, url, authorization]);
const answer = (status: number, body: string | null = null, headers: Record<string, string> = {}) =>
  new Response(body, { status, statusText: 'Said', headers });
const digested = (digest: string) => ({ 'docker-content-digest': digest });
const failed = async (asked: Promise<unknown>): Promise<RegistryError> => {
  const error = await asked.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof RegistryError, String(error));
  return error;
};

const text = '{"schemaVersion":2}';
const counted = `sha256:${createHash('sha256').update(text).digest('hex')}`;

test('a digest is asked for by HEAD, and by GET where that does not name it', async () => {
  for (const [head, get, digest, calls] of [
    [answer(200, null, digested('sha256:a')), undefined, 'sha256:a', 1],
    [answer(404), undefined, undefined, 1],
    [answer(200), answer(200, text), counted, 2],
    [answer(200), answer(200, text, digested('sha256:b')), 'sha256:b', 2],
    [answer(200), answer(404), undefined, 2],
  ] as const) {
    const { reader, asked } = readerOf(({ method }) => (method === 'HEAD' ? head : get!));
    assert.equal(await reader.digest('1'), digest);
    assert.deepEqual(
      lines(asked),
      [
        ['HEAD', `${manifests}/1`, null],
        ['GET', `${manifests}/1`, null],
      ].slice(0, calls),
    );
    for (const { accept } of asked)
      for (const type of [
        'oci.image.index.v1',
        'oci.image.manifest.v1',
        'docker.distribution.manifest.list.v2',
        'docker.distribution.manifest.v2',
      ])
        assert.ok(accept!.split(', ').includes(`application/vnd.${type}+json`), type);
  }
});

test('a manifest and a blob are read, or are not there', async () => {
  const of = (given: Response) => readerOf(() => given).reader;
  assert.deepEqual(await of(answer(200, text)).manifest('1'), {
    digest: counted,
    body: { schemaVersion: 2 },
  });
  assert.equal(await of(answer(404)).manifest('1'), undefined);
  assert.deepEqual(await of(answer(200, '{"a":1}')).blob('sha256:c'), { a: 1 });
  assert.equal(await of(answer(404)).blob('sha256:c'), undefined);
  const { reader, asked } = readerOf(() => answer(200, '{}'));
  await reader.blob('sha256:c');
  assert.deepEqual(lines(asked), [['GET', `${endpoint}/v2/team/app/blobs/sha256:c`, null]]);
  for (const body of ['[]', 'x', '5'])
    for (const read of [() => of(answer(200, body)).manifest('1'), () => of(answer(200, body)).blob('1')]) {
      const { message, code } = await failed(read());
      assert.deepEqual(
        [message, code],
        ['reg.example.com/team/app: the registry did not answer with a JSON object', 'Invalid'],
      );
    }
});

const realm = 'https://auth.example.com/token';
const challenge = (parts: string) => answer(401, null, { 'www-authenticate': parts });
const scope = 'scope=repository%3Ateam%2Fapp%3Apull';
/** Each: the challenge, the login, where a token is asked for and as whom, and how the question is asked again. */
const challenges: [
  title: string,
  challenge: string,
  login: RegistryLogin,
  token: [url: string, authorization: string | null] | undefined,
  again: string | undefined,
][] = [
  ['names a token server', `Bearer realm="${realm}"`, anonymous, [`${realm}?${scope}`, null], 'Bearer t1'],
  [
    'names a token server to a user',
    `Bearer realm="${realm}"`,
    password,
    [`${realm}?${scope}`, basic],
    'Bearer t1',
  ],
  [
    'names all that there is',
    `Bearer realm="${realm}",service="reg",scope="repository:x:pull"`,
    anonymous,
    [`${realm}?scope=repository%3Ax%3Apull&service=reg`, null],
    'Bearer t1',
  ],
  [
    'names it in capitals, with a query',
    `BEARER REALM="${realm}?a=b",SERVICE="reg"`,
    anonymous,
    [`${realm}?a=b&${scope}&service=reg`, null],
    'Bearer t1',
  ],
  ['asks for a password', 'Basic realm="x"', password, undefined, basic],
  ['asks for a password in capitals', 'BASIC realm="x"', password, undefined, basic],
  ['asks for a password that nobody has', 'Basic realm="x"', anonymous, undefined, undefined],
  ['names no token server', 'Bearer service="reg"', anonymous, undefined, undefined],
  ['names what is no address', 'Bearer realm="token"', anonymous, undefined, undefined],
  [
    'says nothing of Basic first',
    `x Basic, Bearer realm="${realm}"`,
    password,
    [`${realm}?${scope}`, basic],
    'Bearer t1',
  ],
];
for (const [title, parts, login, token, again] of challenges)
  test(`a registry that ${title} is ${again ? `asked again as ${again.split(' ')[0]}` : 'not asked again'}`, async () => {
    const { reader, asked } = readerOf(({ url, authorization }) => {
      if (url.startsWith(realm)) return Response.json({ token: 't1' });
      return authorization ? answer(200, null, digested('sha256:a')) : challenge(parts);
    }, login);
    const first = ['HEAD', `${manifests}/1`, null];
    const expected = [
      first,
      ...(token ? [['GET', ...token]] : []),
      ...(again ? [['HEAD', `${manifests}/1`, again]] : []),
    ];
    if (!again) {
      assert.equal((await failed(reader.digest('1'))).code, 'Unauthorized');
      assert.deepEqual(lines(asked), expected);
      return;
    }
    assert.equal(await reader.digest('1'), 'sha256:a');
    assert.deepEqual(lines(asked), expected);
    // The next question goes as it was wanted, at once.
    assert.equal(await reader.digest('2'), 'sha256:a');
    assert.deepEqual(lines(asked.slice(expected.length)), [['HEAD', `${manifests}/2`, again]]);
  });

/** Each: what a token server answers, and how the question is asked again, or the error. */
const tokens: [
  title: string,
  answer: () => Response,
  again: string | undefined,
  error?: [code: string, says: RegExp],
][] = [
  ['a token', () => Response.json({ token: 'a', access_token: 'b' }), 'Bearer a'],
  ['an access token', () => Response.json({ access_token: 'b' }), 'Bearer b'],
  ['an access token beside null', () => Response.json({ token: null, access_token: 'b' }), 'Bearer b'],
  ['no token', () => Response.json({}), undefined, ['Unauthorized', /may not be read\. Add credentials/]],
  ['an empty token', () => Response.json({ token: '' }), undefined, ['Unauthorized', /may not be read/]],
  ['a refusal', () => answer(403), undefined, ['Unauthorized', /may not be read/]],
  ['that it is busy', () => answer(429), undefined, ['TooManyRequests', /asks to slow down/]],
  ['that it failed', () => answer(503), undefined, ['Unreachable', /503 Said/]],
  ['what is no JSON', () => answer(200, 'x'), undefined, ['Invalid', /did not answer with a JSON object/]],
];
for (const [title, given, again, error] of tokens)
  test(`a token server that answers ${title} ${again ? 'lets in' : 'does not let in'}`, async () => {
    const { reader, asked } = readerOf(({ url, authorization }) => {
      if (url.startsWith(realm)) return given();
      return authorization ? answer(200, null, digested('sha256:a')) : challenge(`Bearer realm="${realm}"`);
    });
    if (again) {
      await reader.digest('1');
      assert.equal(asked.at(-1)!.authorization, again);
      return;
    }
    const { code, message } = await failed(reader.digest('1'));
    assert.equal(code, error![0]);
    assert.match(message, error![1]);
  });

test('a token that has ended is asked for anew, and a password goes to no token server without https', async () => {
  let given = 0;
  const { reader, asked } = readerOf(({ url, authorization }) => {
    if (url.startsWith(realm)) return Response.json({ token: `t${++given}` });
    return authorization === 'Bearer t2'
      ? answer(200, null, digested('sha256:a'))
      : challenge(`Bearer realm="${realm}"`);
  });
  await failed(reader.digest('1'));
  assert.equal(await reader.digest('1'), 'sha256:a');
  assert.equal(asked.at(-1)!.authorization, 'Bearer t2');
  const plain = readerOf(() => challenge('Bearer realm="http://auth.example.com/token"'), password);
  const { code, message } = await failed(plain.reader.digest('1'));
  assert.equal(code, 'Invalid');
  assert.match(message, /names a token server at http:\/\/auth\.example\.com\. Only https is asked/);
  assert.equal(plain.asked.length, 1);
});

/** Each: the answer of a registry, the login, and the error. */
const refusals: [
  status: number,
  login: RegistryLogin,
  code: string,
  says: RegExp,
  headers?: Record<string, string>,
  after?: number,
][] = [
  [
    401,
    anonymous,
    'Unauthorized',
    /^reg\.example\.com\/team\/app may not be read\. Add credentials for the registry/,
  ],
  [403, anonymous, 'Unauthorized', /Add credentials for the registry/],
  [
    401,
    password,
    'Unauthorized',
    /may not be read with the user name and password of the task's credentials/,
  ],
  [400, anonymous, 'Invalid', /^reg\.example\.com\/team\/app: 400 Said$/],
  [405, password, 'Invalid', /: 405 Said$/],
  [429, anonymous, 'TooManyRequests', /: the registry asks to slow down$/, { 'retry-after': '30' }, 30],
  [499, anonymous, 'Invalid', /: 499 Said$/],
  [500, anonymous, 'Unreachable', /: 500 Said$/],
  [503, anonymous, 'Unreachable', /: 503 Said$/, { 'retry-after': '5' }, 5],
];
for (const [status, login, code, says, headers = {}, after] of refusals)
  test(`a registry that answers ${status} to ${login.kind} is ${code}`, async () => {
    const error = await failed(readerOf(() => answer(status, null, headers), login).reader.digest('1'));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.deepEqual(
      [error.retryAfter, error.busyServer],
      [after, status === 429 ? 'reg.example.com' : undefined],
    );
  });

/** Each: where an answer leads, and whether it is followed. */
for (const [to, isFollowed] of [
  ['https://blobs.example.com/x', true],
  ['/v2/other', true],
  ['http://blobs.example.com/x', false],
  ['ftp://x', false],
] as const)
  test(`a redirect to ${to} is ${isFollowed ? 'followed' : 'refused'}`, async () => {
    const { reader, asked } = readerOf(({ url }) =>
      url.includes('/blobs/') ? answer(307, null, { location: to }) : answer(200, '{"a":1}'),
    );
    if (isFollowed) assert.deepEqual(await reader.blob('c'), { a: 1 });
    else {
      const { code, message } = await failed(reader.blob('c'));
      assert.deepEqual(
        [code, message],
        ['Invalid', 'reg.example.com redirects too often, or to what is no https address.'],
      );
    }
    assert.equal(asked.length, isFollowed ? 2 : 1);
  });

test('a registry that does not answer is out of reach', async () => {
  const { reader } = readerOf(() => {
    throw new TypeError('fetch failed', { cause: new Error('ECONNRESET') });
  });
  const { code, message } = await failed(reader.digest('1'));
  assert.deepEqual(
    [code, message],
    ['Unreachable', 'reg.example.com/team/app: reg.example.com did not answer (ECONNRESET)'],
  );
});

test.run();
