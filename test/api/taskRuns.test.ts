import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createApiWorld } from '../doubles/apiWorld.ts';
import { settle } from '../worlds/settle.ts';

const contextPath = 'https://git.example.com/hello.git';
const build = {
  type: 'DockerBuildRequest',
  imageNames: ['hello:1'],
  dockerFilePath: 'Dockerfile',
  platform: { os: 'linux' },
  sourceLocation: contextPath,
  arguments: [
    { name: 'PLAIN', value: 'shown' },
    { name: 'TOKEN', value: 'hidden', isSecret: true },
  ],
};
const body = (runRequest: object = build, more: object = {}) => ({
  location: 'westus',
  properties: { runRequest, ...more },
});
const once = { taskRun: 'image-once' };
type Body = ReturnType<typeof body>;

/** A world with a base image and a task that stands on it. */
async function taskRunWorld() {
  const api = createApiWorld();
  api.world.task('hello', ['docker.io/library/node:1']);
  api.world.push('docker.io/library/node:1');
  const step = { type: 'Docker', contextPath, dockerFilePath: 'Dockerfile', imageNames: ['hello:1'] };
  await api.call('tasks-create', { task: 'hello' }, { location: 'x', properties: { step } });
  const runs = async () => (await api.call('runs-list')).body.value as { name: string }[];
  return { ...api, runs };
}

const requests: [what: string, request: object][] = [
  ['a build', build],
  ['a run of a task', { type: 'TaskRunRequest', taskId: 'hello' }],
  ['a run of a task by its ARM id, in any case', { type: 'taskRunRequest', taskId: '/x/tasks/hello' }],
];
for (const [what, request] of requests)
  test(`a task run of ${what} is created, waits for its run, and shows what came of it`, async () => {
    const { world, call } = await taskRunWorld();
    const made = await call('task-runs-create', once, body(request));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.properties.provisioningState, 'Creating');
    assert.equal(made.body.properties.runResult.properties.status, 'Queued');
    await settle(world);
    const { body: done } = await call('task-runs-get', { taskRun: 'IMAGE-ONCE' });
    assert.equal(done.properties.provisioningState, 'Succeeded');
    assert.equal(done.properties.runResult.properties.outputImages[0].repository, 'hello');
    assert.deepEqual((await call('task-runs-list')).body.value, [done]);
    assert.ok(!JSON.stringify(done).includes('hidden'));
  });

const again: [what: string, second: Body, runs: number][] = [
  ['the same', body(), 1],
  ['another value', body({ ...build, arguments: [{ name: 'PLAIN', value: 'other' }] }), 2],
  ['another image', body({ ...build, imageNames: ['hello:2'] }), 2],
  ['another forceUpdateTag', body(build, { forceUpdateTag: 'now' }), 2],
  ['another place', { ...body(), location: 'eastus' }, 2],
  ['null for what it does not set', body({ ...build, target: null }), 1],
];
for (const [what, second, count] of again)
  test(`a task run that is put again with ${what} has ${count === 1 ? 'the run that it had' : 'a new run'}`, async () => {
    const { call, runs } = await taskRunWorld();
    await call('task-runs-create', once, body());
    const { status, body: answer } = await call('task-runs-create', once, second);
    assert.equal(status, 200, JSON.stringify(answer));
    assert.equal((await runs()).length, count);
    assert.equal(answer.properties.runResult.name, (await runs())[0]!.name);
  });

const registryId =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr';
const ofTask: [what: string, request: object, runs: number][] = [
  ['the task in capitals', { taskId: 'HELLO' }, 1],
  ['the ARM id of the task', { taskId: `${registryId}/tasks/hello` }, 1],
  ['the ARM id in another case', { taskId: `${registryId.toUpperCase()}/TASKS/Hello` }, 1],
  ['empty overrides', { taskId: 'hello', overrideTaskStepProperties: {} }, 1],
  [
    'overrides with empty lists, as az sends them',
    { taskId: 'hello', overrideTaskStepProperties: { arguments: [], values: [] } },
    1,
  ],
  ['another target', { taskId: 'hello', overrideTaskStepProperties: { target: 'final' } }, 2],
  [
    'an argument more',
    { taskId: 'hello', overrideTaskStepProperties: { arguments: [{ name: 'A', value: '1' }] } },
    2,
  ],
  ['an archived log', { taskId: 'hello', isArchiveEnabled: true }, 2],
];
for (const [what, request, count] of ofTask)
  test(`a run of a task that is put again with ${what} is ${count === 1 ? 'the same' : 'another'}`, async () => {
    const { call, runs } = await taskRunWorld();
    const put = (more: object) => call('task-runs-create', once, body({ type: 'TaskRunRequest', ...more }));
    await put({ taskId: 'hello' });
    const { status, body: answer } = await put(request);
    assert.equal(status, 200, JSON.stringify(answer));
    assert.equal((await runs()).length, count);
    assert.equal((await put({ taskId: 'hello' })).status, 200);
  });

test('two that ask at the same time are one task run', async () => {
  const { call, runs } = await taskRunWorld();
  const answers = await Promise.all(
    [1, 2, 3].map(() => call('task-runs-create', once, body({ type: 'TaskRunRequest', taskId: 'hello' }))),
  );
  assert.equal((await runs()).length, 1);
  assert.deepEqual(
    [...new Set(answers.map(({ body: { properties } }) => properties.runResult.name))].length,
    1,
  );
});

test('a task run goes without its run, and is not there a second time', async () => {
  const { call, runs } = await taskRunWorld();
  await call('task-runs-create', once, body());
  assert.equal((await call('task-runs-delete', once)).status, 200);
  assert.equal((await call('task-runs-delete', once)).status, 204);
  const gone = await call('task-runs-get', once);
  assert.deepEqual([gone.status, gone.body.error.code], [404, 'TaskRunNotFound']);
  assert.equal((await runs()).length, 1);
});

test('an address that is signed is kept without its signature', async () => {
  const { call } = await taskRunWorld();
  for (const sourceLocation of [
    'https://x.blob.core.windows.net/c/a.tar.gz?sig=hidden',
    'https://user:hidden@git.example.com/hello.git#main',
    'https://user:a@hidden@git.example.com/hello.git#main',
    'hidden@github.com/user/hello.git',
  ]) {
    const { body: answer } = await call('task-runs-create', once, body({ ...build, sourceLocation }));
    assert.ok(!JSON.stringify(answer).includes('hidden'), JSON.stringify(answer));
  }
});

const refused: [what: string, name: string, given: object, code: string][] = [
  ['a name that is too short', 'one', body(), 'InvalidRequestContent'],
  ['a name with an underscore', 'image_once', body(), 'InvalidRequestContent'],
  ['no request', 'image-once', { properties: {} }, 'InvalidRequestContent'],
  ['a request of no type', 'image-once', body({ dockerFilePath: 'D' }), 'InvalidRequestContent'],
  ['a word that nobody knows', 'image-once', body(build, { forceTag: 'x' }), 'InvalidRequestContent'],
  [
    'a task that is not there',
    'image-once',
    body({ type: 'TaskRunRequest', taskId: 'nobody' }),
    'TaskNotFound',
  ],
];
for (const [what, taskRun, given, code] of refused)
  test(`a task run with ${what} is refused, and nothing is queued`, async () => {
    const { call, runs } = await taskRunWorld();
    const { body: answer } = await call('task-runs-create', { taskRun }, given);
    assert.equal(answer.error?.code, code, JSON.stringify(answer));
    assert.equal((await runs()).length, 0);
  });

test.run();
