import { parseAzureDevopsDelivery } from '../../events/azureDevopsDelivery.ts';
import { parseGithubDelivery } from '../../events/githubDelivery.ts';
import { type ReadDelivery, type SourceEvent, SourceEventError } from '../../events/sourceChange.ts';
import type { SourceRunTrigger } from '../../model/run.ts';
import { type SourceTrigger, taskName, triggerName } from '../../model/task.ts';
import type { Webhook } from '../../model/webhook.ts';
import { repositoryUrl } from '../../names/sourceRepository.ts';
import type { Ports } from '../../ports/ports.ts';
import { pausedTask } from '../../rules/bases/policies.ts';
import { decideOnSource } from '../../rules/decideOnSource.ts';
import { enqueue } from '../queue/enqueue.ts';
import { Refusal } from '../refusal.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { webhookOwner } from '../secrets/owners.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings' | 'seal'>;

/** A webhook's request, as it came. */
export interface GivenDelivery {
  body: Uint8Array;
  /** X-Hub-Signature-256: GitHub signs the body. */
  signature: string | undefined;
  /** Azure DevOps cannot sign; it sends the secret as a password. */
  authorization: string | undefined;
  registry: string;
  task: string;
  trigger: string;
  /** X-GitHub-Event and X-GitHub-Delivery */
  event: string | undefined;
  deliveryId: string | undefined;
}

/** What a delivery came to: also the answer that the sender shows in its list of deliveries. */
export type Received = { decision: 'started'; runId: string } | { decision: 'skipped'; reason: string };

/**
 * A webhook was called: proved, read, and for each commit or pull request of the trigger one run is started. Calling it
 * again starts nothing.
 * @throws Refusal 404 for a delivery that is not proved, the same whether or not there is such a trigger; 400 for a
 * body that its sender would not send
 */
export async function onDelivery(given: GivenDelivery, ports: Flow): Promise<Received> {
  const webhook = await provedWebhook(given, ports);
  const { registry, task: name } = webhook;
  const read = readDelivery(webhook, given);
  if ('ignored' in read) return skipped(webhook, read.ignored, ports);

  const task = (await ports.store.task(registry, name))?.value;
  const trigger = task?.properties.trigger?.sourceTriggers?.find((one) => one.name === webhook.trigger);
  if (!task || !trigger) return skipped(webhook, `${name} has no trigger ${webhook.trigger} any more`, ports);
  const choices = read.events.map((event) => ({ event, choice: decideOnSource(event, trigger, task) }));
  for (const { event, choice } of choices)
    if (choice.do === 'start')
      return startRun(webhook, trigger, { id: read.id, event, aside: choice.aside }, ports);
  const [first] = choices;
  return skipped(webhook, first?.choice.do === 'skip' ? first.choice.reason : 'nothing moved', ports);
}

const notAccepted = () =>
  new Refusal(
    404,
    'WebhookNotAccepted',
    'There is no such webhook, or the delivery is not signed with its secret.',
  );

async function provedWebhook(given: GivenDelivery, { store, seal, settings }: Flow): Promise<Webhook> {
  const registry = settings.registries.find(({ name }) => name === given.registry.toLowerCase())?.name;
  const isName = taskName.safeParse(given.task).success && triggerName.safeParse(given.trigger).success;
  const webhook =
    registry && isName ? (await store.webhook(registry, given.task, given.trigger))?.value : undefined;
  // A trigger that does not exist takes as long as one that does.
  const secret = webhook
    ? seal.open(webhook.secret, webhookOwner(webhook.registry, webhook.task, webhook.trigger))
    : seal.newSecret();
  const proved =
    webhook?.hook.provider === 'VisualStudioTeamService'
      ? seal.isSame(passwordOf(given), secret)
      : seal.isSigned(given.body, given.signature?.replace(/^sha256=/i, '') ?? '', secret);
  if (!proved || !webhook) throw notAccepted();
  return webhook;
}

/** The password of Basic authentication; the user does not matter. */
function passwordOf({ authorization = '' }: GivenDelivery): string {
  const [, encoded = ''] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

function readDelivery({ hook }: Webhook, given: GivenDelivery): ReadDelivery {
  const text = Buffer.from(given.body).toString('utf8');
  try {
    if (hook.provider === 'VisualStudioTeamService') return parseAzureDevopsDelivery(text);
    return parseGithubDelivery(given.event ?? '', given.deliveryId ?? '', text);
  } catch (error) {
    if (error instanceof SourceEventError) throw new Refusal(400, 'InvalidWebhookBody', error.message);
    throw error;
  }
}

/** One run for one move: its rows and the marks of the delivery are one transaction. */
async function startRun(
  webhook: Webhook,
  trigger: SourceTrigger,
  { id: deliveryId, event, aside }: { id: string; event: SourceEvent; aside: boolean },
  ports: Flow,
): Promise<Received> {
  const { store, queue } = ports;
  const { registry, task } = webhook;
  const keys = [`delivery ${deliveryId}`, event.move];
  const received = await retryOnConflict(async (): Promise<Received> => {
    for (const key of keys) {
      const runId = await store.delivery(registry, task, trigger.name, key);
      if (runId) return { decision: 'skipped', reason: `run ${runId} was started for it already` };
    }
    const state = await store.state(registry, task);
    if (!state || state.value.deleted) return { decision: 'skipped', reason: `${task} was deleted` };
    if (!state.value.enabled) return { decision: 'skipped', reason: `${task} is disabled` };
    const paused = pausedTask({ registry, task }, ports.settings.policies);
    if (paused) return { decision: 'skipped', reason: paused };
    const { runId } = await enqueue(
      {
        state,
        cause: { kind: 'source', trigger: runTrigger(deliveryId, trigger, event) },
        run: () => (aside ? { aside } : {}),
        writes: ({ runId, createTime: time }) =>
          keys.map((key) => ({
            put: 'delivery',
            value: { registry, task, trigger: trigger.name, runId, time, key },
          })),
      },
      ports,
    );
    return { decision: 'started', runId };
  });
  if (received.decision === 'skipped') return skipped(webhook, received.reason, ports);
  await queue.sendStart([{ registry, runId: received.runId }]);
  ports.log('information', `${event.kind} ${event.commit} of ${event.headBranch}: run ${received.runId}`, {
    registry,
    runId: received.runId,
    task,
  });
  return received;
}

function runTrigger(id: string, { sourceRepository }: SourceTrigger, event: SourceEvent): SourceRunTrigger {
  return {
    id,
    eventType: event.kind === 'commit' ? 'Commit' : 'Pull Request',
    commitId: event.commit,
    ...(event.pullRequest && { pullRequestId: event.pullRequest }),
    repositoryUrl: repositoryUrl(sourceRepository.repositoryUrl),
    branchName: event.headBranch,
    providerType: sourceRepository.sourceControlType,
  };
}

function skipped({ registry, task, trigger }: Webhook, reason: string, { log }: Flow): Received {
  log('information', `webhook ${trigger} of ${task}: nothing started, ${reason}`, { registry });
  return { decision: 'skipped', reason };
}
