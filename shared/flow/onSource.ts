import { decideOnSource } from '../decideOnSource.ts';
import { parseDevopsEvent } from '../devopsEvent.ts';
import { parseGithubEvent } from '../githubEvent.ts';
import type { SourceRunTrigger } from '../model/run.ts';
import { type SourceTrigger, type Task, taskName, triggerName } from '../model/task.ts';
import type { Delivery, Webhook } from '../model/webhook.ts';
import type { Ports } from '../ports/ports.ts';
import { formatRunId } from '../runId.ts';
import { type ReadDelivery, type SourceEvent, SourceEventError } from '../sourceEvent.ts';
import { repositoryUrl } from '../sourceRepository.ts';
import { newTaskRun, queueWrites } from './newRun.ts';
import { webhookOwner } from './owners.ts';
import { Refusal } from './refusal.ts';
import { untilUndisturbed } from './retry.ts';

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
export async function receiveDelivery(given: GivenDelivery, ports: Flow): Promise<Received> {
  const webhook = await provedWebhook(given, ports);
  const { registry, task: name } = webhook;
  const read = readDelivery(webhook, given);
  if ('ignored' in read) return skipped(webhook, read.ignored, ports);

  const task = (await ports.store.task(registry, name))?.value;
  const trigger = task?.properties.trigger?.sourceTriggers?.find((one) => one.name === webhook.trigger);
  if (!task || !trigger) return skipped(webhook, `${name} has no trigger ${webhook.trigger} any more`, ports);
  const choices = read.events.map((event) => ({ event, choice: decideOnSource(event, trigger, task) }));
  for (const { event, choice } of choices)
    if (choice.do === 'start') return startRun(webhook, trigger, task, read.id, event, choice.aside, ports);
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
    if (hook.provider === 'VisualStudioTeamService') return parseDevopsEvent(text);
    return parseGithubEvent(given.event ?? '', given.deliveryId ?? '', text);
  } catch (error) {
    if (error instanceof SourceEventError) throw new Refusal(400, 'InvalidWebhookBody', error.message);
    throw error;
  }
}

/** One run for one move: its rows and the marks of the delivery are one transaction. */
async function startRun(
  webhook: Webhook,
  trigger: SourceTrigger,
  task: Task,
  deliveryId: string,
  event: SourceEvent,
  aside: boolean,
  ports: Flow,
): Promise<Received> {
  const { store, clock, queue } = ports;
  const { registry } = webhook;
  const keys = [`delivery ${deliveryId}`, event.move];
  let mine: string | undefined;
  const received = await untilUndisturbed(async (): Promise<Received> => {
    for (const key of keys) {
      const runId = await store.delivery(registry, task.name, trigger.name, key);
      if (runId && runId === mine) return { decision: 'started', runId };
      if (runId) return { decision: 'skipped', reason: `run ${runId} was started for it already` };
    }
    const state = await store.state(registry, task.name);
    if (!state) return { decision: 'skipped', reason: `${task.name} was deleted` };
    const runId = formatRunId(registry, await store.takeRunNumbers(registry, 1));
    mine = runId;
    const sourceTrigger = runTrigger(deliveryId, trigger, event);
    const run = newTaskRun(state.value, runId, clock.now(), { sourceTrigger, ...(aside && { aside }) });
    const mark = { registry, task: task.name, trigger: trigger.name, runId, time: run.createTime };
    const marks = keys.map((key): { put: 'delivery'; value: Delivery } => ({
      put: 'delivery',
      value: { ...mark, key },
    }));
    await store.commit(registry, [...queueWrites(run, state.value, state.etag, true), ...marks]);
    return { decision: 'started', runId };
  });
  if (received.decision === 'skipped') return skipped(webhook, received.reason, ports);
  await queue.ringStart([{ registry, runId: received.runId }]);
  ports.log('information', `${event.kind} ${event.commit} of ${event.headBranch}: run ${received.runId}`, {
    registry,
    runId: received.runId,
    task: task.name,
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
