// Tier: long, three deployments, and builds that go on over each.
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startUpgradeWorld, type UpgradeWorld } from './upgradeWorld.ts';
import { whyNotThere } from './versionBefore.ts';

const missing = await whyNotThere();
if (missing) console.log(`skipped: ${missing}`);
const tried = missing ? test.skip : test;

const base = 'baseacr.azurecr.io/base';
const tasks = {
  // In the order in which a push starts them: the first is built, the second waits for it, the third is built, the
  // others are queued.
  'a-mid': `FROM ${base}/one:1\nCOPY Dockerfile /\n`,
  'b-top': `FROM ${base}/one:1 AS one\nFROM appacr.azurecr.io/a-mid:1\nCOPY --from=one /text /\n`,
  'c-one': `FROM ${base}/one:1\nCOPY Dockerfile /\n`,
  'd-one': `FROM ${base}/one:1\nCOPY Dockerfile /\n`,
  'e-one': `FROM ${base}/one:1\nCOPY Dockerfile /\n`,
  'f-two': `FROM ${base}/two:1\nCOPY Dockerfile /\n`,
};
const trigger = { baseImageTrigger: { name: 'default', baseImageTriggerType: 'All' } };

let world: UpgradeWorld;
test.before(async () => {
  if (missing) return;
  world = await startUpgradeWorld();
  for (const name of ['one', 'two']) await world.pushBase(`base/${name}:1`, 'first');
  for (const [name, dockerfile] of Object.entries(tasks)) {
    await world.task(name, dockerfile, { step: { imageNames: [`${name}:1`] }, properties: { trigger } });
    assert.equal((await world.run(name)).status, 'Succeeded');
  }
});
test.after(() => world?.stop());

test('the version before is in the history of the clone, or it is said what fetches it', () => {
  assert.match(missing ?? 'unshallow', /unshallow/);
});

/**
 * Replaces the app while runs are built, queued and waiting, and while a base image is pushed.
 * @param by the package that takes its place; this source's by default
 * @param first done before, while those runs are there
 */
async function replaceApp(text: string, by?: string, first = async () => {}): Promise<void> {
  world.hold();
  await world.pushBase('base/one:1', text);
  await world.until({ built: 2, queued: 2, waiting: 1 });
  await first();
  const replaced = world.stack.redeployApp(by);
  await world.pushBase('base/two:1', text);
  await replaced;
  // It is merged into what is queued, and what is being built follows once more.
  await world.pushBase('base/one:1', `${text}, and more`);
  world.letGo();
  await world.settled();
}

tried('this version takes over the runs of the version before: none is lost or built twice', async () => {
  await replaceApp('upgrade');
  assert.deepEqual(await world.faults(), []);
});

/** Rows of this version, and one property more in each, as a version to come may write it. */
const rows = [
  'task!b-top',
  'state!a-mid',
  'state!d-one',
  'run!',
  'pace',
  'judgements',
  'taskrun!built-once',
  'watch',
];

tried('the version before takes over the runs of this one: none is lost or built twice', async () => {
  const contextPath = `${world.stack.git.url}/c-one.git#main`;
  const digest = `sha256:${'d'.repeat(64)}`;
  await world.api.call('POST', '/registries/appacr/quarantine', {
    image: `${base}/three:1`,
    digest,
    reason: 'it is bad',
  });
  await world.api.call('PUT', '/registries/appacr/taskRuns/built-once', {
    properties: {
      runRequest: {
        ...{ type: 'DockerBuildRequest', sourceLocation: contextPath, dockerFilePath: 'Dockerfile' },
        ...{ imageNames: ['once:1'], platform: { os: 'linux' } },
        credentials: { customRegistries: { 'baseacr.azurecr.io': { identity: '[system]' } } },
      },
    },
  });
  await world.settled();
  await replaceApp('back', world.before, async () => {
    for (const row of rows) await world.addToRows(row);
  });
  assert.deepEqual(await world.faults(), []);
  // It writes this task whole, as it reads it: what it does not know would be gone.
  await world.api.call('PATCH', '/registries/appacr/tasks/a-mid', { properties: { timeout: 1200 } });
});

for (const row of rows)
  tried(`the version before keeps what it does not know in ${row}`, async () => {
    assert.deepEqual(await world.withoutAdded(row), []);
  });

tried('this version comes again: no run is lost or built twice', async () => {
  await replaceApp('again');
  assert.deepEqual(await world.faults(), []);
});

tried('and finds what only it reads as it left it', async () => {
  const { status, body } = await world.api.request('GET', '/registries/appacr/taskRuns/built-once');
  assert.equal(`${status} ${body.properties?.provisioningState}`, '200 Succeeded');
  const { properties } = await world.api.call('GET', '/registries/appacr/tasks/a-mid');
  assert.equal(properties.timeout, 1200);
  const judged = (await world.store.judgements())!.value.judgements;
  assert.deepEqual(
    judged.map(({ reason }) => reason),
    ['it is bad'],
  );
  const { value } = await world.api.call('GET', '/registries/appacr/stale');
  assert.deepEqual(value, []);
});

test.run();
