import assert from 'node:assert/strict';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

/** Of the functions that a push comes to, so many are ended that some of them go through. */
const shares = {
  ...{ eventUnanswered: 500, hostSleeps: 500, hostDrains: 300, functionTimedOut: 150 },
  ...{ timersStop: 1000, eventNever: 1000 },
};
/** Each end costs the leases of what was under way, up to 90 s; of three, one preparation would be given up. */
const most = { functionTimedOut: 2 };
const { test, world } = pushRows(
  'a rough host',
  { minuteMs: 400, shares, most },
  someRows(
    [
      { name: 'eventUnanswered', becomes, ended },
      { name: 'hostSleeps', becomes, ended },
      { name: 'hostDrains', becomes, ended },
      { name: 'functionTimedOut', becomes: `${becomes}, when the leases are over`, ended },
      { name: 'timersStop', becomes: `${becomes}, as the event comes`, ended },
    ],
    () => 'a push',
  ),
);

longTest(
  test,
  'hostSleeps: a request that comes while no instance is there waits for one and is answered',
  async () => {
    const { stack, api } = world();
    const before = stack.app.pid;
    stack.roughness.only('hostSleeps');
    await eventually('a sleep', 60, async () => hasEnded(before));
    const { status } = await api.request('GET', '/registries/appacr');
    stack.roughness.only();
    assert.equal(status, 200);
    assert.notEqual(stack.app.pid, before);
  },
);

longTest(
  test,
  'hostDrains: the next instance serves while the one before still ends what it has begun',
  async () => {
    const { stack, api } = world();
    const before = stack.app.pid;
    stack.roughness.only('hostDrains');
    const statuses = new Set<number>();
    await eventually('the next instance', 60, async () => {
      statuses.add((await api.request('GET', '/registries/appacr')).status);
      return stack.app.pid !== before;
    });
    stack.roughness.only();
    assert.deepEqual([...statuses], [200]);
  },
);

longTest(test, 'timersStop: an image whose event is lost is found when the hour is over', async () => {
  const { stack, pushed } = world();
  stack.roughness.only('timersStop');
  const { timersStop } = stack.roughness.counts();
  await eventually('the hour', 20, async () => stack.roughness.counts().timersStop > timersStop);
  const begun = Date.now();
  const outcome = await pushed('app-rough', 'eventNever');
  assert.deepEqual(outcome.ended, ended);
  assert.ok(Date.now() - begun >= 20_000, `after ${Date.now() - begun} ms`);
});

function hasEnded(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}

test.run();
