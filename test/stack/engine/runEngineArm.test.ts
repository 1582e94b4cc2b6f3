import assert from 'node:assert/strict';
import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { suite } from 'uvu';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import { startRunEngine } from '../../../local/runEngine/startRunEngine.ts';
import type { Executor } from '../../../local/runEngine/types.ts';
import { longTest } from '../../tier.ts';
import {
  dockerBuild,
  pack,
  principals,
  type RunShown,
  startWorld,
  subscriptionId,
  type World,
} from './runEngineWorld.ts';

let world: World;
const test = suite('run engine in ARM');
test.before(async () => {
  const instant: { executor?: Executor } = {};
  world = await startWorld({
    executor: (work) => instant.executor!(work),
    minimumTimeout: 300,
    identityCredentials: (_registry, identity, loginServer) =>
      identity === '[system]' ? world.login(loginServer.split('.')[0]!, principals.baseReader) : undefined,
  });
  instant.executor = instantExecutor(world.tls.ca);
});
test.after(() => world.stop());

const custom = (entry: object) => ({ credentials: { customRegistries: { 'baseacr.azurecr.io': entry } } });

test("Azure's SDK schedules, reads, lists, filters, updates, cancels, and finds the log", async () => {
  const credential = {
    getToken: async () => ({ token: 'owner', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const client = new ContainerRegistryManagementClient(credential, subscriptionId, {
    endpoint: world.engine.url,
    tlsOptions: { ca: world.tls.ca },
  });
  const at = ['localrg', 'appacr'] as const;
  const { uploadUrl, relativePath } = await client.registries.getBuildSourceUploadUrl(...at);
  assert.match(relativePath!, /^source\/\d{12}\/[0-9a-f-]{36}\.tar\.gz$/);
  const put = await fetch(uploadUrl!, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob' },
    body: new Uint8Array(await pack({ Dockerfile: 'FROM scratch\n' })),
  });
  assert.equal(put.status, 201);
  const run = await client.registries.beginScheduleRunAndWait(...at, {
    type: 'DockerBuildRequest',
    sourceLocation: relativePath!,
    dockerFilePath: 'Dockerfile',
    imageNames: ['sdk:{{.Run.ID}}'],
    isPushEnabled: true,
    platform: { os: 'Linux' },
  });
  assert.equal(run.runId, 'cb1');
  await world.ended('cb1');
  const done = await client.runs.get(...at, 'cb1');
  assert.deepEqual(
    [done.status, done.outputImages?.[0]?.tag, done.runType],
    ['Succeeded', 'cb1', 'QuickBuild'],
  );
  assert.ok(done.startTime! >= done.createTime! && done.finishTime! >= done.startTime!);
  for (let n = 0; n < 3; n++) await world.build('https://localhost:1/x.tar.gz');
  const listed: string[] = [];
  for await (const each of client.runs.list(...at, { top: 3 })) listed.push(each.runId!);
  assert.deepEqual(listed, ['cb4', 'cb3', 'cb2']);
  const filtered: string[] = [];
  const filter = "Status eq 'succeeded' and RunId eq 'cb1'";
  for await (const each of client.runs.list(...at, { filter })) filtered.push(each.runId!);
  assert.deepEqual(filtered, ['cb1']);
  const { logLink } = await client.runs.getLogSasUrl(...at, 'cb1');
  assert.match(await (await fetch(logLink!)).text(), /Run ID: cb1 was successful/);
  assert.equal(
    (await client.runs.beginUpdateAndWait(...at, 'cb1', { isArchiveEnabled: true })).isArchiveEnabled,
    true,
  );
  await client.runs.beginCancelAndWait(...at, 'cb1');
  assert.equal((await client.runs.get(...at, 'cb1')).status, 'Succeeded');
});

longTest(test, 'lists more than a page, newest first', async () => {
  const runIds = await Promise.all(
    Array.from({ length: 101 }, () => world.schedule('https://localhost:1/x.tar.gz')),
  );
  for (const runId of runIds) await world.ended(runId);
  const first = (await world.arm('GET', 'runs')).body;
  assert.equal(first.value.length, 100);
  const rest = (await world.arm('GET', first.nextLink)).body;
  assert.equal(rest.nextLink, undefined);
  const shown: string[] = [...first.value, ...rest.value].map(({ name }: RunShown) => name);
  assert.equal(new Set(shown).size, 105);
  assert.equal(shown.at(-1), 'cb1');
});

test('an instant build is built on its base, in another registry by the identity of the run', async () => {
  const made = await world.build({ Dockerfile: 'FROM scratch\n' }, { imageNames: ['node:15'] }, 'baseacr');
  const { digest } = made.run.outputImages[0]!;
  const { run, log } = await world.build(
    { Dockerfile: `ARG REGISTRY_NAME\nFROM \${REGISTRY_NAME}/node@${digest} AS base\nFROM base\n` },
    {
      imageNames: ['app:1'],
      arguments: [{ name: 'REGISTRY_NAME', value: 'baseacr.azurecr.io' }],
      ...custom({ identity: '[system]' }),
    },
  );
  assert.equal(run.status, 'Succeeded', log);
  assert.match(run.outputImages[0]!.digest, /^sha256:/);
});

longTest(test, 'answers 202 and a Location where it is told to', async () => {
  const engine = await startRunEngine({ ...world.engineOptions, acceptAsynchronously: true });
  try {
    const body = {
      ...dockerBuild,
      sourceLocation: await world.upload(await pack({ Dockerfile: 'FROM scratch\n' })),
    };
    const answer = await world.arm('POST', 'scheduleRun', body, { url: engine.url });
    assert.equal(answer.status, 202);
    const run = await world.arm('GET', String(answer.headers.location), undefined, { version: '' });
    assert.equal(run.status, 200);
    const known = new Set(world.engine.runs().map(({ name }) => name));
    assert.ok(!known.has(run.body.name), 'an id of the engine before is not given again');
  } finally {
    await engine.stop();
  }
});

test.run();
