import { eventGuid } from './eventGuid.ts';
import { parseImageRef } from './imageRef.ts';
import { type BaseImageDependency, type Pin, type Run, runTypeOf } from './model/run.ts';
import type { QueuePlace, TaskState } from './model/state.ts';
import type { Credentials, Task } from './model/task.ts';
import type { Waiting } from './model/waiting.ts';
import { stoppedBecause } from './reconcile.ts';
import { dockerHub } from './registryHost.ts';
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
  const { credentials, ...rest } = shown;
  const { trigger } = shown;
  const sourceTriggers = trigger?.sourceTriggers?.map((source) => {
    const webhook = webhookOf.get(source.name);
    return webhook ? { ...source, webhook } : source;
  });
  const dependencies = state?.built?.pins.map(dependencyOf);
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
      ...rest,
      ...credentialsOf(credentials, withSecrets),
      ...(sourceTriggers && { trigger: { ...trigger, sourceTriggers } }),
      step: { ...shown.step, ...(dependencies && { baseImageDependencies: dependencies }) },
      ...(stopped && { automaticRunsStopped: stopped }),
    },
  };
}

/** As ACR tells them: nothing where there are none, and null for a registry whose password is asked for elsewhere. */
function credentialsOf(credentials: Credentials | undefined, withSecrets: boolean) {
  const { customRegistries, ...rest } = credentials ?? {};
  const entries = Object.entries(customRegistries ?? {}).map(([server, custom]) => {
    const hasPassword = [custom.userName, custom.password].some((one) => one?.type === 'Opaque');
    return [server, hasPassword && !withSecrets ? null : custom];
  });
  const shown = { ...rest, ...(entries.length > 0 && { customRegistries: Object.fromEntries(entries) }) };
  return Object.keys(shown).length > 0 && { credentials: shown };
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
      // Of the resource, not of the build: clients wait while it says anything else.
      provisioningState: 'Succeeded',
      runId: run.runId,
      status: run.status,
      lastUpdatedTime: run.lastUpdatedTime,
      runType: runTypeOf(run),
      createTime: run.createTime,
      ...(run.startTime && { startTime: run.startTime }),
      ...(run.finishTime && { finishTime: run.finishTime }),
      ...(run.outputImages && { outputImages: run.outputImages }),
      ...(run.task && { task: run.task }),
      ...(run.imageUpdateTrigger && {
        imageUpdateTrigger: { ...run.imageUpdateTrigger, id: eventGuid(run.imageUpdateTrigger.id) },
      }),
      ...(run.timerTrigger && { timerTrigger: run.timerTrigger }),
      ...(run.sourceTrigger && { sourceTrigger: run.sourceTrigger }),
      platform: run.platform,
      agentConfiguration: { cpu: run.cpu ?? defaultCpu },
      ...(run.agentPoolName && { agentPoolName: run.agentPoolName }),
      ...(run.customRegistries && { customRegistries: run.customRegistries }),
      ...(run.runErrorMessage && { runErrorMessage: run.runErrorMessage }),
      isArchiveEnabled: run.isArchiveEnabled,
      ...plinthProperties(run),
      ...(queuePlace && { queuePlace }),
    },
  };
}

/** What ACR gives a run where nobody says so. */
const defaultCpu = 2;

/** A base image in ACR's words: its own name of Docker Hub, and Runtime where its log has runtime-dependency. */
function dependencyOf({ image, type, digest }: Pin): BaseImageDependency {
  const { registry, repository, tag } = parseImageRef(image);
  return {
    type: type === 'RunTime' ? 'Runtime' : type,
    registry: registry === dockerHub ? 'registry.hub.docker.com' : registry,
    repository,
    ...(tag && { tag }),
    digest,
  };
}

/** What ACR does not tell: the base images a run was pinned to, and what a queued one waits for. */
function plinthProperties(run: Run) {
  return {
    ...(run.pins && {
      baseImageDependencies: run.pins.map(dependencyOf),
    }),
    ...(run.status === 'Queued' &&
      run.waitingFor && {
        waitingFor: waitingOf(run.waitingFor),
      }),
  };
}

const waitingOf = ({ images: _, ...waiting }: Waiting) => waiting;
