import assert from 'node:assert/strict';
import { test } from 'uvu';
import { toRunResource, toTaskResource } from '../../../shared/api/toResource.ts';
import { withoutNulls } from '../../../shared/api/withoutNulls.ts';
import { sameAnswer } from '../../../shared/flow/api/putBack.ts';
import { getRun, scheduleQuickRun } from '../../../shared/flow/api/runs.ts';
import { openTask, patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { quickRequest } from '../../../shared/flow/prepare/quickBuild.ts';
import { RunRequest } from '../../../shared/model/run.ts';
import { TaskCreate } from '../../../shared/model/task.ts';
import { createWorld } from '../../worlds/world.ts';

const version = '2025-03-01-preview';

const yaml = Buffer.from('version: v1.1.0\nsteps:\n  - cmd: bash echo hello\n').toString('base64');
const git = 'https://github.com/contoso/app.git#main';
const secret = { name: 'TOKEN', value: 'hidden', isSecret: true };
const plain = { name: 'A', value: 'b' };
const login = (value: string) => ({ type: 'Opaque', value });
const sourceTriggers = [
  {
    name: 'commits',
    sourceTriggerEvents: ['COMMIT'],
    sourceRepository: {
      sourceControlType: 'GitHub',
      repositoryUrl: 'https://github.com/contoso/app',
      sourceControlAuthProperties: { tokenType: 'pat', token: 'hidden' },
    },
  },
];
const tasks: [what: string, properties: object][] = [
  ['a Docker step', { step: { type: 'docker', contextPath: git, dockerFilePath: 'Dockerfile' } }],
  [
    'secret arguments among others',
    { step: { type: 'Docker', contextPath: git, dockerFilePath: 'D', arguments: [secret, plain] } },
  ],
  [
    'a token of its context',
    { step: { type: 'Docker', contextPath: git, dockerFilePath: 'D', contextAccessToken: 'hidden' } },
  ],
  [
    'a step in a file, with secret values',
    { step: { type: 'FileTask', contextPath: git, taskFilePath: 'acb.yaml', values: [plain, secret] } },
  ],
  [
    'a step in the task, a timer, no architecture',
    {
      platform: { os: 'linux' },
      step: { type: 'EncodedTask', encodedTaskContent: `${yaml}\n`, values: [secret] },
      trigger: { timerTriggers: [{ name: 't', schedule: '0 1 * * *' }] },
    },
  ],
  [
    'credentials of both kinds',
    {
      step: { type: 'Docker', contextPath: git, dockerFilePath: 'D' },
      credentials: {
        sourceRegistry: { loginMode: 'default' },
        customRegistries: {
          'a.example.com': { userName: login('me'), password: login('hidden') },
          'baseacr.azurecr.io': { identity: '[system]' },
        },
      },
    },
  ],
  [
    'a commit trigger with its token',
    { step: { type: 'Docker', contextPath: git, dockerFilePath: 'D' }, trigger: { sourceTriggers } },
  ],
];

async function created(properties: object) {
  const world = createWorld({ registries: ['appacr', 'baseacr'] });
  const [knownRegistry] = world.ports.settings.registries;
  const body = { location: 'westeurope', identity: { type: 'SystemAssigned' }, properties };
  const task = await putTask(knownRegistry!, 'hello', TaskCreate.parse(body), world.ports);
  const read = async () => (await world.ports.store.task('appacr', 'hello'))!.value;
  return { world, ports: world.ports, knownRegistry: knownRegistry!, task, read };
}

for (const [what, properties] of tasks) {
  test(`the answer of a GET of a task with ${what} can be put back, and changes nothing`, async () => {
    const { ports, knownRegistry, task, read } = await created(properties);
    const answer = withoutNulls(
      toTaskResource(task, undefined, { id: knownRegistry.id, app: { principalId: 'p', tenantId: 't' } }),
    );
    assert.equal(JSON.stringify(answer).includes('hidden'), false);
    const before = await read();
    assert.deepEqual(
      await sameAnswer(
        knownRegistry,
        'hello',
        { given: answer, create: TaskCreate.parse(answer), version },
        ports,
      ),
      before,
    );
  });

  test(`listDetails of a task with ${what} can be put back, and changes nothing`, async () => {
    const { ports, knownRegistry, read } = await created(properties);
    const opened = await openTask(knownRegistry, 'hello', ports);
    const answer = withoutNulls(
      toTaskResource(opened, undefined, { id: knownRegistry.id, app: {} }, { withSecrets: true }),
    );
    const create = TaskCreate.parse(answer);
    await putTask(knownRegistry, 'hello', create, ports);
    assert.deepEqual(await openTask(knownRegistry, 'hello', ports), opened);
    assert.equal((await read()).creationDate, opened.creationDate);
  });
}

test('an answer that was changed is another task, and so is one that nobody was answered', async () => {
  const { ports, knownRegistry, task } = await created(tasks[2]![1]);
  const answer = toTaskResource(task, undefined, { id: knownRegistry.id, app: {} }) as any;
  const changed = { ...answer, properties: { ...answer.properties, timeout: 600 } };
  assert.equal(
    await sameAnswer(
      knownRegistry,
      'hello',
      { given: changed, create: TaskCreate.parse(changed), version },
      ports,
    ),
    undefined,
  );
  const { creationDate: _, ...written } = answer.properties;
  const bare = { ...answer, properties: written };
  assert.equal(
    await sameAnswer(knownRegistry, 'hello', { given: bare, create: TaskCreate.parse(bare), version }, ports),
    undefined,
  );
});

test('a registry with a password is null where secrets are not asked for, and no credentials are none', async () => {
  const { knownRegistry, task, ports } = await created(tasks[5]![1]);
  const shown = toTaskResource(task, undefined, { id: knownRegistry.id, app: {} }).properties as any;
  assert.deepEqual(shown.credentials, {
    sourceRegistry: { loginMode: 'Default' },
    customRegistries: { 'a.example.com': null, 'baseacr.azurecr.io': { identity: '[system]' } },
  });
  const bare = await putTask(
    knownRegistry,
    'other',
    TaskCreate.parse({ location: 'l', properties: { ...tasks[0]![1], credentials: {} } }),
    ports,
  );
  assert.equal(
    'credentials' in toTaskResource(bare, undefined, { id: knownRegistry.id, app: {} }).properties,
    false,
  );
});

test('in a PATCH null takes a value away, and in an entry of a list it is nothing', async () => {
  const { knownRegistry, ports } = await created(tasks[1]![1]);
  const patched = await patchTask(
    knownRegistry,
    'hello',
    {
      properties: { step: { type: 'Docker', arguments: [{ ...plain, isSecret: null }], target: null } },
      identity: null,
    },
    ports,
  );
  assert.equal(patched.identity, undefined);
  assert.deepEqual((patched.properties.step as any).arguments, [{ ...plain, isSecret: false }]);
});

const quickBuild = (args: string[]) =>
  RunRequest.parse({
    type: 'DockerBuildRequest',
    dockerFilePath: 'Dockerfile',
    sourceLocation: 'source/x.tar.gz',
    arguments: args.map((value, at) => ({ name: `A${at}`, value })),
  }) as any;

test('the arguments of a quick build have the run’s values; other braces are the Dockerfile’s', async () => {
  const { knownRegistry, ports } = await created(tasks[0]![1]);
  const given = ['{{.Run.ID}}', '{{ .Run.Registry }}', 'v{{.Build.ID}}', '{{.Names}}', '{{', 'plain'];
  const run = await scheduleQuickRun(knownRegistry, quickBuild(given), ports);
  const request = (await quickRequest(run, knownRegistry, ports)) as any;
  assert.deepEqual(
    request.arguments.map(({ value }: { value: string }) => value),
    [run.runId, 'appacr.azurecr.io', `v${run.runId}`, '{{.Names}}', '{{', 'plain'],
  );
});

test('a run is found by its own id, else by that of the run engine, in any case', async () => {
  const { knownRegistry, ports } = await created(tasks[0]![1]);
  const one = await scheduleQuickRun(knownRegistry, quickBuild([]), ports);
  const other = await scheduleQuickRun(knownRegistry, quickBuild([]), ports);
  const stored = (await ports.store.run(knownRegistry.name, other.runId))!;
  // The engine's ids look like ours: a run's own comes first.
  const value = { ...stored.value, engineRunId: 'zz7' };
  await ports.store.commit(knownRegistry.name, [{ put: 'run', value, etag: stored.etag }]);
  for (const id of ['zz7', 'ZZ7', other.runId])
    assert.equal((await getRun(knownRegistry, id, ports)).runId, other.runId);
  assert.equal((await getRun(knownRegistry, one.runId, ports)).runId, one.runId);
  for (const id of ['zz8', '', '../x'])
    await assert.rejects(getRun(knownRegistry, id, ports), { status: 404, code: 'RunNotFound' });
  assert.equal(toRunResource(one, knownRegistry.id).properties.provisioningState, 'Succeeded');
});

test.run();
