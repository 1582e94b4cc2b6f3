import type { WebhookView } from '../armResources.ts';
import type { Webhook } from '../model/webhook.ts';
import type { Ports } from '../ports/ports.ts';
import { webhookOwner } from './owners.ts';

/** What is told of the webhooks of a task's source triggers; their secrets only where they are asked for. */
export async function webhookViews(
  registry: string,
  task: string,
  { store, seal }: Pick<Ports, 'store' | 'seal'>,
  withSecrets = false,
): Promise<WebhookView[]> {
  return (await store.webhooks(registry, task)).map(({ value }) => {
    const owner = webhookOwner(value.registry, value.task, value.trigger.split('~')[0]!);
    return { ...webhookView(value), ...(withSecrets && { secret: seal.open(value.secret, owner) }) };
  });
}

const webhookView = ({ trigger, hook, status, message }: Webhook): WebhookView => ({
  trigger,
  url: hook.url,
  status,
  ...(message && { message }),
});
