import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scheduleQuickRun, scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { pruneRuns } from '../../../shared/flow/clock/pruneRuns.ts';
import { endRun } from '../../../shared/flow/finish/endRun.ts';
import { type Run, RunRequest, type RunStatus } from '../../../shared/model/run.ts';
import { newScan } from '../../../shared/model/scan.ts';
import { registryOf } from '../../worlds/diamondWorld.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'quickacr';
const marker = 'hush-hush';
const opaque = { type: 'Opaque', value: marker };
const customRegistries = { 'other.example.com': { userName: opaque, password: opaque } };
const secretArgument = { name: 'PW', value: marker, isSecret: true };
const signed = `https://example.com/context.tar.gz?sig=${marker}`;
const encodedTaskContent = Buffer.from(`steps:\n  - cmd: echo ${marker}\n`).toString('base64');

/** Each: a request with a secret somewhere. */
const requests: [what: string, request: object][] = [
  [
    'a build with credentials',
    {
      type: 'DockerBuildRequest',
      dockerFilePath: 'Dockerfile',
      sourceLocation: 'up/a.tar.gz',
      credentials: { customRegistries },
    },
  ],
  [
    'a build with a secret argument',
    {
      type: 'DockerBuildRequest',
      dockerFilePath: 'Dockerfile',
      sourceLocation: 'up/a.tar.gz',
      arguments: [secretArgument],
    },
  ],
  [
    'a build of a signed address',
    { type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile', sourceLocation: signed },
  ],
  [
    'a task file with credentials',
    {
      type: 'FileTaskRunRequest',
      taskFilePath: 'acb.yaml',
      sourceLocation: signed,
      credentials: { customRegistries },
    },
  ],
  [
    'a task file with a secret value',
    {
      type: 'FileTaskRunRequest',
      taskFilePath: 'acb.yaml',
      sourceLocation: signed,
      values: [secretArgument],
    },
  ],
  [
    'a task in the request',
    { type: 'EncodedTaskRunRequest', encodedTaskContent, credentials: { customRegistries } },
  ],
  [
    'a run of a task with a secret argument',
    {
      type: 'TaskRunRequest',
      taskId: 'build-app',
      overrideTaskStepProperties: { arguments: [secretArgument, { name: 'A', value: 'b' }] },
    },
  ],
  [
    'a run of a task on a signed address',
    { type: 'TaskRunRequest', taskId: 'build-app', overrideTaskStepProperties: { contextPath: signed } },
  ],
];

async function queued(world: World, request: object): Promise<Run> {
  const knownRegistry = registryOf(world, registry);
  await putTask(knownRegistry, 'build-app', world.task('build-app', []), world.ports);
  const parsed = RunRequest.parse(request);
  return parsed.type === 'TaskRunRequest'
    ? scheduleTaskRun(knownRegistry, parsed, world.ports)
    : scheduleQuickRun(knownRegistry, parsed, world.ports);
}

/** What of a row may hide a secret: sealed, in base64, or as it is. */
function isClean(run: Run) {
  const text = JSON.stringify(run);
  for (const found of [marker, encodedTaskContent, 'sealed', 'credentials', 'password'])
    assert.ok(!text.includes(found), `${found} is in ${text}`);
  assert.deepEqual([run.quickBuild, run.quickRun], [undefined, undefined]);
}

const row = async (world: World, { runId }: Run) => (await world.ports.store.run(registry, runId))!;

for (const [what, request] of requests) {
  for (const status of ['Succeeded', 'Failed', 'Canceled'] satisfies RunStatus[])
    test(`${what} that ended ${status} keeps none of its secrets`, async () => {
      const world = createWorld({ registries: [registry] });
      const run = await queued(world, request);
      await endRun(registry, run.runId, { status }, world.ports);
      const ended = (await row(world, run)).value;
      assert.equal(ended.status, status);
      isClean(ended);
    });

  test(`${what} that ended before Plinth took secrets away loses them when the clean-up meets it`, async () => {
    const world = createWorld({ registries: [registry] });
    const run = await queued(world, request);
    const { value, etag } = await row(world, run);
    const time = value.createTime;
    await world.ports.store.commit(registry, [
      { put: 'run', value: { ...value, status: 'Succeeded', finishTime: time }, etag },
    ]);
    await pruneRuns(world.ports, newScan);
    isClean((await row(world, run)).value);
  });

  test(`${what} keeps its secrets while it is queued`, async () => {
    const world = createWorld({ registries: [registry] });
    const run = await queued(world, request);
    await pruneRuns(world.ports, newScan);
    const { quickBuild, quickRun, overrides } = (await row(world, run)).value;
    assert.ok(quickBuild ?? quickRun ?? overrides);
  });
}

test('of overrides that were no secrets, it stays known that there were some', async () => {
  const world = createWorld({ registries: [registry] });
  const run = await queued(world, requests[6]![1]);
  await endRun(registry, run.runId, { status: 'Succeeded' }, world.ports);
  const { overrides } = (await row(world, run)).value;
  assert.deepEqual(overrides?.arguments, [{ name: 'A', value: 'b', isSecret: false }]);
});

test.run();
