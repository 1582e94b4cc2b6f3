import assert from 'node:assert/strict';
import { test } from 'uvu';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { startWorld, type World } from './world.ts';

let world: World;
test.before(async () => {
  world = await startWorld({ queueLeaseSeconds: 3, eventTimeScale: 0.05 });
});
test.after(() => world?.stack.stop());

test('a base image pushed to one registry rebuilds the app in another, once', async () => {
  await world.pushBase('base/one:1', 'old');
  await world.task('app-one', 'ARG REGISTRY\nFROM $REGISTRY/base/one:1\nCOPY Dockerfile /\n', {
    step: { arguments: [{ name: 'REGISTRY', value: 'baseacr.azurecr.io' }] },
  });
  const first = await world.run('app-one');
  assert.equal(first.status, 'Succeeded', first.runErrorMessage);
  const [before] = first.plinth.baseImageDependencies;
  assert.deepEqual(
    { ...before, digest: typeof before.digest },
    { type: 'Runtime', registry: 'baseacr.azurecr.io', repository: 'base/one', tag: '1', digest: 'string' },
  );

  await world.pushBase('base/one:1', 'new');
  const [update, ...more] = await world.updates('app-one', 1);
  assert.equal(update!.status, 'Succeeded', update!.runErrorMessage);
  const [image] = update!.imageUpdateTrigger.images;
  assert.equal(`${image.registry}/${image.repository}:${image.tag}`, 'baseacr.azurecr.io/base/one:1');
  assert.notEqual(image.digest, before.digest);
  assert.equal(update!.plinth.baseImageDependencies[0].digest, image.digest);
  const task = await world.api.call('GET', '/registries/appacr/tasks/app-one');
  assert.deepEqual(task.properties.step.baseImageDependencies, update!.plinth.baseImageDependencies);
  await world.quiet();
  assert.equal(more.length, 0);
  assert.equal((await world.runsOf('app-one')).length, 2);
});

test('no run comes of a push that changes nothing, of a tag without dependents, of an event that comes again', async () => {
  const before = await world.runsOf('app-one');
  await world.pushBase('base/one:1', 'new');
  await world.pushBase('base/one:2', 'other');
  const { resourceId } = world.stack.registries.baseacr!;
  const digest = before[0]!.plinth.baseImageDependencies[0].digest;
  const event = (id: string, target: object, action = 'push') => ({
    id,
    topic: resourceId,
    subject: 'base/one:1',
    eventType: `Microsoft.ContainerRegistry.Image${action === 'push' ? 'Pushed' : 'Deleted'}`,
    eventTime: new Date().toISOString(),
    dataVersion: '2.0',
    metadataVersion: '1',
    data: {
      id,
      timestamp: new Date().toISOString(),
      action,
      target: { repository: 'base/one', digest, ...target },
      request: { id, host: 'baseacr.azurecr.io', method: 'PUT', useragent: 'test' },
    },
  });
  world.stack.eventGrid.publish(
    ...([
      event('again', { tag: '1' }),
      event('again', { tag: '1' }),
      event('untagged', { digest: `sha256:${'1'.repeat(64)}` }),
      event('deleted', { tag: '1', digest: `sha256:${'2'.repeat(64)}` }, 'delete'),
      {
        ...event('forged', { tag: '1', digest: `sha256:${'3'.repeat(64)}` }),
        topic: resourceId.replace('baseacr', 'mallory'),
      },
    ] as never[]),
  );
  await world.quiet();
  assert.deepEqual(
    (await world.runsOf('app-one')).map((run) => run.runId),
    before.map((run) => run.runId),
  );
});

longTest(test, 'a build stage counts only where the trigger is All', async () => {
  await world.pushBase('base/stage:1', 'old');
  await world.pushBase('base/final:1', 'old');
  const dockerfile =
    'FROM baseacr.azurecr.io/base/stage:1 AS stage\nFROM baseacr.azurecr.io/base/final:1\nCOPY --from=stage /text /stage\n';
  await world.task('app-runtime', dockerfile);
  await world.task('app-all', dockerfile, {
    properties: { trigger: { baseImageTrigger: { name: 'd', baseImageTriggerType: 'All' } } },
  });
  for (const name of ['app-runtime', 'app-all']) assert.equal((await world.run(name)).status, 'Succeeded');
  const types = (await world.runsOf('app-all'))[0]!.plinth.baseImageDependencies.map(
    (base: { type: string }) => base.type,
  );
  assert.deepEqual(types.sort(), ['BuildTime', 'Runtime']);

  await world.pushBase('base/stage:1', 'new');
  assert.equal((await world.updates('app-all', 1))[0]!.status, 'Succeeded');
  await world.quiet();
  assert.equal((await world.runsOf('app-runtime')).length, 1);
});

longTest(test, 'a push while a run is queued or built ends with one run on the newest digest', async () => {
  await world.pushBase('base/fast:1', 'zero');
  await world.task('app-fast', 'FROM baseacr.azurecr.io/base/fast:1\nCOPY Dockerfile /\n');
  assert.equal((await world.run('app-fast')).status, 'Succeeded');
  for (const text of ['one', 'two', 'three', 'four']) await world.pushBase('base/fast:1', text);
  await world.quiet();
  const updates = (await world.runsOf('app-fast')).filter((run) => run.imageUpdateTrigger);
  const digests = updates.map((run) => run.plinth.baseImageDependencies[0].digest);
  assert.equal(new Set(digests).size, digests.length, 'no two runs on one digest');
  const last = await world.run('app-fast');
  assert.equal(
    last.plinth.baseImageDependencies[0].digest,
    digests[0],
    'nothing newer than the newest run is there',
  );
});

test('an app that is killed as the event comes builds the image all the same, once', async () => {
  await world.pushBase('base/kill:1', 'old');
  await world.task('app-kill', 'FROM baseacr.azurecr.io/base/kill:1\nCOPY Dockerfile /\n');
  assert.equal((await world.run('app-kill')).status, 'Succeeded');
  for (const delay of someRows([0, 20, 60], () => 'a crash')) {
    const before = (await world.runsOf('app-kill')).length;
    await world.pushBase('base/kill:1', `after ${delay}`);
    await new Promise((resolve) => setTimeout(resolve, delay));
    world.stack.app.kill('SIGKILL');
    await world.stack.restartApp();
    // A run whose worker died while it was prepared is another's after a minute, when the clock looks.
    const runs = await eventually('a run after the crash', 240, async () => {
      const found = await world.runsOf('app-kill');
      return found.length > before && found.every((run) => run.finishTime) && found;
    });
    await world.quiet();
    assert.equal(runs[0]!.status, 'Succeeded', runs[0]!.runErrorMessage);
    assert.equal((await world.runsOf('app-kill')).length, before + 1);
  }
});

test.run();
