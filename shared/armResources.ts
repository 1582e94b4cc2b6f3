import { parseImageRef } from './imageRef.ts';
import type { Run } from './model/run.ts';
import type { QueuePlace, TaskState } from './model/state.ts';
import type { Task } from './model/task.ts';
import type { Waiting } from './model/waiting.ts';
import { stoppedBecause } from './reconcile.ts';
import { changeTaskSecrets } from './secrets.ts';

/** Who the app is, for `identity.principalId`: a task's system-assigned identity is the app's own. */
export interface AppIdentity {
  principalId?: string;
  tenantId?: string;
}

/** What a person may have to do for a source trigger, beside ACR's own properties of it. */
export interface WebhookView {
  trigger: string;
  url: string;
  status: string;
  message?: string;
  /** Only where secrets are asked for. */
  secret?: string;
}

/**
 * A task as ARM gives it.
 * @param task with its secrets in the clear where `withSecrets`, else as stored
 */
export function toTaskResource(
  task: Task,
  state: TaskState | undefined,
  registryId: string,
  app: AppIdentity,
  withSecrets = false,
  webhooks: WebhookView[] = [],
) {
  const shown = withSecrets ? task.properties : changeTaskSecrets(task.properties, () => undefined);
  const webhookOf = new Map(webhooks.map(({ trigger, ...view }) => [trigger, view]));
  const { trigger } = shown;
  const sourceTriggers = trigger?.sourceTriggers?.map((source) => {
    const webhook = webhookOf.get(source.name);
    return webhook ? { ...source, webhook } : source;
  });
  const dependencies = state?.built?.pins.map(({ image, type, digest }) => {
    const { registry, repository, tag } = parseImageRef(image);
    return { type, registry, repository, ...(tag && { tag }), digest };
  });
  const stopped = state && stoppedBecause(state);
  return {
    id: `${registryId}/tasks/${task.name}`,
    name: task.name,
    type: 'Microsoft.ContainerRegistry/registries/tasks',
    location: task.location,
    ...(task.tags && { tags: task.tags }),
    ...(task.identity && { identity: identityOf(task.identity, app) }),
    properties: {
      provisioningState: 'Succeeded',
      creationDate: task.creationDate,
      ...shown,
      ...(sourceTriggers && { trigger: { ...trigger, sourceTriggers } }),
      step: { ...shown.step, ...(dependencies && { baseImageDependencies: dependencies }) },
      ...(stopped && { automaticRunsStopped: stopped }),
    },
  };
}

function identityOf(identity: NonNullable<Task['identity']>, app: AppIdentity) {
  const system = identity.type.includes('SystemAssigned');
  return {
    ...identity,
    ...(system && app.principalId && { principalId: app.principalId }),
    ...(system && app.tenantId && { tenantId: app.tenantId }),
  };
}

/**
 * A run as ARM gives it.
 * @param queuePlace where a queued run stands, when that was looked up
 */
export function toRunResource(run: Run, registryId: string, queuePlace?: QueuePlace) {
  return {
    id: `${registryId}/runs/${run.runId}`,
    name: run.runId,
    type: 'Microsoft.ContainerRegistry/registries/runs',
    properties: {
      provisioningState: provisioningState(run),
      runId: run.runId,
      status: run.status,
      lastUpdatedTime: run.lastUpdatedTime,
      runType: run.runType,
      createTime: run.createTime,
      ...(run.startTime && { startTime: run.startTime }),
      ...(run.finishTime && { finishTime: run.finishTime }),
      ...(run.outputImages && { outputImages: run.outputImages }),
      ...(run.task && { task: run.task }),
      ...(run.imageUpdateTrigger && { imageUpdateTrigger: run.imageUpdateTrigger }),
      ...(run.timerTrigger && { timerTrigger: run.timerTrigger }),
      ...(run.sourceTrigger && { sourceTrigger: run.sourceTrigger }),
      platform: run.platform,
      ...(run.cpu && { agentConfiguration: { cpu: run.cpu } }),
      ...(run.agentPoolName && { agentPoolName: run.agentPoolName }),
      ...(run.customRegistries && { customRegistries: run.customRegistries }),
      ...(run.runErrorMessage && { runErrorMessage: run.runErrorMessage }),
      isArchiveEnabled: run.isArchiveEnabled,
      ...plinthProperties(run),
      ...(queuePlace && { queuePlace }),
    },
  };
}

/** What ACR does not tell: the base images a run was pinned to, and what a queued one waits for. */
function plinthProperties(run: Run) {
  return {
    ...(run.pins && {
      baseImageDependencies: run.pins.map(({ image, type, digest }) => {
        const { registry, repository, tag } = parseImageRef(image);
        return { type, registry, repository, ...(tag && { tag }), digest };
      }),
    }),
    ...(run.status === 'Queued' &&
      run.waitingFor && {
        waitingFor: waitingOf(run.waitingFor),
      }),
  };
}

const waitingOf = ({ images: _, ...waiting }: Waiting) => waiting;

function provisioningState({ status }: Run): string {
  if (status === 'Queued' || status === 'Started' || status === 'Running') return 'Creating';
  if (status === 'Succeeded' || status === 'Canceled') return status;
  return 'Failed';
}
