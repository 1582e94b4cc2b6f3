/** Microsoft's own SDK, @azure/arm-containerregistry 11, through the ARM front. */
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { ContainerRegistryManagementClient, type Task } from '@azure/arm-containerregistry';
import { suite } from 'uvu';
import { resourceGroup, subscriptionId } from '../../../local/identity/resourceIds.ts';
import { openapi } from '../../../shared/api/openapi.ts';
import { openapiSchema } from '../../doubles/armSchemas.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { type AzWorld, startAzWorld } from '../az/azWorld.ts';

const test = suite<{ world: AzWorld; client: ContainerRegistryManagementClient; task: Task }>('the SDK');
/** Where the app's registry is, as every call of the SDK wants it. */
const at = [resourceGroup, 'appacr'] as const;

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr', 'appacr'] });
  const { entra, owner, tls, az } = world.stack;
  const credential = {
    getToken: async () => {
      const { token, expiresOn } = await entra.accessToken(owner, 'https://management.azure.com');
      return { token, expiresOnTimestamp: expiresOn * 1000 };
    },
  };
  const client = new ContainerRegistryManagementClient(credential, subscriptionId, {
    endpoint: az!.origin,
    tlsOptions: { ca: tls.ca },
  });
  Object.assign(context, { world, client });
});
test.after(({ world }) => world.stop());

/** What Plinth answers, before the SDK makes objects of it. */
async function answer({ stack }: AzWorld, path: string): Promise<{ status: number; body: any }> {
  const headers = { 'x-functions-key': stack.keys.function };
  const response = await fetch(`${stack.url}${path}`, { headers });
  return { status: response.status, body: await response.json() };
}

async function ended({ client }: { client: ContainerRegistryManagementClient }, runId: string) {
  return waitFor(
    `the end of ${runId}`,
    async () => {
      const run = await client.runs.get(...at, runId);
      return run.finishTime ? run : undefined;
    },
    60_000,
  );
}

test('the registry is found', async ({ client, world }) => {
  const registry = await client.registries.get(...at);
  assert.equal(registry.id, world.stack.registries.appacr!.resourceId);
  assert.equal(registry.loginServer, 'appacr.azurecr.io');
});

test('a task is created, read, listed and changed', async (context) => {
  const { client, world } = context;
  const made = await client.tasks.beginCreateAndWait(...at, 'fromsdk', {
    location: 'local',
    identity: { type: 'SystemAssigned' },
    platform: { os: 'linux', architecture: 'amd64' },
    step: {
      type: 'Docker',
      contextPath: `${world.env.GIT}/base.git#main`,
      dockerFilePath: 'Dockerfile-base',
      imageNames: ['fromsdk:{{.Run.ID}}'],
      arguments: [{ name: 'TOKEN', value: 'geheim', isSecret: true }],
    },
    trigger: { baseImageTrigger: { name: 'base', baseImageTriggerType: 'Runtime' } },
    credentials: { customRegistries: { 'baseacr.azurecr.io': { identity: '[system]' } } },
  });
  context.task = made;
  assert.equal(made.provisioningState, 'Succeeded');
  assert.equal(made.identity?.principalId, world.stack.plinth.principalId);
  assert.deepEqual((await client.tasks.get(...at, 'fromsdk')).step, made.step);
  const details = await client.tasks.getDetails(...at, 'fromsdk');
  assert.deepEqual((details.step as { arguments: object[] }).arguments, [
    { name: 'TOKEN', value: 'geheim', isSecret: true },
  ]);
  const names: (string | undefined)[] = [];
  for await (const task of client.tasks.list(...at)) names.push(task.name);
  assert.deepEqual(names, ['fromsdk']);
  const changed = await client.tasks.beginUpdateAndWait(...at, 'fromsdk', { agentConfiguration: { cpu: 3 } });
  assert.equal(changed.agentConfiguration?.cpu, 3);
});

test('a run is scheduled, followed, listed, and its log read', async ({ client, task, world }) => {
  const run = await client.registries.beginScheduleRunAndWait(...at, {
    type: 'TaskRunRequest',
    taskId: task.id!,
  });
  const done = await ended({ client }, run.runId!);
  assert.equal(done.status, 'Succeeded', done.runErrorMessage);
  assert.equal(done.task, 'fromsdk');
  assert.equal(done.outputImages?.[0]?.repository, 'fromsdk');
  const { logLink } = await client.runs.getLogSasUrl(...at, run.runId!);
  const log = await new Promise<string>((resolve, reject) => {
    get(logLink!, { ca: world.stack.tls.ca }, (response) => resolve(text(response))).on('error', reject);
  });
  assert.match(log, /Successfully pushed/);
  const found: (string | undefined)[] = [];
  for await (const { runId } of client.runs.list(...at, { top: 5, filter: "TaskName eq 'fromsdk'" }))
    found.push(runId);
  assert.deepEqual(found, [run.runId]);
  const kept = await client.runs.beginUpdateAndWait(...at, run.runId!, { isArchiveEnabled: true });
  assert.equal(kept.isArchiveEnabled, true);
});

test('runs that wait or go on are cancelled', async ({ client, task }) => {
  const runs = await Promise.all(
    Array.from({ length: 3 }, () =>
      client.registries.beginScheduleRunAndWait(...at, { type: 'TaskRunRequest', taskId: task.id! }),
    ),
  );
  await Promise.all(runs.map(({ runId }) => client.runs.beginCancelAndWait(...at, runId!)));
  const ends = await Promise.all(runs.map(({ runId }) => ended({ client }, runId!)));
  assert.deepEqual([...new Set(ends.map(({ status }) => status))], ['Canceled']);
});

test('a run is scheduled for good while it is still queued', async ({ client, task }) => {
  const first = await client.registries.beginScheduleRunAndWait(...at, {
    type: 'TaskRunRequest',
    taskId: task.id!,
  });
  // One of a task at a time: this one waits for the first.
  const second = await client.registries.beginScheduleRunAndWait(...at, {
    type: 'TaskRunRequest',
    taskId: task.id!,
  });
  assert.deepEqual([second.provisioningState, second.status], ['Succeeded', 'Queued']);
  const archived = await client.runs.beginUpdateAndWait(...at, second.runId!, { isArchiveEnabled: true });
  assert.equal(archived.isArchiveEnabled, true);
  for (const { runId } of [first, second]) await client.runs.beginCancelAndWait(...at, runId!);
});

test('an upload address is given', async ({ client }) => {
  const { uploadUrl, relativePath } = await client.registries.getBuildSourceUploadUrl(...at);
  assert.match(uploadUrl!, /^https:\/\/127\.0\.0\.1:\d+\/devstoreaccount1\.blob\.local\/.+\?.*sig=/);
  assert.match(relativePath!, /^source\//);
});

const refusals: [
  what: string,
  ask: (client: ContainerRegistryManagementClient) => Promise<unknown>,
  code: string,
][] = [
  ['a task that is not there', (client) => client.tasks.get(...at, 'nobody'), 'TaskNotFound'],
  ['a run that is not there', (client) => client.runs.get(...at, 'zz9'), 'RunNotFound'],
  [
    'a registry that is not there',
    (client) => client.tasks.get(resourceGroup, 'nosuchacr', 'task1'),
    'ResourceNotFound',
  ],
  [
    'a task without a step',
    (client) => client.tasks.beginCreateAndWait(...at, 'wrong', { location: 'local' }),
    'InvalidRequestContent',
  ],
];
for (const [what, ask, code] of refusals)
  test(`${what} is an error with ARM’s code`, async ({ client }) => {
    await assert.rejects(ask(client), (error: { code?: string }) => error.code === code);
  });

test('what Plinth answers is what its description says, which it serves', async ({ world }) => {
  const served = await answer(world, '/openapi.json');
  assert.deepEqual(served.body, JSON.parse(JSON.stringify(openapi())));
  const withoutKey = await fetch(`${world.stack.url}/openapi.json`);
  assert.equal(withoutKey.status, 401);
  const rows = [
    ['/registries/appacr', 'RegistryOverview'],
    ['/registries/appacr/tasks', 'TaskListResult'],
    ['/registries/appacr/tasks/fromsdk', 'TaskResource'],
    ['/registries/appacr/runs', 'RunListResult'],
    ['/registries/appacr/runs/zz9', 'ErrorResponse'],
  ] as const;
  for (const [path, schema] of rows) {
    const { body } = await answer(world, path);
    assert.deepEqual(openapiSchema(served.body, `/components/schemas/${schema}`)(body), [], path);
  }
});

test('a task is deleted', async ({ client }) => {
  await client.tasks.beginDeleteAndWait(...at, 'fromsdk');
  await assert.rejects(client.tasks.get(...at, 'fromsdk'));
});

test.run();
