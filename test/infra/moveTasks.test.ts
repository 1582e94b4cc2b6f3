// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'uvu';
import { type AcrTask, carryTask } from '../../infra/scripts/carryTask.ts';
import type { DockerStep } from '../../shared/model/task.ts';
import { runInThread } from '../doubles/programThread.ts';

const registryId =
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/Microsoft.ContainerRegistry/registries/team1';

/** As listDetails gives it; what is not set is null there. */
const whole = () => ({
  name: 'build-app',
  location: 'westeurope',
  identity: { type: 'SystemAssigned', principalId: 'p', tenantId: 't' },
  properties: {
    provisioningState: 'Succeeded',
    creationDate: '2024-01-25T06:54:23.536Z',
    status: 'Enabled',
    platform: { os: 'Linux', architecture: 'amd64', variant: null },
    agentConfiguration: { cpu: 2 },
    timeout: 3600,
    step: {
      type: 'Docker',
      baseImageDependencies: [{ type: 'RunTime', registry: 'r', repository: 'b', tag: '1', digest: 'd' }],
      contextPath: 'https://github.com/team/app.git#main',
      contextAccessToken: 'github-token',
      dockerFilePath: 'Dockerfile',
      imageNames: ['app:{{.Run.ID}}'],
      isPushEnabled: true,
      noCache: false,
      target: null,
      arguments: [
        { name: 'REGISTRY', value: 'team1.azurecr.io', isSecret: false },
        { name: 'NPM_TOKEN', value: 'npm-token', isSecret: true },
      ],
    },
    trigger: {
      timerTriggers: null,
      sourceTriggers: [
        {
          name: 'commits',
          status: 'Enabled',
          sourceRepository: {
            sourceControlType: 'Github',
            repositoryUrl: 'https://github.com/team/app',
            branch: 'main',
            sourceControlAuthProperties: { tokenType: 'PAT', token: 'github-token', expiresIn: null },
          },
          sourceTriggerEvents: ['commit'],
        },
      ],
      baseImageTrigger: { name: 'base', baseImageTriggerType: 'Runtime', status: 'Enabled' },
    },
    credentials: {
      sourceRegistry: { loginMode: 'Default' },
      customRegistries: { 'base.azurecr.io': { identity: '[system]' } },
    },
    logTemplate: null,
    isSystemTask: false,
  },
});

/** The task with one thing changed, named by its path. */
function changed(path: string, value: unknown): AcrTask {
  const task: AcrTask = whole();
  const keys = path.split('.');
  const last = keys.pop()!;
  let place = task as unknown as Record<string, unknown>;
  for (const key of keys) place = place[key] as Record<string, unknown>;
  place[last] = value;
  return task;
}

test('carries a task whole, without what is Azure’s to tell', () => {
  const result = carryTask(whole());
  assert.equal(result.kind, 'carried');
  const { properties, identity } = (result as Extract<typeof result, { kind: 'carried' }>).body;
  assert.equal(properties.status, 'Enabled');
  assert.equal(properties.step.contextAccessToken, 'github-token');
  assert.deepEqual(
    (properties.step as DockerStep).arguments.map(({ name, value }) => [name, value]),
    [
      ['REGISTRY', 'team1.azurecr.io'],
      ['NPM_TOKEN', 'npm-token'],
    ],
  );
  assert.deepEqual(identity, { type: 'SystemAssigned' });
  const all = JSON.stringify(properties);
  for (const word of ['baseImageDependencies', 'provisioningState', 'creationDate', 'null'])
    assert.ok(!all.includes(word), word);
});

test('carries a multi-step task, and names the secret values that Azure did not tell', () => {
  const step = {
    type: 'FileTask',
    taskFilePath: 'acr-task.yaml',
    contextPath: 'https://github.com/a/b.git',
    values: [
      { name: 'plain', value: 'seen', isSecret: false },
      { name: 'hidden', isSecret: true },
    ],
  };
  const result = carryTask(changed('properties.step', step));
  assert.equal(result.kind, 'incomplete');
  const { body, missing } = result as Extract<typeof result, { kind: 'incomplete' }>;
  assert.deepEqual(missing, ['the value hidden']);
  assert.equal(body.properties.step.type, 'FileTask');
});

const incomplete: [title: string, path: string, value: unknown, missing: string][] = [
  ['a secret argument', 'properties.step.arguments.1.value', null, 'the argument NPM_TOKEN'],
  [
    'a token',
    'properties.trigger.sourceTriggers.0.sourceRepository.sourceControlAuthProperties',
    null,
    'the token of the source trigger commits',
  ],
  [
    'a password',
    'properties.credentials.customRegistries',
    { 'hub.example.com': { userName: { type: 'Opaque', value: 'me' } } },
    'the user name and password for hub.example.com',
  ],
];
for (const [title, path, value, missing] of incomplete)
  test(`without ${title} the task is carried disabled and the want is named`, () => {
    const result = carryTask(changed(path, value));
    assert.equal(result.kind, 'incomplete');
    const { body, missing: named } = result as Extract<typeof result, { kind: 'incomplete' }>;
    assert.deepEqual(named, [missing]);
    assert.equal(body.properties.status, 'Disabled');
  });

const refused: [title: string, path: string, value: unknown, reason: RegExp][] = [
  ['Azure’s own task', 'properties.isSystemTask', true, /Azure’s own/],
  ['a step of another type', 'properties.step.type', 'Other', /one of Docker, FileTask, EncodedTask/],
  ['what Plinth’s API would refuse', 'properties.timeout', 1, /properties\.timeout/],
];
for (const [title, path, value, reason] of refused)
  test(`leaves ${title}, with the reason`, () => {
    const result = carryTask(changed(path, value));
    assert.equal(result.kind, 'refused');
    assert.match((result as Extract<typeof result, { kind: 'refused' }>).reasons.join(), reason);
  });

test('tells what a person must still see to', () => {
  const task = changed('properties.agentPoolName', 'pool1');
  task.identity = {
    type: 'UserAssigned',
    userAssignedIdentities: { '/subscriptions/s/x/pullers': { clientId: 'c' } },
  };
  const { remarks } = carryTask(task) as Extract<ReturnType<typeof carryTask>, { kind: 'carried' }>;
  assert.deepEqual(
    [/function app: pullers/, /agent pool pool1/, /webhook/].filter(
      (wanted) => !wanted.test(remarks.join('\n')),
    ),
    [],
  );
});

// --- the command, with a stand-in for az and for Plinth ---------------------------------------------------------

interface Call {
  method: string;
  url: string;
  body?: { properties: { step: { arguments: { value: string }[] } } };
}

async function move(tasks: AcrTask[], options: string[], plinthStatus = 200) {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-move-'));
  const puts: (Call & { key?: string | undefined })[] = [];
  const plinth = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const key = request.headers['x-functions-key'] as string | undefined;
    puts.push({ method: request.method!, url: request.url!, body: JSON.parse(body), key });
    response.writeHead(plinthStatus).end('{"error":{"code":"X","message":"no"}}');
  });
  await once(plinth.listen(0, '127.0.0.1'), 'listening');
  try {
    writeFileSync(join(folder, 'registry'), JSON.stringify({ id: registryId }));
    writeFileSync(join(folder, 'names'), JSON.stringify({ value: tasks.map(({ name }) => ({ name })) }));
    for (const task of tasks) writeFileSync(join(folder, `task-${task.name}`), JSON.stringify(task));
    writeFileSync(
      join(folder, 'az'),
      `#!/bin/sh
cd '${folder}' && echo "$*" >> calls
name="\${*#*/tasks/}"
case "$*" in
  acr*) cat registry ;;
  *'--method get'*) cat names ;;
  *'--method post'*/listDetails?*) cat "task-\${name%%/listDetails*}" ;;
  *) echo '{}' ;;
esac
`,
    );
    chmodSync(join(folder, 'az'), 0o755);
    const url = `http://127.0.0.1:${(plinth.address() as AddressInfo).port}`;
    const script = join(import.meta.dirname, '../../infra/scripts/moveTasks.ts');
    const env = {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      PLINTH_KEY: 'the-key',
    };
    const done = await runInThread(script, ['team1', url, ...options], env);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    return { ...done, puts, calls };
  } finally {
    plinth.close();
    rmSync(folder, { recursive: true });
  }
}

const unknown: AcrTask = { name: 'unknown-step', properties: { step: { type: 'Other' } } };

test('without --apply it only tells', async () => {
  const { code, stdout, puts } = await move([whole(), unknown], []);
  assert.equal(code, 0);
  assert.equal(puts.length, 0);
  assert.match(stdout, /build-app: can be carried/);
  assert.match(stdout, /unknown-step: stays with ACR Tasks\n {2}properties\.step\.type: /);
  assert.match(stdout, /1 whole, 0 disabled for want of a secret, 1 left with ACR Tasks, 0 failed/);
});

test('with --apply it puts each task under its own name, and prints no secret', async () => {
  const { code, stdout, puts } = await move([whole()], ['--apply']);
  assert.equal(code, 0);
  assert.deepEqual(
    puts.map(({ method, url, key }) => [method, url, key]),
    [['PUT', `${registryId}/tasks/build-app`, 'the-key']],
  );
  assert.equal(puts[0]!.body!.properties.step.arguments[1]!.value, 'npm-token');
  assert.doesNotMatch(stdout, /github-token|npm-token|the-key/);
});

test('with --disable ACR no longer builds what was carried whole, and still builds the rest', async () => {
  const wanting = { ...changed('properties.step.arguments.1.value', null), name: 'wanting' };
  const { calls } = await move([whole(), wanting], ['--apply', '--disable']);
  const patched = calls.filter((call) => call.includes('--method patch '));
  assert.equal(patched.length, 1);
  assert.match(patched[0]!, /tasks\/build-app\?.*Disabled/);
});

test('a task that Plinth refuses is a failure, and stays enabled in ACR', async () => {
  const { code, stdout, calls } = await move([whole()], ['--apply', '--disable'], 403);
  assert.equal(code, 1);
  assert.match(stdout, /build-app: failed\n {2}Plinth answered 403/);
  assert.equal(calls.filter((call) => call.includes('--method patch ')).length, 0);
});

test.run();
