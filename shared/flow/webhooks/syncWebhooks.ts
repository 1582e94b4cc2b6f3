import type { Fault } from '../../model/scan.ts';
import type { Webhook } from '../../model/webhook.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { SourceControlError } from '../../ports/sourceControl.ts';
import { ConflictError, type Stored, type Write } from '../../ports/store.ts';
import { byHand, removeByHand } from '../../rules/planWebhook.ts';
import { maxRemovals, webhookClaimSeconds, webhookRetryMinutes } from '../../rules/timing.ts';
import { alone, unreadIn } from '../alone.ts';
import { mapAtMost } from '../concurrency.ts';
import { webhookOwner } from '../secrets/owners.ts';

type Flow = Pick<Ports, 'store' | 'seal' | 'clock' | 'log' | 'settings' | 'sourceControl'>;

const atOnce = 4;

/** Registers and removes what is due, of every task; called by the timer. */
export async function syncDueWebhooks(ports: Flow): Promise<Fault[]> {
  const now = ports.clock.now();
  const faults: Fault[] = [];
  for (const { name: registry } of ports.settings.registries)
    await alone(`the webhooks of ${registry}`, faults, async () => {
      const due = await ports.store.dueWebhooks(registry, now, unreadIn(faults));
      await mapAtMost(due, atOnce, (webhook) =>
        alone(`webhook ${webhook.value.trigger} of ${webhook.value.task}`, faults, () =>
          settle(webhook, ports),
        ),
      );
    });
  return faults;
}

/**
 * Registers and removes what is due of one task, right after it was written. It never fails: the task is written, and
 * the timer tries again what fails here.
 */
export async function syncTaskWebhooks(registry: string, task: string, ports: Flow): Promise<void> {
  const now = ports.clock.now().toISOString();
  try {
    const webhooks = await ports.store.webhooks(registry, task);
    const due = webhooks.filter(({ value }) => value.nextAttempt !== undefined && value.nextAttempt <= now);
    await mapAtMost(due, atOnce, (webhook) => settle(webhook, ports));
  } catch (error) {
    ports.log('error', `the webhooks of ${task} wait for the clock: ${(error as Error).message}`, {
      registry,
    });
  }
}

/** One attempt: claimed by the row's version, then the server is asked, then the outcome is written. */
async function settle(due: Stored<Webhook>, ports: Flow): Promise<void> {
  const { registry, task, trigger } = due.value;
  const { store, clock } = ports;
  const until = new Date(clock.now().getTime() + webhookClaimSeconds * 1000).toISOString();
  const claimed: Webhook = { ...due.value, attempts: due.value.attempts + 1, nextAttempt: until };
  try {
    await store.commit(registry, [{ put: 'webhook', value: claimed, etag: due.etag }]);
    const row = await store.webhook(registry, task, trigger);
    if (!row || row.value.nextAttempt !== until) return;
    const outcome = await attempt(claimed, ports);
    const write: Write = outcome
      ? { put: 'webhook', value: outcome, etag: row.etag }
      : { remove: 'webhook', value: claimed };
    await store.commit(registry, [write]);
  } catch (error) {
    // The task was written meanwhile: its new row is due by itself.
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** What the row becomes; undefined when there is nothing left of it. */
async function attempt(webhook: Webhook, ports: Flow): Promise<Webhook | undefined> {
  const { registry, task, hook, status } = webhook;
  const owner = webhookOwner(registry, task, webhook.trigger.split('~')[0]!);
  const rest = without(webhook, 'nextAttempt', 'message');
  const facts = { registry, task, trigger: webhook.trigger };
  try {
    if (!webhook.token) throw new SourceControlError('there is no token');
    const token = {
      token: ports.seal.open(webhook.token, owner),
      tokenType: webhook.tokenType ?? 'PAT',
    } as const;
    if (status === 'Removing') {
      await ports.sourceControl.remove(hook, token);
      ports.log('information', `webhook ${hook.url} removed`, facts);
      return undefined;
    }
    const ids = await ports.sourceControl.register(hook, ports.seal.open(webhook.secret, owner), token);
    ports.log('information', `webhook ${hook.url} registered`, facts);
    return { ...rest, status: 'Registered', ids, attempts: 0 };
  } catch (error) {
    const { message } = error as Error;
    const again = error instanceof SourceControlError && error.transient;
    ports.log('warning', `webhook ${hook.url}: ${message}`, { ...facts, again });
    if (again && !(status === 'Removing' && webhook.attempts >= maxRemovals)) {
      const seconds = Math.max(webhookRetryMinutes(webhook.attempts) * 60, error.retryAfter ?? 0);
      const next = ports.clock.now().getTime() + seconds * 1000;
      return { ...webhook, message, nextAttempt: new Date(next).toISOString() };
    }
    if (status !== 'Removing') return { ...rest, status: 'ByHand', message: byHand(hook, message) };
    ports.log('warning', removeByHand(webhook), facts);
    return undefined;
  }
}
