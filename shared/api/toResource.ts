import { runTypeOf } from '../model/cause.ts';
import { changeTaskSecrets } from '../model/mapSecrets.ts';
import type { BaseImageDependency, Pin, Run } from '../model/run.ts';
import type { QueuePlace, TaskState } from '../model/state.ts';
import type { Credentials, Task } from '../model/task.ts';
import type { Waiting } from '../model/waiting.ts';
import { without } from '../model/without.ts';
import { eventGuid } from '../names/eventGuid.ts';
import { parseImageRef } from '../names/imageRef.ts';
import { dockerHub } from '../names/registryHost.ts';
import { retryAt } from '../rules/decideOnFailure.ts';
import { stoppedBecause } from '../rules/freshness/failing.ts';

/** The app's identity, for `identity.principalId`: a task's system-assigned identity is the app's own. */
interface AppIdentity {
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

/** What a task's queued run waits for. */
export type WaitingView = { runId: string } & Omit<Waiting, 'images'>;

/**
 * A task as ARM gives it.
 * @param task with its secrets in the clear where `withSecrets`, else as stored
 */
export function toTaskResource(
  task: Task,
  state: TaskState | undefined,
  { id: registryId, app }: { id: string; app: AppIdentity },
  {
    withSecrets = false,
    webhooks = [],
    waiting,
  }: { withSecrets?: boolean; webhooks?: WebhookView[]; waiting?: WaitingView } = {},
) {
  const shown = withSecrets ? task.properties : changeTaskSecrets(task.properties, () => undefined);
  const { credentials, ...rest } = shown;
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
      creationDate: armTime(task.creationDate),
      ...rest,
      ...credentialsOf(credentials, withSecrets),
      step: { ...shown.step, ...(dependencies && { baseImageDependencies: dependencies }) },
      ...plinthOnly({
        automaticRunsStopped: stopped,
        nextTry: state && retryAt(state),
        waitingFor: waiting,
        webhooks: webhooks.length > 0 && webhooks,
      }),
    },
  };
}

/** In ACR's form: absent where there are none, and null for a registry whose password is asked for elsewhere. */
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
 * @param queuePlace place of a queued run, when that was looked up
 */
export function toRunResource(run: Run, registryId: string, queuePlace?: QueuePlace) {
  return {
    id: `${registryId}/runs/${run.runId}`,
    name: run.runId,
    type: 'Microsoft.ContainerRegistry/registries/runs',
    properties: {
      // Of the resource, not of the build: clients wait until it is Succeeded.
      provisioningState: 'Succeeded',
      runId: run.runId,
      status: run.status,
      lastUpdatedTime: armSecond(run.lastUpdatedTime),
      runType: runTypeOf(run),
      createTime: armTime(run.createTime),
      ...(run.startTime && { startTime: armTime(run.startTime) }),
      ...(run.finishTime && { finishTime: armTime(run.finishTime) }),
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
      ...plinthOnly({
        baseImageDependencies: run.pins?.map(dependencyOf),
        waitingFor: run.status === 'Queued' && run.waitingFor && without(run.waitingFor, 'images'),
        queuePlace,
      }),
    },
  };
}

/** A run as ACR answers for it when it is asked for: what is known by then. */
export function toScheduledRun(run: Run, registryId: string) {
  const { properties, ...resource } = toRunResource(run, registryId);
  const { runId, status, lastUpdatedTime, provisioningState, isArchiveEnabled } = properties;
  return { ...resource, properties: { runId, status, lastUpdatedTime, provisioningState, isArchiveEnabled } };
}

/** An instant as ACR writes it in most places: seven digits of a second, and the offset in place of Z. */
const armTime = (iso: string) =>
  iso.replace(
    /(?:\.(\d{1,7}))?Z$/,
    (_, digits: string | undefined) => `.${(digits ?? '').padEnd(7, '0')}+00:00`,
  );

/** The same in whole seconds, as ACR writes when a run was last updated. */
const armSecond = (iso: string) => iso.replace(/(?:\.\d+)?Z$/, '+00:00');

/** What ACR gives a run where nothing else is given. */
const defaultCpu = 2;

/** A base image in ACR's words: its own name of Docker Hub, and Runtime where its log has runtime-dependency. */
function dependencyOf({ image, type, digest, notNewest }: Pin): BaseImageDependency {
  const { registry, repository, tag } = parseImageRef(image);
  return {
    type: type === 'RunTime' ? 'Runtime' : type,
    registry: registry === dockerHub ? 'registry.hub.docker.com' : registry,
    repository,
    ...(tag && { tag }),
    digest,
    ...(notNewest && { notNewest }),
  };
}

/** What ACR does not tell, in one place: nothing of it is an answer's own property. */
function plinthOnly(told: Record<string, unknown>) {
  const known = Object.entries(told).filter(([, value]) => value);
  return known.length > 0 && { plinth: Object.fromEntries(known) };
}
