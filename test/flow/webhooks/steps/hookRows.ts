import { webhookOwner } from '../../../../shared/flow/secrets/owners.ts';
import type { Webhook } from '../../../../shared/model/webhook.ts';
import { createWorld } from '../../../worlds/triggerWorld.ts';

export const registry = 'appacr';
export type World = ReturnType<typeof createWorld>;
export const now = '2026-11-23T10:00:30.000Z';
export const after = (seconds: number) => new Date(Date.parse(now) + seconds * 1000).toISOString();
export const url = 'https://plinth.example.com/webhooks/appacr/webapp/src';

/** A row of the task `webapp` that is due, with its secrets sealed. */
export function rowOf({ ports: { seal } }: World, change: Partial<Webhook> = {}): Webhook {
  const owner = webhookOwner(registry, 'webapp', 'src');
  return {
    ...{
      registry,
      task: 'webapp',
      trigger: 'src',
      status: 'Pending',
      ids: [],
      attempts: 0,
      nextAttempt: now,
    },
    hook: { provider: 'Github', repositoryUrl: 'https://github.com/team/app.git', url, events: ['commit'] },
    secret: seal.seal('word', owner),
    ...{ token: seal.seal('pat', owner), tokenType: 'OAuth' },
    ...change,
  };
}
export async function worldOf(change: Partial<Webhook> = {}) {
  const world = createWorld();
  const row = rowOf(world, change);
  await world.store.commit(registry, [{ put: 'webhook', value: row }]);
  return { world, row };
}
export const rowsLeft = async ({ store }: World) =>
  (await store.webhooks(registry)).map(({ value }) => value);
/** The version of the only row. */
export const etagOf = async ({ store }: World) => (await store.webhooks(registry))[0]!.etag;
