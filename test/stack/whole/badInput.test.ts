import assert from 'node:assert/strict';
import { test } from 'uvu';
import { freePort } from '../../../local/machine/listening.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { startWorld, type World } from './world.ts';

let world: World;
test.before(async () => {
  world = await startWorld({ pull: ['appacr'] });
  await world.pushBase('base/private:1', 'text');
  await world.pushBase('base/own:1', 'text', 'appacr');
});
test.after(() => world?.stack.stop());

const step = {
  type: 'Docker',
  dockerFilePath: 'Dockerfile',
  contextPath: 'https://host/a.git',
  imageNames: ['a:1'],
};
const body = (change: object = {}, properties: object = {}) => ({
  location: 'local',
  properties: { platform: { os: 'linux' }, step: { ...step, ...change }, ...properties },
});

type Refused = [
  title: string,
  method: string,
  path: string,
  body: unknown,
  status: number,
  code: string,
  says: RegExp,
];
const task = '/registries/appacr/tasks/bad-task';
const invalid = 'InvalidRequestContent';
const refused: Refused[] = [
  ['a body that is not JSON', 'PUT', task, '{"location":', 400, invalid, /not JSON/],
  ['a body that is no object', 'PUT', task, '[]', 400, invalid, /the body/],
  ['a task without a step', 'PUT', task, { location: 'x', properties: {} }, 400, invalid, /properties\.step/],
  ['an unknown step type', 'PUT', task, body({ type: 'Podman' }), 400, invalid, /properties\.step\.type/],
  ['an image name with a blank', 'PUT', task, body({ imageNames: ['a b:1'] }), 400, invalid, /imageNames\.0/],
  [
    'an image name in capitals',
    'PUT',
    task,
    body({ imageNames: ['Hello:1'] }),
    400,
    'InvalidTaskStep',
    /Hello/,
  ],
  [
    'an image name with a digest',
    'PUT',
    task,
    body({ imageNames: ['a@sha256:1'] }),
    400,
    invalid,
    /without a digest/,
  ],
  [
    'a Run value that does not exist',
    'PUT',
    task,
    body({ imageNames: ['a:{{.Run.Nope}}'] }),
    400,
    'InvalidTaskStep',
    /\{\{\.Run\.Nope\}\}.*\{\{\.Run\.ID\}\}/,
  ],
  [
    'a context over ssh',
    'PUT',
    task,
    body({ contextPath: 'git@host:a.git' }),
    400,
    'InvalidTaskStep',
    /https/,
  ],
  [
    'a context with a password in it',
    'PUT',
    task,
    body({ contextPath: 'https://me:hunter2@host/a.git' }),
    400,
    'InvalidTaskStep',
    /contextAccessToken/,
  ],
  [
    'a time-out over eight hours',
    'PUT',
    task,
    body({}, { timeout: 28801 }),
    400,
    invalid,
    /properties\.timeout/,
  ],
  ['a name of four letters', 'PUT', '/registries/appacr/tasks/four', body(), 400, invalid, /5 to 50/],
  [
    'credentials of an identity the task does not have',
    'PUT',
    task,
    body({}, { credentials: { customRegistries: { 'a.azurecr.io': { identity: '[system]' } } } }),
    400,
    'TaskIdentityMissing',
    /a\.azurecr\.io/,
  ],
  [
    'credentials with a user name only',
    'PUT',
    task,
    body({}, { credentials: { customRegistries: { 'a.azurecr.io': { userName: { value: 'u' } } } } }),
    400,
    'InvalidCredentials',
    /password/,
  ],
  [
    'a registry that is not served',
    'GET',
    '/registries/nobodysacr/tasks',
    undefined,
    404,
    'ResourceNotFound',
    /nobodysacr/,
  ],
  [
    'a task that is not there',
    'GET',
    '/registries/appacr/tasks/not-there',
    undefined,
    404,
    'TaskNotFound',
    /not-there/,
  ],
  [
    'a change of a task that is not there',
    'PATCH',
    '/registries/appacr/tasks/not-there',
    {},
    404,
    'TaskNotFound',
    /not-there/,
  ],
  [
    'a run of a task that is not there',
    'POST',
    '/registries/appacr/scheduleRun',
    { type: 'TaskRunRequest', taskId: 'not-there' },
    404,
    'TaskNotFound',
    /not-there/,
  ],
  ['a run that is not there', 'GET', '/registries/appacr/runs/zz9', undefined, 404, 'RunNotFound', /zz9/],
  [
    'a run request of no known type',
    'POST',
    '/registries/appacr/scheduleRun',
    { type: 'Magic' },
    400,
    invalid,
    /type/,
  ],
  [
    'a filter that cannot be read',
    'GET',
    "/registries/appacr/runs?$filter=Colour%20eq%20'red'",
    undefined,
    400,
    'InvalidFilter',
    /Colour/,
  ],
  ['$top of nothing', 'GET', '/registries/appacr/runs?$top=0', undefined, 400, 'InvalidTop', /\$top/],
];
for (const [title, method, path, sent, status, code, says] of refused) {
  test(`refuses: ${title}`, async () => {
    const answer = await world.api.request(method, path, sent);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.error.code, code);
    assert.match(answer.body.error.message, says);
    assert.doesNotMatch(answer.body.error.message, /hunter2/);
  });
}

test('what was refused has changed nothing', async () => {
  assert.deepEqual((await world.api.call('GET', '/registries/appacr/tasks')).value, []);
  assert.deepEqual((await world.api.call('GET', '/registries/appacr/runs')).value, []);
});

test('no request is served without a key, nor told what there is', async () => {
  const { resourceId } = world.stack.registries.appacr!;
  for (const path of ['/registries/appacr/tasks', '/registries/appacr/task', `${resourceId}/runs`])
    assert.equal((await fetch(world.stack.url + path)).status, 401);
});

test('a path that no operation has is answered in ARM’s shape, a wrong method with what is allowed', async () => {
  const headers = { 'x-functions-key': world.stack.keys.function };
  const { resourceId } = world.stack.registries.appacr!;
  const answer = await fetch(`${world.stack.url}${resourceId}/scheduleRun`, { headers });
  assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  const { status, body } = await world.api.request('GET', '/registries/appacr/task');
  assert.deepEqual(
    [status, body.error.code, /mean tasks\?/.test(body.error.message)],
    [404, 'NotFound', true],
  );
});

test('what is the host’s own stays the host’s own', async () => {
  const headers = { 'x-functions-key': world.stack.keys.master };
  for (const [path, status] of Object.entries({
    '/admin/host/status': 200,
    '/runtime/nothing': 404,
    '/x': 404,
  }))
    assert.equal((await fetch(world.stack.url + path, { headers })).status, status, path);
});

const own = 'FROM appacr.azurecr.io/base/own:1\n';
type Failing = [title: string, name: string, dockerfile: string, change: object, says: RegExp];
const failing: Failing[] = [
  ['a repository that is not there', 'no-repository', own, { contextPath: 'GIT/nothing.git' }, /nothing/],
  ['a branch that is not there', 'no-branch', own, { contextPath: 'GIT/no-branch.git#nowhere' }, /nowhere/],
  ['a repository that wants a token', 'needs-token', own, {}, /token/],
  [
    'a Dockerfile that is not there',
    'no-dockerfile',
    own,
    { dockerFilePath: 'docker/Dockerfile' },
    /no docker\/Dockerfile/,
  ],
  ['a Dockerfile that does not parse', 'bad-dockerfile', 'FROM\n', {}, /line 1/i],
  [
    'a base image that is not there',
    'no-base',
    'FROM appacr.azurecr.io/base/nothing:1\n',
    {},
    /base\/nothing:1 does not exist/,
  ],
  ['a build that fails', 'bad-build', `${own}COPY not-there /\n`, {}, /not-there|COPY/],
];
for (const [title, name, dockerfile, change, says] of someRows(failing, ([title]) => title.split(' ')[1])) {
  test(`fails with a reason: ${title}`, async () => {
    await world.task(name, dockerfile);
    if (name === 'needs-token') {
      await world.stack.git.createRepository('closed', { Dockerfile: own }, { access: 'letmein-123' });
      Object.assign(change, { contextPath: 'GIT/closed.git', contextAccessToken: 'wrong-token-456' });
    }
    const text = JSON.stringify(change).replaceAll('GIT', world.stack.git.url);
    await world.api.call('PATCH', `/registries/appacr/tasks/${name}`, {
      properties: { step: JSON.parse(text) },
    });
    const run = await world.run(name);
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage, says);
    const log = await world.log(run.runId);
    assert.ok(log.length > 0);
    assert.doesNotMatch(JSON.stringify(run) + log, /wrong-token-456|letmein-123/);
  });
}

longTest(test, 'a base image that may not be pulled is waited for, and the log names the role', async () => {
  await world.task('no-role', 'FROM baseacr.azurecr.io/base/private:1\n');
  assert.match(await world.waitsForRole('no-role'), /Assign it the role AcrPull/);
});

test('a host that does not answer is waited for, and the run says which and until when', async () => {
  const closed = await freePort();
  await world.task('silent-host', own, { step: { contextPath: `http://127.0.0.1:${closed}/silent.git` } });
  const { name } = await world.api.call('POST', '/registries/appacr/scheduleRun', {
    type: 'TaskRunRequest',
    taskId: `${world.stack.registries.appacr!.resourceId}/tasks/silent-host`,
  });
  const path = `/registries/appacr/runs/${name}`;
  const waits = await eventually('the wait', 60, async () => {
    const { properties } = await world.api.call('GET', path);
    return properties.plinth?.waitingFor;
  });
  assert.ok(waits.reason.includes(`127.0.0.1:${closed}`), waits.reason);
  assert.ok(waits.givenUpAt > waits.nextTry);
  await world.api.call('POST', `${path}/cancel`);
});

test('after all this the next build is built', async () => {
  await world.task('good-task', `${own}COPY Dockerfile /\n`);
  const run = await world.run('good-task');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
});

const runIds = async () => {
  const { value } = await world.api.call('GET', '/registries/appacr/runs?$top=100');
  return value.map(({ name }: { name: string }) => name);
};

test('an event of a megabyte of nonsense is taken and does nothing', async () => {
  const { url, keys } = world.stack;
  const before = await runIds();
  const answer = await fetch(
    `${url}/runtime/webhooks/eventgrid?functionName=imagePushed&code=${keys.eventgrid}`,
    {
      method: 'POST',
      headers: { 'aeg-event-type': 'Notification', 'content-type': 'application/json' },
      body: JSON.stringify([{ id: 'x', data: 'nonsense '.repeat(120_000) }]),
    },
  );
  assert.equal(answer.status, 202);
  const { properties } = await world.api.call('GET', '/registries/appacr');
  assert.deepEqual([properties.running, properties.queued], [[], []]);
  assert.deepEqual(await runIds(), before, 'no run was made of it');
});

test('secrets come back from listDetails only', async () => {
  const secret = 'a-secret-argument-789';
  await world.task('secretive', `${own}ARG TOKEN\nCOPY Dockerfile /\n`, {
    step: {
      contextAccessToken: 'a-git-token-789',
      arguments: [{ name: 'TOKEN', value: secret, isSecret: true }],
    },
  });
  const shown = await world.api.request('GET', '/registries/appacr/tasks/secretive');
  const listed = await world.api.request('GET', '/registries/appacr/tasks');
  const details = await world.api.call('POST', '/registries/appacr/tasks/secretive/listDetails');
  const run = await world.run('secretive');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  const seen = JSON.stringify([shown, listed, run, await world.log(run.runId)]);
  assert.doesNotMatch(seen, /a-secret-argument|a-git-token/);
  assert.equal(details.properties.step.contextAccessToken, 'a-git-token-789');
  assert.equal(details.properties.step.arguments[0].value, secret);
});

test('a run is cancelled, and one that has ended stays as it is', async () => {
  const run = await world.run('good-task');
  assert.equal((await world.api.request('POST', `/registries/appacr/runs/${run.runId}/cancel`)).status, 200);
  assert.equal((await world.ended(run.runId)).status, 'Succeeded');
  const queued = await world.api.call('POST', '/registries/appacr/scheduleRun', {
    type: 'TaskRunRequest',
    taskId: 'good-task',
  });
  await world.api.call('POST', `/registries/appacr/runs/${queued.name}/cancel`);
  assert.equal((await world.ended(queued.name)).status, 'Canceled');
});

test('a task that is deleted is gone, with its runs kept', async () => {
  assert.equal((await world.api.request('DELETE', '/registries/appacr/tasks/good-task')).status, 200);
  assert.equal((await world.api.request('DELETE', '/registries/appacr/tasks/good-task')).status, 204);
  assert.equal((await world.api.request('GET', '/registries/appacr/tasks/good-task')).status, 404);
  assert.ok((await world.runsOf('good-task')).length >= 2);
});

test.run();
