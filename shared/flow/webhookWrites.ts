import type { SourceTrigger, TaskProperties } from '../model/task.ts';
import type { Webhook } from '../model/webhook.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { hookOf, planWebhook, removalWhenGone } from '../webhooks.ts';
import { webhookOwner } from './owners.ts';

type Flow = Pick<Ports, 'seal' | 'clock' | 'settings'>;

/**
 * The webhook rows of a task that is written, to be written with it.
 * @param properties with the secrets in the clear; undefined when the task is deleted
 * @param before all webhook rows of the task
 */
export function webhookWrites(
  registry: string,
  task: string,
  properties: TaskProperties | undefined,
  before: Stored<Webhook>[],
  ports: Flow,
): Write[] {
  const triggers = properties?.trigger?.sourceTriggers ?? [];
  const now = ports.clock.now();
  const known = new Map(before.map((row) => [row.value.trigger, row]));
  const writes: Write[] = [];
  const put = (value: Webhook) => {
    const etag = known.get(value.trigger)?.etag;
    writes.push({ put: 'webhook', value, ...(etag && { etag }) });
  };
  for (const trigger of triggers) {
    const key = { registry, task, trigger: trigger.name };
    const plan = planWebhook(
      {
        key,
        hook: hookOf(registry, task, trigger, ports.settings.publicUrl),
        enabled: trigger.status === 'Enabled' && properties?.status === 'Enabled',
        ...sealedSecrets(key, trigger, ports),
      },
      usable(known.get(trigger.name)?.value, ports),
      now,
    );
    put(plan.webhook);
    if (plan.removal) put(plan.removal);
  }
  for (const { value } of before) {
    if (value.status === 'Removing' || triggers.some(({ name }) => name === value.trigger)) continue;
    const removal = removalWhenGone(value, now);
    if (removal) put(removal);
    else writes.push({ remove: 'webhook', value });
  }
  return writes;
}

type Key = Pick<Webhook, 'registry' | 'task' | 'trigger'>;

function sealedSecrets(key: Key, { sourceRepository }: SourceTrigger, { seal }: Flow) {
  const owner = webhookOwner(key.registry, key.task, key.trigger);
  const { token, tokenType } = sourceRepository.sourceControlAuthProperties ?? {};
  return {
    secret: seal.seal(seal.newSecret(), owner),
    ...(token && { token: { token: seal.seal(token, owner), ...(tokenType && { tokenType }) } }),
  };
}

/** A row whose secret was sealed with a key that is gone: what it knows stays, its secret is made anew. */
function usable(webhook: Webhook | undefined, { seal }: Flow): Webhook | undefined {
  if (!webhook) return undefined;
  try {
    seal.open(webhook.secret, webhookOwner(webhook.registry, webhook.task, webhook.trigger));
    return webhook;
  } catch {
    const { token: _, ...rest } = webhook;
    const owner = webhookOwner(webhook.registry, webhook.task, webhook.trigger);
    const secret = seal.seal(seal.newSecret(), owner);
    return { ...rest, secret, status: 'Pending' };
  }
}
