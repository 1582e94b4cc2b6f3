// Tier: long, contexts of the largest size.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'uvu';
import { startWorld, type World } from '../whole/world.ts';

let world: World;
test.before(async () => {
  world = await startWorld({ settings: { PLINTH_MAX_CONTEXT_MIB: '1' } });
});
test.after(() => world?.stack.stop());

test('a context too large for a function is built from its address, its base proved afterwards and tracked', async () => {
  const large = randomBytes(2 * 2 ** 20).toString('base64');
  const digest = await world.pushBase('base/large:1', 'old');
  await world.task('app-large', 'FROM baseacr.azurecr.io/base/large:1\nCOPY Dockerfile /\n', {
    files: { large },
  });
  const run = await world.run('app-large');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  const base = {
    type: 'Runtime',
    registry: 'baseacr.azurecr.io',
    repository: 'base/large',
    tag: '1',
    digest,
  };
  assert.deepEqual(run.plinth.baseImageDependencies, [base]);
  const task = await world.api.call('GET', '/registries/appacr/tasks/app-large');
  assert.deepEqual(task.properties.step.baseImageDependencies, [base]);

  const newer = await world.pushBase('base/large:1', 'new');
  const [update] = await world.updates('app-large', 1);
  assert.equal(update!.status, 'Succeeded', update!.runErrorMessage);
  assert.equal(update!.plinth.baseImageDependencies[0].digest, newer);
});

test('one that needs a token is not given to the engine: the run says what to do', async () => {
  const large = randomBytes(2 * 2 ** 20).toString('base64');
  await world.task('app-closed', 'FROM scratch\n', {
    files: { large },
    step: { contextAccessToken: 'a-token' },
  });
  const run = await world.run('app-closed');
  assert.equal(run.status, 'Failed');
  assert.match(run.runErrorMessage, /PLINTH_MAX_CONTEXT_MIB/);
});

test.run();
