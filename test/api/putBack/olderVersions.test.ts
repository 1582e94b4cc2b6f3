import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createApiWorld } from '../../doubles/apiWorld.ts';

const task = { task: 'hello' };
const identity = { type: 'SystemAssigned' };
const opaque = (value: string) => ({ type: 'Opaque', value });

/** With all that an api-version since the first has brought, and a secret in each place. */
const everything = () => ({
  location: 'x',
  identity,
  properties: {
    agentPoolName: 'pool',
    logTemplate: 'acr/tasks:{{.Run.OS}}',
    timeout: 700,
    step: {
      type: 'Docker',
      contextPath: 'https://git.example.com/hello.git',
      contextAccessToken: 'hidden-token',
      dockerFilePath: 'Dockerfile',
      imageNames: ['hello:1'],
      arguments: [{ name: 'S', value: 'hidden-argument', isSecret: true }],
    },
    credentials: {
      sourceRegistry: { loginMode: 'Default', identity: '[system]' },
      customRegistries: { 'a.example.com': { userName: opaque('hidden-u'), password: opaque('hidden-p') } },
    },
    trigger: {
      timerTriggers: [{ name: 'nightly', schedule: '0 1 * * *', status: 'Enabled' }],
      baseImageTrigger: { name: 'base', updateTriggerPayloadType: 'Default' },
      sourceTriggers: [
        {
          name: 'commits',
          sourceTriggerEvents: ['commit'],
          sourceRepository: {
            sourceControlType: 'Github',
            repositoryUrl: 'https://github.com/contoso/app',
            sourceControlAuthProperties: { tokenType: 'PAT', token: 'hidden-pat' },
          },
        },
      ],
    },
  },
});

async function created() {
  const api = createApiWorld();
  const ok = async (operation: string, body?: unknown) => {
    const answer = await api.call(operation, task, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return structuredClone(answer.body);
  };
  await ok('tasks-create', everything());
  return { ok, all: () => ok('tasks-list-details') };
}

const versions = ['2018-09-01', '2019-04-01', '2019-06-01-preview', '2025-03-01-preview'];
const answers: [title: string, operation: string][] = [
  ['a GET', 'tasks-get'],
  ['listDetails', 'tasks-list-details'],
  ['a list', 'tasks-list'],
];
for (const version of versions)
  for (const [title, operation] of answers)
    test(`what ${title} answers in ${version} can be put back in it: nothing changes, no secret goes`, async () => {
      const { ok, all } = await created();
      const before = await all();
      const answer = await ok(`${operation}?api-version=${version}`);
      await ok(`tasks-create?api-version=${version}`, operation === 'tasks-list' ? answer.value[0] : answer);
      assert.deepEqual(await all(), before);
    });

type Body = ReturnType<typeof everything>;
/** A member that versions lack, the newest of them, where it is, and another value of it. */
const members: [title: string, lacking: string, path: string, other: unknown][] = [
  ['the identity', '2018-09-01', 'identity', { type: 'None' }],
  [
    'credentials',
    '2018-09-01',
    'properties.credentials',
    { sourceRegistry: { loginMode: 'None', identity: '[system]' } },
  ],
  ['timers', '2018-09-01', 'properties.trigger.timerTriggers', []],
  ['the agent pool', '2019-04-01', 'properties.agentPoolName', 'other'],
  ['the log template', '2019-04-01', 'properties.logTemplate', 'other'],
  [
    'the payload of an update trigger',
    '2019-04-01',
    'properties.trigger.baseImageTrigger.updateTriggerPayloadType',
    'Token',
  ],
  [
    'the identity at the source registry',
    '2019-06-01-preview',
    'properties.credentials.sourceRegistry.identity',
    'other',
  ],
];
const at = (body: object, path: string) =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], body);
const put = (body: object, path: string, value: unknown) => {
  const names = path.split('.');
  const last = names.pop()!;
  const parent = names.reduce<object>((one, name) => (one as Record<string, object>)[name]!, body);
  Reflect.set(parent, last, value);
};

for (const [title, version, path, other] of members) {
  test(`a PUT in ${version} that changes something else leaves ${title} as it was`, async () => {
    const { ok, all } = await created();
    const before = await all();
    const answer = await ok(`tasks-list-details?api-version=${version}`);
    assert.equal(at(answer, path), undefined, 'this version does not show it');
    put(answer, 'properties.timeout', 900);
    await ok(`tasks-create?api-version=${version}`, answer);
    const after = await all();
    assert.deepEqual(at(after, path), at(before, path));
    assert.equal(after.properties.timeout, 900);
  });

  test(`a PUT in ${version} that names ${title} all the same changes it`, async () => {
    const { ok, all } = await created();
    const body: Body = everything();
    put(body, path, other);
    // What is signed in with an identity needs one.
    if (path === 'identity') Reflect.deleteProperty(body.properties.credentials.sourceRegistry, 'identity');
    await ok(`tasks-create?api-version=${version}`, body);
    const found = at(await all(), path);
    assert.deepEqual(found, Array.isArray(other) ? [] : other);
  });

  test(`a PUT in the newest version without ${title} takes it away`, async () => {
    const { ok, all } = await created();
    const body: Body = everything();
    put(body, path, undefined);
    if (path === 'identity') Reflect.deleteProperty(body.properties.credentials.sourceRegistry, 'identity');
    await ok('tasks-create', body);
    assert.equal(at(await all(), path), undefined);
  });
}

test.run();
