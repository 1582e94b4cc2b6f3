import assert from 'node:assert/strict';
import { test } from 'uvu';
import { SourceControlError } from '../../../shared/ports/sourceControl.ts';
import { type Answers, hookOf, lines, pat, sourceControlAt, url } from './asked.ts';

const at = (repositoryUrl = 'https://github.com/team/app.git') => hookOf('Github', repositoryUrl);
const hooks = 'https://api.github.com/repos/team/app/hooks';
/** GitHub with these hooks; what it makes has the number 9, and what is refused is by method. */
const githubWith =
  (known: object[], refuses: Record<string, Response> = {}): Answers =>
  ({ method }) => {
    const refused = refuses[method];
    if (refused) return refused;
    return method === 'GET'
      ? Response.json(known)
      : method === 'DELETE'
        ? new Response(null, { status: 204 })
        : Response.json({ id: 9 });
  };
const own = (id: number) => ({ id, config: { url } });
const others = [
  { id: 1, config: { url: 'https://other.example' } },
  { id: 2, config: {} },
];
const list = `GET ${hooks}?per_page=100`;

/** Each: the hooks that are there, and what is asked to register it and to remove it. */
const asks: [title: string, known: object[], register: string[], remove: string[]][] = [
  ['none', [], [list, `POST ${hooks}`], [list]],
  ['those of others', others, [list, `POST ${hooks}`], [list]],
  ['its own', [...others, own(7)], [list, `PATCH ${hooks}/7`], [list, `DELETE ${hooks}/7`]],
  [
    'its own twice',
    [own(7), own(8)],
    [list, `PATCH ${hooks}/7`],
    [list, `DELETE ${hooks}/7`, `DELETE ${hooks}/8`],
  ],
];
for (const [title, known, register, remove] of asks)
  test(`where a repository at GitHub has ${title}, a hook is registered and removed in ${register.length} and ${remove.length} calls`, async () => {
    const registering = sourceControlAt(githubWith(known));
    assert.deepEqual(await registering.sourceControl.register(at(), 'word', pat), ['9']);
    assert.deepEqual(lines(registering.asked), register);
    const isNew = register.at(-1)!.startsWith('POST');
    assert.deepEqual(registering.asked.at(-1)!.body, {
      ...(isNew && { name: 'web' }),
      active: true,
      events: ['push', 'pull_request'],
      config: { url, content_type: 'json', secret: 'word', insecure_ssl: '0' },
    });
    const removing = sourceControlAt(githubWith(known));
    await removing.sourceControl.remove(at(), pat);
    assert.deepEqual(lines(removing.asked), remove);
    for (const { headers, method, body } of [...registering.asked, ...removing.asked]) {
      assert.deepEqual(headers, {
        accept: 'application/vnd.github+json',
        authorization: 'Bearer pat',
        'content-type': 'application/json',
        'user-agent': 'plinth',
        'x-github-api-version': '2022-11-28',
      });
      assert.equal(body === undefined, method === 'GET' || method === 'DELETE');
    }
  });

const hosts: [title: string, repository: string, apis: Record<string, string>, api: string | RegExp][] = [
  ['github.com', 'https://github.com/team/app', {}, 'https://api.github.com'],
  ['github.com in capitals', 'https://GitHub.com/team/app', {}, 'https://api.github.com'],
  ['a company of ghe.com', 'https://corp.ghe.com/team/app', {}, 'https://api.corp.ghe.com'],
  ['ghe.com itself', 'https://ghe.com/team/app', {}, /does not name the REST API of ghe\.com/],
  [
    'another server',
    'https://ghe.example.com/team/app',
    {},
    /^PLINTH_SOURCE_CONTROL_APIS does not name the REST API of ghe\.example\.com \({"ghe\.example\.com": "https:\/\/ghe\.example\.com\/api\/v3"}\)$/,
  ],
  [
    'a server of the settings',
    'https://ghe.example.com/team/app',
    { 'ghe.example.com': 'https://ghe.example.com/api/v3/' },
    'https://ghe.example.com/api/v3',
  ],
  [
    'a server of the settings at a port',
    'https://ghe.example.com:8443/team/app',
    { 'ghe.example.com': 'https://a.example' },
    'https://a.example',
  ],
  [
    'a port of the settings',
    'https://ghe.example.com:8443/team/app',
    { 'ghe.example.com:8443': 'https://b.example', 'ghe.example.com': 'https://a.example' },
    'https://b.example',
  ],
  [
    'a server of which the settings name another port',
    'https://ghe.example.com/team/app',
    { 'ghe.example.com:84': 'https://a.example' },
    /does not name/,
  ],
];
for (const [title, repository, apis, api] of hosts)
  test(`a token for ${title} goes ${typeof api === 'string' ? `to ${api}` : 'nowhere'}`, async () => {
    for (const way of ['register', 'remove'] as const) {
      const { sourceControl, asked } = sourceControlAt(githubWith([]), apis);
      const doing =
        way === 'register'
          ? sourceControl.register(at(repository), 'word', pat)
          : sourceControl.remove(at(repository), pat);
      if (typeof api === 'string') {
        await doing;
        assert.equal(asked[0]!.url, `${api}/repos/team/app/hooks?per_page=100`);
      } else {
        await assert.rejects(
          doing,
          (error) => error instanceof SourceControlError && !error.transient && api.test(error.message),
        );
        assert.deepEqual(asked, []);
      }
    }
  });

const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    statusText: 'Said',
    headers,
  });
const advice =
  'The token must be allowed to administer webhooks: a fine-grained one with Webhooks: Read and write, a classic one with admin:repo_hook, of an admin of the repository';
const list1 = 'listing the webhooks of team/app';

/** Each: what GitHub answers to the first request, and the error that it becomes. */
const answers: [
  title: string,
  answers: Response,
  message: string,
  transient: boolean,
  retryAfter?: number,
][] = [
  ['nothing', answer(404, { message: 'Not Found' }), `${list1}: 404 Not Found. ${advice}`, false],
  ['a refusal in no words', answer(404, {}), `${list1}: 404. ${advice}`, false],
  ['a refusal that is not JSON', answer(401, '<html>'), `${list1}: 401. ${advice}`, false],
  [
    'several faults',
    answer(422, { message: 'Validation Failed', errors: [{ message: 'too many' }, { code: 'x' }, 'odd'] }),
    `${list1}: 422 Validation Failed; too many. ${advice}`,
    false,
  ],
  [
    'faults that are no list',
    answer(422, { message: 'Bad', errors: 'odd' }),
    `${list1}: 422 Bad. ${advice}`,
    false,
  ],
  ['a message that is no text', answer(422, { message: 5, errors: [] }), `${list1}: 422. ${advice}`, false],
  [
    'a long text',
    answer(422, { message: 'x'.repeat(600) }),
    `${list1}: 422 ${'x'.repeat(500)}. ${advice}`,
    false,
  ],
  ['a refusal', answer(403, { message: 'No' }), `${list1}: 403 No. ${advice}`, false],
  [
    'a refusal with some left',
    answer(403, {}, { 'x-ratelimit-remaining': '1' }),
    `${list1}: 403. ${advice}`,
    false,
  ],
  ['that nothing is left', answer(403, {}, { 'x-ratelimit-remaining': '0' }), `${list1}: 403 Said`, true],
  ['a refusal for a time', answer(403, {}, { 'retry-after': '7' }), `${list1}: 403 Said`, true, 7],
  ['that it is busy', answer(429), `${list1}: 429 Said`, true],
  ['that it is busy for a time', answer(429, {}, { 'retry-after': '9' }), `${list1}: 429 Said`, true, 9],
  ['that it failed', answer(500), `${list1}: 500 Said`, true],
  ['that it is away', answer(503), `${list1}: 503 Said`, true],
  ['what is not JSON', answer(200, 'x'), `${list1}: the answer is not JSON`, false],
  ['what is no list', answer(200, {}), `${list1}: the answer is not what is documented, at its top`, false],
];
for (const [title, given, message, transient, retryAfter] of answers)
  test(`GitHub that answers ${title} is ${transient ? 'asked again' : 'told of'}`, async () => {
    const { sourceControl, asked } = sourceControlAt(() => given);
    const error = await sourceControl.register(at(), 'word', pat).then(
      () => undefined,
      (reason) => reason,
    );
    assert.ok(error instanceof SourceControlError);
    assert.deepEqual(
      [error.message, error.transient, error.retryAfter, asked.length],
      [message, transient, retryAfter, 1],
    );
  });

/** Each: what is refused, after which call, and the words of it. */
for (const [method, way, doing] of [
  ['POST', 'register', 'registering a webhook of team/app'],
  ['PATCH', 'register', 'registering a webhook of team/app'],
  ['DELETE', 'remove', 'removing the webhook 7 of team/app'],
] as const)
  test(`a ${method} that GitHub refuses is told of`, async () => {
    const known = method === 'POST' ? [] : [own(7)];
    const { sourceControl } = sourceControlAt(
      githubWith(known, { [method]: answer(403, { message: 'No' }) }),
    );
    await assert.rejects(
      way === 'register' ? sourceControl.register(at(), 'word', pat) : sourceControl.remove(at(), pat),
      {
        message: `${doing}: 403 No. ${advice}`,
      },
    );
  });

test('a hook that is gone when it is removed is removed', async () => {
  const { sourceControl, asked } = sourceControlAt(githubWith([own(7)], { DELETE: answer(404) }));
  await sourceControl.remove(at(), pat);
  assert.equal(asked.length, 2);
});

test('a server that does not answer is asked again, one that cannot be asked is not', async () => {
  const broken = sourceControlAt(() => {
    throw new TypeError('fetch failed', { cause: new Error('ECONNRESET') });
  });
  const unsent = sourceControlAt(() => {
    throw new TypeError('no such header');
  });
  for (const [{ sourceControl }, transient, why] of [
    [broken, true, 'api.github.com did not answer (ECONNRESET)'],
    [unsent, false, 'api.github.com was not asked: a header or the address is not allowed in HTTP'],
  ] as const)
    await assert.rejects(sourceControl.remove(at(), pat), (error) => {
      assert.ok(error instanceof SourceControlError);
      assert.deepEqual([error.message, error.transient], [`${list1}: ${why}`, transient]);
      return true;
    });
});

test.run();
