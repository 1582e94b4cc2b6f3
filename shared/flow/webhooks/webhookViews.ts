import type { WebhookView } from '../../api/toResource.ts';
import type { Webhook } from '../../model/webhook.ts';
import type { Ports } from '../../ports/ports.ts';
import { SealError } from '../../ports/seal.ts';
import { webhookOwner } from '../secrets/owners.ts';

/** The webhooks of a task's source triggers as the API shows them; their secrets only where requested. */
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

/** One that does not open is replaced when the task is next written. */
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
