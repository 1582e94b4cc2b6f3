import type { WebhookView } from '../armResources.ts';
import type { Webhook } from '../model/webhook.ts';
import type { Ports } from '../ports/ports.ts';
import { SealError } from '../ports/seal.ts';
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
    const secret = withSecrets && openOrNone(value.secret, owner, seal);
    return { ...webhookView(value), ...(secret && { secret }) };
  });
}

/** One that does not open is made anew when the task is next written. */
function openOrNone(sealed: string, owner: string, seal: Ports['seal']): string | undefined {
  try {
    return seal.open(sealed, owner);
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

const webhookView = ({ trigger, hook, status, message }: Webhook): WebhookView => ({
  trigger,
  url: hook.url,
  status,
  ...(message && { message }),
});
