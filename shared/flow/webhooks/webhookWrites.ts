import type { SourceTrigger, TaskProperties } from '../../model/task.ts';
import type { Webhook } from '../../model/webhook.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Write } from '../../ports/store.ts';
import { inPlaceOf } from '../../ports/unknownParts.ts';
import { hookOf, planWebhook, removalWhenGone } from '../../rules/planWebhook.ts';
import { mapAtMost } from '../concurrency.ts';
import { toReplace } from '../retryOnConflict.ts';
import { webhookOwner } from '../secrets/owners.ts';

type Flow = Pick<Ports, 'seal' | 'clock' | 'settings'>;

const readsAtOnce = 4;

/** A row by its trigger; without a value where it cannot be read, and is to be replaced. */
interface WebhookRow {
  trigger: string;
  value: Webhook | undefined;
  etag: string;
}

/** All webhook rows of a task that can be read, and those of its triggers that cannot. */
export async function webhookRows(
  registry: string,
  task: string,
  properties: TaskProperties | undefined,
  { store }: Pick<Ports, 'store'>,
): Promise<WebhookRow[]> {
  const read = (await store.webhooks(registry, task)).map((row) => ({ ...row, trigger: row.value.trigger }));
  const triggers = properties?.trigger?.sourceTriggers?.map(({ name }) => name) ?? [];
  const others = triggers.filter((name) => !read.some(({ trigger }) => trigger === name));
  const replaced = await mapAtMost(others, readsAtOnce, async (trigger) => {
    const row = await toReplace(store.webhook(registry, task, trigger));
    return row ? [{ ...row, trigger }] : [];
  });
  return [...read, ...replaced.flat()];
}

/**
 * The webhook rows of a task that is written, to be written with it.
 * @param properties with the secrets in the clear; undefined when the task is deleted
 * @param before what `webhookRows` read
 */
export function webhookWrites(
  { registry, task }: Pick<Webhook, 'registry' | 'task'>,
  properties: TaskProperties | undefined,
  before: WebhookRow[],
  ports: Flow,
): Write[] {
  const triggers = properties?.trigger?.sourceTriggers ?? [];
  const now = ports.clock.now();
  const known = new Map(before.map((row) => [row.trigger, row]));
  const writes: Write[] = [];
  const put = (value: Webhook) => {
    const stored = known.get(value.trigger);
    writes.push({
      put: 'webhook',
      value: inPlaceOf(stored?.value, value),
      ...(stored && { etag: stored.etag }),
    });
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
    if (!value || value.status === 'Removing' || triggers.some(({ name }) => name === value.trigger))
      continue;
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

/** A row whose secret was sealed with a key that is gone: its members stay, its secret is replaced. */
function usable(webhook: Webhook | undefined, { seal }: Flow): Webhook | undefined {
  if (!webhook) return undefined;
  try {
    seal.open(webhook.secret, webhookOwner(webhook.registry, webhook.task, webhook.trigger));
    return webhook;
  } catch {
    const rest = without(webhook, 'token');
    const owner = webhookOwner(webhook.registry, webhook.task, webhook.trigger);
    const secret = seal.seal(seal.newSecret(), owner);
    return { ...rest, secret, status: 'Pending' };
  }
}
