import assert from 'node:assert/strict';
import { longTest } from '../../tier.ts';
import { pushRows } from './pushRows.ts';
import { dockerfile, type RoughWorld } from './roughWorld.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

/** A process keeps its tokens for hours; a new one asks for each. */
async function restarted({ stack }: RoughWorld): Promise<void> {
  stack.app.kill('SIGKILL');
  await stack.restartApp();
}

const { test, world } = pushRows('a rough identity', { minuteMs: 3000, shares: { identityBusy: 500 } }, [
  { name: 'identityBusy', becomes, ended, first: restarted },
]);

longTest(
  test,
  'lateRoles: a run waits and names the role while it does not count yet, and succeeds when it does',
  async () => {
    const { stack, task, run, log } = world();
    for (const { id, principalId, scope, role } of stack.roles.list(stack.registries.baseacr!.resourceId))
      if (principalId === stack.plinth.principalId && role === 'AcrPull' && scope.endsWith('baseacr'))
        stack.roles.remove(id);
    await restarted(world());
    await task('app-late', dockerfile);
    stack.roughness.only('lateRoles');
    stack.roles.assign({
      scope: stack.registries.baseacr!.resourceId,
      principalId: stack.plinth.principalId,
      role: 'AcrPull',
    });
    const ran = await run('app-late');
    stack.roughness.only();
    assert.equal(ran.status, 'Succeeded', ran.runErrorMessage);
    assert.match(await log(ran.runId), /tried again until \S+Z: .*Assign it the role AcrPull/);
    assert.ok(stack.roughness.counts().lateRoles > 0);
  },
);

test.run();
