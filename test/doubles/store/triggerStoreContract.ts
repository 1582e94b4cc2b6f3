import assert from 'node:assert/strict';
import type { Test } from 'uvu';
import type { Webhook } from '../../../shared/model/webhook.ts';
import { ConflictError, type Store } from '../../../shared/ports/store.ts';
import { sampleState } from '../storeContract.ts';

const time = '2026-11-23T10:00:00.000Z';

const sampleWebhook = (registry: string, task: string, trigger: string): Webhook => ({
  registry,
  task,
  trigger,
  hook: {
    provider: 'Github',
    repositoryUrl: 'https://github.com/team/app.git',
    url: `https://plinth.example.com/webhooks/${registry}/${task}/${trigger}`,
    events: ['commit'],
  },
  secret: 'sealed',
  status: 'ByHand',
  ids: [],
  attempts: 0,
});

/** The part of the store's contract that is for timers and webhooks. */
export function testTriggerRows(test: Test, store: () => Store, newRegistry: () => string): void {
  test('only states with timers come when they are asked for', async () => {
    const registry = newRegistry();
    const timers = [{ name: 't1', schedule: '* * * * *', last: time }];
    await store().commit(registry, [
      { put: 'state', value: sampleState(registry, 'plain') },
      { put: 'state', value: { ...sampleState(registry, 'timed'), timers } },
    ]);
    const [timed, ...more] = await store().statesWithTimers(registry);
    assert.deepEqual([timed?.value.timers, more], [timers, []]);
    await store().commit(registry, [
      { put: 'state', value: sampleState(registry, 'timed'), etag: timed!.etag },
    ]);
    assert.deepEqual(await store().statesWithTimers(registry), []);
  });

  test('webhooks are found by their trigger, by their task, and when they are due', async () => {
    const registry = newRegistry();
    const at = (minute: number) => new Date(Date.parse(time) + minute * 60_000);
    const early = { ...sampleWebhook(registry, 'Task-1', 'one'), nextAttempt: at(1).toISOString() };
    const late = { ...sampleWebhook(registry, 'task-1', 'two'), nextAttempt: at(9).toISOString() };
    const never = sampleWebhook(registry, 'task-10', 'one');
    await store().commit(
      registry,
      [early, late, never].map((value) => ({ put: 'webhook', value })),
    );
    const triggers = (found: { value: Webhook }[]) =>
      found.map(({ value }) => `${value.task} ${value.trigger}`).sort();
    assert.deepEqual((await store().webhook(registry, 'TASK-1', 'one'))?.value, early);
    assert.equal(await store().webhook(registry, 'task-1', 'ONE'), undefined);
    assert.deepEqual(triggers(await store().webhooks(registry, 'task-1')), ['Task-1 one', 'task-1 two']);
    assert.equal((await store().webhooks(registry)).length, 3);
    assert.deepEqual(triggers(await store().dueWebhooks(registry, at(0))), []);
    assert.deepEqual(triggers(await store().dueWebhooks(registry, at(1))), ['Task-1 one']);
    await store().commit(registry, [{ remove: 'webhook', value: early }]);
    assert.deepEqual(triggers(await store().dueWebhooks(registry, at(10))), ['task-1 two']);
    await assert.rejects(store().commit(registry, [{ remove: 'webhook', value: early }]), ConflictError);
  });

  test('a delivery is written once, found again, and forgotten when it is old', async () => {
    const registry = newRegistry();
    const delivery = (key: string, hour: number) => ({
      ...{ registry, task: 'task1', trigger: 'one', key, runId: `run of ${key}` },
      time: new Date(Date.parse(time) + hour * 3_600_000).toISOString(),
    });
    const [old, young] = [delivery('push main a..b /#?', 0), delivery('push main b..c', 2)];
    for (const value of [old, young]) await store().commit(registry, [{ put: 'delivery', value }]);
    await assert.rejects(store().commit(registry, [{ put: 'delivery', value: old }]), ConflictError);
    assert.equal(await store().delivery(registry, 'TASK1', 'one', old.key), old.runId);
    assert.equal(await store().delivery(registry, 'task1', 'two', old.key), undefined);
    const hour = new Date(Date.parse(time) + 3_600_000);
    assert.deepEqual(
      [await store().forgetDeliveries(registry, hour, 1), await store().forgetDeliveries(registry, hour, 1)],
      [1, 0],
    );
    assert.equal(await store().delivery(registry, 'task1', 'one', old.key), undefined);
    assert.equal(await store().delivery(registry, 'task1', 'one', young.key), young.runId);
  });
}
