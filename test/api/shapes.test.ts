/** Every answer of the API in ACR's shape, held against what the real service answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { type Answer, createApiWorld } from '../doubles/apiWorld.ts';
import { settle } from '../worlds/settle.ts';

interface Recorded {
  bodies: number;
  response: Record<string, { type: string; inBodies: number; values?: unknown[] }>;
}
const { operations } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/acr/shapes.json'), 'utf8'),
) as { operations: Record<string, Recorded> };

const guid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const forms: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  'string|guid': (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
  '[]': (value) => Array.isArray(value) && value.length === 0,
  '{}': (value) => JSON.stringify(value) === '{}',
  guid: (value) => new RegExp(`^${guid}$`).test(String(value)),
  digest: (value) => /^sha256:[0-9a-f]{64}$/.test(String(value)),
  'datetime ss.f{6,7}+00:00': (value) => /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6,7}\+00:00$/.test(String(value)),
  'datetime ss+00:00': (value) => /^\d{4}-\d\d-\d\dT[\d:]{8}\+00:00$/.test(String(value)),
};
function hasForm(type: string, value: unknown): boolean {
  const form = forms[type];
  if (form) return form(value);
  assert.ok(type.startsWith('id '), type);
  return new RegExp(`^${type.slice(3).replaceAll(/\{.\}/g, '[^/]+')}$`).test(String(value));
}

/** The members of a value by their paths, as the recordings name them; what is empty stands for itself. */
function members(value: unknown, path = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item) => members(item, `${path}[]`));
  return Object.entries(value).flatMap(([name, member]) => {
    const at = name.includes('.') ? '{loginServer}' : name;
    return members(member, path === '' ? at : `${path}.${at}`);
  });
}

/** Of the specification, and in no recording. */
const unrecorded = [
  'properties.credentials.customRegistries.{loginServer}.identity',
  'properties.runRequest.arguments',
  'properties.runRequest.timeout',
];
const kindOf = (operation: string) => /taskRuns|tasks|runs|scheduleRun/.exec(operation)![0];
/** What any recorded answer of the same kind of resource has. */
const known = (operation: string) =>
  new Set([
    ...unrecorded,
    ...Object.entries(operations)
      .filter(([other]) => kindOf(other) === kindOf(operation))
      .flatMap(([, { response }]) => Object.keys(response).map((path) => path.replace('value[].', ''))),
  ]);

/** What of an answer is not as ACR answers. */
function faults(operation: string, body: unknown): string[] {
  const { bodies, response } = operations[operation]!;
  const had = new Map<string, unknown[]>();
  for (const [path, value] of members(body)) had.set(path, [...(had.get(path) ?? []), value]);
  const missing = Object.entries(response)
    .filter(([path, { inBodies }]) => inBodies >= bodies - 1 && !had.has(path))
    .map(([path]) => `${path} is missing`);
  const wrong = [...had].flatMap(([path, values]) => {
    const bare = path.replace('value[].', '');
    if (bare.includes('properties.plinth.')) return [];
    if (!known(operation).has(bare)) return [`${path} is nothing of ACR's`];
    const type = response[path]?.type;
    return values.filter((value) => type && !hasForm(type, value)).map((value) => `${path}: ${value}`);
  });
  return [...missing, ...wrong];
}

const trigger = {
  baseImageTrigger: {
    baseImageTriggerType: 'Runtime',
    status: 'Enabled',
    name: 'defaultBaseimageTriggerName',
    updateTriggerPayloadType: 'Default',
  },
};
const encoded = Buffer.from('version: v1.1.0\nsteps:\n  - cmd: bash echo hello\n').toString('base64');
const common = {
  status: 'Enabled',
  platform: { os: 'linux', architecture: 'amd64' },
  agentConfiguration: { cpu: 2 },
  timeout: 3600,
  trigger,
};
const contextPath = 'https://git.example.com/hello.git';
const credentials = {
  customRegistries: {
    'a.azurecr.io': { userName: { value: 'u' }, password: { value: 'p' } },
    'b.azurecr.io': { identity: '[system]' },
  },
};
const docker = {
  location: 'westus',
  identity: { type: 'SystemAssigned' },
  properties: {
    ...common,
    step: { type: 'Docker', contextPath, dockerFilePath: 'Dockerfile', imageNames: ['hello:1'] },
  },
};
const multiStep = {
  location: 'westus',
  properties: {
    ...common,
    step: { type: 'EncodedTask', encodedTaskContent: encoded, encodedValuesContent: encoded },
  },
};

const taskRun = {
  location: 'westus',
  properties: {
    runRequest: {
      type: 'DockerBuildRequest',
      imageNames: ['hello:1'],
      dockerFilePath: 'Dockerfile',
      platform: { os: 'linux', architecture: 'amd64' },
      sourceLocation: contextPath,
    },
  },
};

/** A task as az makes it, and a run of it at each of its states, by the operations that were recorded. */
async function answers(): Promise<[operation: string, state: string, answer: Answer][]> {
  const { world, call } = createApiWorld();
  const hello = { task: 'hello' };
  world.task('hello', ['docker.io/library/node:1']);
  world.push('docker.io/library/node:1');
  const found: [string, string, Answer][] = [];
  const ask = async (operation: string, state: string, ...given: Parameters<typeof call>) => {
    const answer = await call(...given);
    found.push([operation, state, answer]);
    return answer.body;
  };
  await ask('PUT tasks/{name}', 'of a Docker step', 'tasks-create', hello, docker);
  const run = { type: 'TaskRunRequest', taskId: 'hello' };
  const { name } = await ask('POST scheduleRun', 'of a task', 'registries-schedule-run', {}, run);
  await ask('GET runs/{name}', 'that is queued', 'runs-get', { run: name });
  await settle(world);
  await ask('GET runs/{name}', 'that has ended', 'runs-get', { run: name });
  await ask('GET runs', 'that have ended', 'runs-list');
  await ask('PATCH runs/{name}', 'that has ended', 'runs-update', { run: name }, { isArchiveEnabled: true });
  await ask('GET tasks/{name}', 'that has run', 'tasks-get', hello);
  await ask('POST tasks/{name}/listDetails', 'that has run', 'tasks-list-details', hello);
  const patch = { properties: { credentials } };
  await ask('PATCH tasks/{name}', 'with credentials', 'tasks-update', hello, patch);
  await ask('GET tasks/{name}', 'with credentials', 'tasks-get', hello);
  await ask('POST tasks/{name}/listDetails', 'with credentials', 'tasks-list-details', hello);
  await ask('PUT tasks/{name}', 'of a multi-step task', 'tasks-create', { task: 'steps' }, multiStep);
  await ask('GET tasks', 'of both kinds', 'tasks-list');
  const quick = { taskRun: 'image-once' };
  await call('task-runs-create', quick, taskRun);
  await settle(world);
  await ask('GET taskRuns/{name}', 'that has run', 'task-runs-get', quick);
  await ask('GET taskRuns', 'that have run', 'task-runs-list');
  return found;
}

for (const [operation, state, { status, body }] of await answers())
  test(`${operation} ${state} answers as ACR does`, () => {
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(faults(operation, body), [], JSON.stringify(body, undefined, 1));
  });

test('a fault is found in each part of an answer', () => {
  const body = { properties: { status: 7, waitingFor: {}, plinth: { any: 1 } } };
  const told = faults('GET runs/{name}', body).join('\n');
  for (const fault of ['properties.runId is missing', 'properties.status: 7', 'properties.waitingFor is'])
    assert.ok(told.includes(fault), told);
  assert.ok(!told.includes('plinth'), told);
});

const unknown = ['2017-10-01', '2019-06-01', '2022-12-01', '2099-01-01', 'latest', ''];
for (const version of unknown)
  test(`the api-version '${version}' is refused, with those that there are`, async () => {
    const { call } = createApiWorld();
    for (const operation of ['tasks-list', 'runs-list', 'registries-upload-url', 'registries-schedule-run']) {
      const { status, body } = await call(`${operation}?api-version=${version}`);
      assert.deepEqual([status, body.error.code], [400, 'NoRegisteredProviderFound']);
      assert.match(body.error.message, /The supported api-versions are '2018-09-01, 2019-04-01, 2019-06-01-/);
    }
    assert.equal((await call(`registries-get?api-version=${version}`)).status, 200);
  });

const preview = { isSystemTask: false, agentPoolName: 'pool', payload: 'Default' };
const none = { isSystemTask: undefined, agentPoolName: undefined, payload: undefined };
const loggedIn = { loginMode: 'Default' };
const byIdentity = { identity: '[system]', ...loggedIn };
const inVersions: [query: string, shows: object][] = [
  ['', { ...preview, identity: 'SystemAssigned', timers: 1, source: byIdentity }],
  [
    '?api-version=2025-03-01-preview',
    { ...preview, identity: 'SystemAssigned', timers: 1, source: byIdentity },
  ],
  [
    '?api-version=2019-06-01-preview',
    { ...preview, identity: 'SystemAssigned', timers: 1, source: loggedIn },
  ],
  [
    '?Api-Version=2019-06-01-PREVIEW',
    { ...preview, identity: 'SystemAssigned', timers: 1, source: loggedIn },
  ],
  ['?api-version=2019-04-01', { ...none, identity: 'SystemAssigned', timers: 1, source: loggedIn }],
  ['?api-version=2018-09-01', { ...none, identity: undefined, timers: undefined, source: undefined }],
];
for (const [query, shows] of inVersions)
  test(`a task is answered as its api-version has it (${query || 'none given'})`, async () => {
    const { call } = createApiWorld();
    const properties = {
      ...docker.properties,
      agentPoolName: 'pool',
      trigger: { ...trigger, timerTriggers: [{ name: 't', schedule: '0 1 * * *' }] },
      credentials: { sourceRegistry: byIdentity },
    };
    await call('tasks-create', { task: 'hello' }, { ...docker, properties });
    const one = await call(`tasks-get${query}`, { task: 'hello' });
    const all = await call(`tasks-list${query}`);
    for (const task of [one.body, all.body.value[0]])
      assert.deepEqual(
        {
          isSystemTask: task.properties.isSystemTask,
          agentPoolName: task.properties.agentPoolName,
          payload: task.properties.trigger.baseImageTrigger.updateTriggerPayloadType,
          identity: task.identity?.type,
          timers: task.properties.trigger.timerTriggers?.length,
          source: task.properties.credentials?.sourceRegistry,
        },
        shows,
      );
  });

test.run();
