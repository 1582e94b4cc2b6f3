import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Hook } from '../../../shared/model/webhook.ts';
import { SourceControlError, type SourceControlToken } from '../../../shared/ports/sourceControl.ts';
import { type Answers, hookOf, lines, pat, sourceControlAt, url } from './asked.ts';

const repository = 'https://dev.azure.com/org/Project%20One/_git/app';
const at = (events: Hook['events'] = ['commit'], of = repository) =>
  hookOf('VisualStudioTeamService', of, { events });
const api = 'https://dev.azure.com/org';
const subscriptions = `${api}/_apis/hooks/subscriptions`;
const version = 'api-version=7.0';
const look = `GET ${api}/Project%20One/_apis/git/repositories/app?${version}`;
const list = `GET ${subscriptions}?publisherId=tfs&consumerId=webHooks&consumerActionId=httpRequest&${version}`;
const put = (id: string) => `PUT ${subscriptions}/${id}?${version}`;
const post = `POST ${subscriptions}?${version}`;
const remove = (id: string) => `DELETE ${subscriptions}/${id}?${version}`;
const created = 'git.pullrequest.created';
const updated = 'git.pullrequest.updated';
const own = (id: string, eventType: string, consumerInputs: object | null = { url }) => ({
  ...{ id, eventType },
  ...(consumerInputs && { consumerInputs }),
});

/** Azure DevOps with these subscriptions; it makes new ones by their event, and refuses by method or path. */
const devopsWith =
  (known: object[], refuses: Record<string, () => Response> = {}): Answers =>
  ({ method, url: asked, body }) => {
    const isLook = asked.includes('/_apis/git/');
    const refused = refuses[isLook ? 'look' : method]?.();
    if (refused) return refused;
    if (isLook) return Response.json({ id: 'r1', project: { id: 'p1' } });
    if (method === 'GET') return Response.json({ value: known });
    if (method === 'DELETE') return new Response(null, { status: 204 });
    const { eventType } = body as { eventType: string };
    return Response.json({ id: `new ${eventType}`, eventType });
  };

/** Each: the events, the subscriptions that are there, what is asked, and the ids of what is there then. */
const asks: [title: string, events: Hook['events'], known: object[], asked: string[], ids: string[]][] = [
  ['commits, where there is none', ['commit'], [], [look, list, post], ['new git.push']],
  [
    'pull requests, where there is none',
    ['pullrequest'],
    [],
    [look, list, post, post],
    [`new ${created}`, `new ${updated}`],
  ],
  [
    'commits, where it is there',
    ['commit'],
    [own('a', 'git.push')],
    [look, list, put('a')],
    ['new git.push'],
  ],
  [
    'commits, where those of others are there',
    ['commit'],
    [own('a', 'git.push', { url: 'https://x' }), own('b', 'git.push', null)],
    [look, list, post],
    ['new git.push'],
  ],
  [
    'commits, where it was for pull requests too',
    ['commit'],
    [own('a', created), own('b', 'git.push'), own('c', updated)],
    [look, list, put('b'), remove('a'), remove('c')],
    ['new git.push'],
  ],
  [
    'both',
    ['commit', 'pullrequest'],
    [own('b', updated)],
    [look, list, post, post, put('b')],
    ['new git.push', `new ${created}`, `new ${updated}`],
  ],
];
for (const [title, events, known, expected, ids] of asks)
  test(`a hook at Azure DevOps for ${title}, is registered in ${expected.length} calls`, async () => {
    const { sourceControl, asked } = sourceControlAt(devopsWith(known));
    assert.deepEqual(await sourceControl.register(at(events), 'word', pat), ids);
    assert.deepEqual(lines(asked), expected);
    for (const { body } of asked.filter((one) => one.body !== undefined)) {
      const { eventType } = body as { eventType: string };
      assert.deepEqual(body, {
        ...{ publisherId: 'tfs', eventType, resourceVersion: '1.0' },
        ...{ consumerId: 'webHooks', consumerActionId: 'httpRequest' },
        publisherInputs: {
          ...{ projectId: 'p1', repository: 'r1', branch: '' },
          ...(eventType === updated && { notificationType: 'PushNotification' }),
        },
        consumerInputs: { url, basicAuthUsername: 'plinth', basicAuthPassword: 'word' },
      });
    }
  });

test('of the hooks at Azure DevOps those with the address are removed, one that is gone too', async () => {
  const known = [own('a', 'git.push'), own('x', 'git.push', { url: 'https://x' }), own('b', created)];
  const { sourceControl, asked } = sourceControlAt(
    devopsWith(known, { DELETE: () => new Response('', { status: 404 }) }),
  );
  await sourceControl.remove(at(), pat);
  assert.deepEqual(lines(asked), [list, remove('a'), remove('b')]);
});

const jwt = 'eyJhbGciOi-_.eyJhdWQi-_.c2ln-_';
const basic = (token: string) => `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
const tokens: [title: string, token: SourceControlToken, authorization: string][] = [
  ['of a person', pat, basic('pat')],
  ['of OAuth', { token: 'abc', tokenType: 'OAuth' }, 'Bearer abc'],
  ['of Entra', { token: jwt, tokenType: 'PAT' }, `Bearer ${jwt}`],
  ['with two dots', { token: 'a.b.c', tokenType: 'PAT' }, basic('a.b.c')],
  ['with something before one of Entra', { token: ` ${jwt}`, tokenType: 'PAT' }, basic(` ${jwt}`)],
  ['with something behind one of Entra', { token: `${jwt}.x`, tokenType: 'PAT' }, basic(`${jwt}.x`)],
  ['that begins like one of Entra', { token: 'eyJhbGciOi', tokenType: 'PAT' }, basic('eyJhbGciOi')],
  ['that has an empty part', { token: 'eyJ.a.b', tokenType: 'PAT' }, basic('eyJ.a.b')],
];
for (const [title, token, authorization] of tokens)
  test(`a token ${title} comes to Azure DevOps as ${authorization.split(' ')[0]}`, async () => {
    const { sourceControl, asked } = sourceControlAt(devopsWith([]));
    await sourceControl.register(at(), 'word', token);
    for (const { headers } of asked)
      assert.deepEqual(headers, {
        ...{ accept: 'application/json', authorization },
        ...{ 'content-type': 'application/json', 'user-agent': 'plinth' },
      });
  });

const hosts: [title: string, repository: string, apis: Record<string, string>, list: string | undefined][] = [
  [
    'a legacy address',
    'https://org.visualstudio.com/One/_git/app',
    {},
    'https://dev.azure.com/org/_apis/hooks',
  ],
  [
    'an address in capitals',
    'https://Dev.Azure.com/org/One/_git/app',
    {},
    'https://dev.azure.com/org/_apis/hooks',
  ],
  [
    'an organization with a blank',
    'https://dev.azure.com/my%20org/One/_git/app',
    {},
    'https://dev.azure.com/my%20org/_apis/hooks',
  ],
  [
    'a server of the settings',
    'https://tfs.example.com/tfs/Main/One/_git/app',
    { 'tfs.example.com': 'https://tfs.example.com' },
    'https://tfs.example.com/tfs/Main/_apis/hooks',
  ],
  ['another server', 'https://tfs.example.com/tfs/Main/One/_git/app', {}, undefined],
];
for (const [title, of, apis, listed] of hosts)
  test(`a token for a repository at ${title} goes ${listed ? `to ${listed}` : 'nowhere'}`, async () => {
    const { sourceControl, asked } = sourceControlAt(devopsWith([]), apis);
    for (const doing of [
      () => sourceControl.remove(at(['commit'], of), pat),
      () => sourceControl.register(at(['commit'], of), 'word', pat),
    ]) {
      asked.length = 0;
      if (!listed)
        await assert.rejects(
          doing(),
          /does not name the REST API of tfs\.example\.com \({"tfs\.example\.com": "https:\/\/tfs\.example\.com"}\)/,
        );
      else await doing();
      assert.equal(
        asked.filter((one) => one.url.startsWith(listed ?? 'https')).length > 0,
        listed !== undefined,
      );
    }
  });

const advice =
  'The token needs Code (Read) and must belong to a user who may edit subscriptions of the project: a Project Administrator or Project Collection Administrator';
const answer =
  (status: number, body: object = { message: 'No' }) =>
  () =>
    Response.json(body, { status });
/** Each: which request is answered otherwise, with what, and what is said of it. */
const refusals: [title: string, request: string, answer: () => Response, says: string][] = [
  ['the repository is refused', 'look', answer(403), `looking for Project One/app: 403 No. ${advice}`],
  ['a page for signing in comes', 'look', answer(203), `looking for Project One/app: 203 No. ${advice}`],
  [
    'it leads to a page for signing in',
    'look',
    answer(302),
    `looking for Project One/app: 302 No. ${advice}`,
  ],
  [
    'the repository has no id',
    'look',
    answer(200, { project: { id: 'p' } }),
    'looking for Project One/app: the answer is not what is documented, at id',
  ],
  ['the list is refused', 'GET', answer(401), `listing the service hooks of org: 401 No. ${advice}`],
  [
    'the list is none',
    'GET',
    answer(200, []),
    'listing the service hooks of org: the answer is not what is documented, at its top',
  ],
  ['it may not be made', 'POST', answer(403), `registering git.push of Project One/app: 403 No. ${advice}`],
  [
    'it is gone when it is made',
    'POST',
    answer(404),
    `registering git.push of Project One/app: 404 No. ${advice}`,
  ],
  [
    'what is made has no id',
    'POST',
    answer(200, {}),
    'registering git.push of Project One/app: the answer is not what is documented, at id, eventType',
  ],
];
for (const [title, request, given, says] of refusals)
  test(`a hook at Azure DevOps is not registered where ${title}`, async () => {
    const { sourceControl } = sourceControlAt(devopsWith([], { [request]: given }));
    await assert.rejects(sourceControl.register(at(), 'word', pat), (error) => {
      assert.ok(error instanceof SourceControlError);
      assert.deepEqual([error.message, error.transient], [says, false]);
      return true;
    });
  });

test('a hook at Azure DevOps that may not be removed is told of', async () => {
  const { sourceControl } = sourceControlAt(devopsWith([own('a', 'git.push')], { DELETE: answer(403) }));
  await assert.rejects(sourceControl.remove(at(), pat), {
    message: `removing the subscription a: 403 No. ${advice}`,
  });
});

test.run();
