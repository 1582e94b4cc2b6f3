import type { SourceTrigger } from '../model/task.ts';
import type { Hook, Webhook } from '../model/webhook.ts';
import { without } from '../model/without.ts';
import { isPublicUrl } from '../names/publicUrl.ts';
import {
  devopsRepository,
  githubRepository,
  repositoryKey,
  repositoryUrl,
} from '../names/sourceRepository.ts';

/** The registration that one trigger needs; `publicUrl` is where the internet reaches the app. */
export function hookOf(registry: string, task: string, trigger: SourceTrigger, publicUrl: string): Hook {
  const { sourceControlType: provider, repositoryUrl: url } = trigger.sourceRepository;
  return {
    provider,
    repositoryUrl: repositoryUrl(url),
    url: `${publicUrl}/webhooks/${registry}/${task}/${trigger.name}`,
    events: [...new Set(trigger.sourceTriggerEvents)].sort(),
  };
}

const sameRepository = (a: Hook, b: Hook) =>
  a.provider === b.provider &&
  new URL(a.repositoryUrl).host === new URL(b.repositoryUrl).host &&
  repositoryKey(a.provider, a.repositoryUrl) === repositoryKey(b.provider, b.repositoryUrl);

const isSame = (a: Hook, b: Hook) =>
  sameRepository(a, b) && a.url === b.url && a.events.join() === b.events.join();

/** Something may be there under the hook's address: it was registered, or was tried without a stored answer. */
const mayExist = ({ ids, attempts }: Webhook) => ids.length > 0 || attempts > 0;

/** What a trigger's webhook row becomes; `removal` is a row of its own for what is left at another repository. */
interface WebhookPlan {
  webhook: Webhook;
  removal?: Webhook;
}

/**
 * The row of a trigger's webhook after its task was written. A registration that fits stays; one that differs in
 * events or address is brought up to date; one at another repository is removed there.
 * @param wanted `secret` and `token` are sealed; `secret` is used only where there is none yet
 */
export function planWebhook(
  wanted: {
    key: Pick<Webhook, 'registry' | 'task' | 'trigger'>;
    hook: Hook;
    enabled: boolean;
    secret: string;
    token?: Pick<Webhook, 'token' | 'tokenType'>;
  },
  before: Webhook | undefined,
  now: Date,
): WebhookPlan {
  const { key, hook } = wanted;
  const stays = before !== undefined && sameRepository(before.hook, hook);
  const token = wanted.token ?? (stays ? tokenOf(before) : {});
  const base = { ...key, hook, secret: before?.secret ?? wanted.secret, ...token };
  const kept = stays ? { ids: before.ids, attempts: before.attempts } : { ids: [], attempts: 0 };
  const plan = (rest: Pick<Webhook, 'status' | 'message' | 'nextAttempt'>): WebhookPlan => ({
    webhook: { ...base, ...kept, ...rest },
    ...(before && !stays && mayExist(before) && { removal: removalOf(before, now) }),
  });
  if (stays && before.status === 'Registered' && isSame(before.hook, hook))
    return plan({ status: 'Registered' });
  if (!wanted.enabled && !(stays && mayExist(before)))
    return plan({
      status: 'Off',
      message: 'The trigger is disabled; its webhook is registered once it is enabled.',
    });
  if (!isPublicUrl(hook.url))
    return plan({
      status: 'ByHand',
      message: byHand(hook, `${new URL(hook.url).origin} is no public https address (PLINTH_PUBLIC_URL)`),
    });
  if (!token.token) return plan({ status: 'ByHand', message: byHand(hook, 'the trigger has no token') });
  return plan({ status: 'Pending', nextAttempt: now.toISOString() });
}

const tokenOf = ({ token, tokenType }: Webhook) => ({
  ...(token && { token }),
  ...(tokenType && { tokenType }),
});

/** The row that has a registration removed after its trigger went; undefined where nothing can be left there. */
export function removalWhenGone(webhook: Webhook, now: Date): Webhook | undefined {
  return mayExist(webhook) ? { ...removalOf(webhook, now), trigger: webhook.trigger } : undefined;
}

/** `~` is in no trigger's name, so the row is never in a trigger's way. */
function removalOf(webhook: Webhook, now: Date): Webhook {
  const repository = repositoryKey(webhook.hook.provider, webhook.hook.repositoryUrl).replace(
    /[^a-z0-9.-]+/g,
    '.',
  );
  const trigger = `${webhook.trigger.split('~')[0]}~${repository.slice(0, 100)}`;
  return {
    ...without(webhook, 'message'),
    trigger,
    status: 'Removing',
    nextAttempt: now.toISOString(),
    attempts: 1,
  };
}

/** What a person has to do where Plinth cannot, and why it cannot. */
export function byHand({ provider, repositoryUrl: url, url: address, events }: Hook, why: string): string {
  const secret = 'the secret is in the answer of listDetails of the task';
  if (provider === 'Github') {
    const { host, name } = githubRepository(url);
    const wanted = events.map((event) => (event === 'commit' ? 'Pushes' : 'Pull requests')).join(' and ');
    return `Not registered: ${why}. By hand: add a webhook at https://${host}/${name}/settings/hooks with payload URL ${address}, content type application/json, events ${wanted}; ${secret}.`;
  }
  const { host, organization, project } = devopsRepository(url);
  const wanted = events
    .map((event) =>
      event === 'commit' ? '"Code pushed"' : '"Pull request created" and "Pull request updated"',
    )
    .join(' and ');
  return `Not registered: ${why}. By hand: at https://${host}${organization}/${project}/_settings/serviceHooks create a Web Hooks subscription each for ${wanted} with URL ${address}, any Basic authentication user name, and as password the secret; ${secret}.`;
}

/** What to delete by hand where Plinth no longer can. */
export const removeByHand = ({ hook, ids }: Webhook) =>
  `The webhook ${hook.url} of ${hook.repositoryUrl}${ids.length > 0 ? ` (id ${ids.join(', ')})` : ''} may still be there; delete it by hand.`;
