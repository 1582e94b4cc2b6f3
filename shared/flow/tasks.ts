import { isDeepStrictEqual } from 'node:util';
import { mergeTask } from '../mergeTask.ts';
import type { TaskState } from '../model/state.ts';
import { type Task, TaskCreate, type TaskIdentity } from '../model/task.ts';
import { withoutMovedTokens } from '../movedTokens.ts';
import type { KnownRegistry, Ports, Settings } from '../ports/ports.ts';
import type { Write } from '../ports/store.ts';
import { changeTaskSecrets } from '../secrets.ts';
import { timersOf } from '../timers.ts';
import { withoutNulls } from '../withoutNulls.ts';
import { checkCredentials } from './checkCredentials.ts';
import { checkStep, knownOutputs } from './checkStep.ts';
import { checkTriggers } from './checkTriggers.ts';
import { openedAsFar } from './opened.ts';
import { taskOwner } from './owners.ts';
import { noTask, Refusal } from './refusal.ts';
import { toReplace, untilUndisturbed } from './retry.ts';
import { cancelRun } from './runs.ts';
import { settleTaskWebhooks } from './settleWebhooks.ts';
import { lookAbove, RingError } from './waits.ts';
import { webhookWrites } from './webhookWrites.ts';

type Flow = Pick<Ports, 'store' | 'seal' | 'clock' | 'settings' | 'sourceControl' | 'log'>;

/**
 * Creates a task or replaces it; what is known of its base images and runs stays. Its webhooks are registered as far as
 * their servers can be reached.
 * @throws Refusal 400
 */
export async function putTask(
  own: KnownRegistry,
  name: string,
  create: TaskCreate,
  ports: Flow,
): Promise<Task> {
  return writeTask(own, name, () => ({ create, unopened: new Set() }), ports);
}

interface Wanted {
  create: TaskCreate;
  /** Secrets of it that are sealed and do not open: they stay as they are. */
  unopened: Set<string>;
}

/** @param want makes the definition from the one that is there when it is written */
async function writeTask(
  own: KnownRegistry,
  name: string,
  want: (before: Task | undefined) => Wanted,
  ports: Flow,
): Promise<Task> {
  const task = await untilUndisturbed(async () => {
    const [before, state, webhooks] = await Promise.all([
      toReplace(ports.store.task(own.name, name)),
      toReplace(ports.store.state(own.name, name)),
      ports.store.webhooks(own.name, name),
    ]);
    const { create, unopened } = want(before?.value);
    check(create, own, ports.settings);
    const owner = taskOwner(own.name, name);
    const task: Task = {
      ...create,
      registry: own.name,
      name: before?.value?.name ?? name,
      creationDate: before?.value?.creationDate ?? ports.clock.now().toISOString(),
      ...(create.identity && { identity: consistent(create.identity) }),
      properties: changeTaskSecrets(create.properties, (secret) =>
        unopened.has(secret) ? secret : ports.seal.seal(secret, owner),
      ),
    };
    const asBefore = isDeepStrictEqual(
      create.properties,
      before?.value && openedAsFar(before.value, ports).task.properties,
    );
    const value = stateOf(task, own, state?.value, asBefore, ports.clock.now());
    const usable = changeTaskSecrets(create.properties, (secret) =>
      unopened.has(secret) ? undefined : secret,
    );
    await refuseRing(value, ports);
    // Who makes an image is known before its first run, so that those who stand on it wait for that.
    const key = { registry: own.name, task: task.name };
    await ports.store.changeEdges(key, { bases: [], outputs: value.outputs }, noEdges);
    await ports.store.commit(own.name, [
      { put: 'task', value: task, ...(before && { etag: before.etag }) },
      { put: 'state', value, ...(state && { etag: state.etag }) },
      ...webhookWrites(own.name, task.name, usable, webhooks, ports),
    ]);
    const gone = state?.value?.outputs.filter((image) => !value.outputs.includes(image)) ?? [];
    await ports.store.changeEdges(key, noEdges, { bases: [], outputs: gone });
    return task;
  });
  await settleTaskWebhooks(own.name, task.name, ports);
  return task;
}

/** Identities of a kind that the type no longer names are gone, as with any resource of ARM. */
function consistent({ userAssignedIdentities, ...identity }: TaskIdentity): TaskIdentity {
  const keeps = identity.type.includes('UserAssigned') && userAssignedIdentities;
  return keeps ? { ...identity, userAssignedIdentities } : identity;
}

/**
 * Changes a task by a PATCH body.
 * @throws Refusal 404 for no such task, 400 when the outcome is not a task
 */
export function patchTask(own: KnownRegistry, name: string, patch: object, ports: Flow): Promise<Task> {
  const merge = (before: Task | undefined): Wanted => {
    if (!before) throw noTask(own.name, name);
    const { task, unopened } = openedAsFar(before, ports);
    const { registry: _, name: __, creationDate: ___, ...resource } = task;
    const merged = TaskCreate.safeParse(withoutNulls(mergeTask(resource as never, patch as never)));
    if (!merged.success) throw Refusal.ofSchema(merged.error);
    return { create: withoutMovedTokens(task.properties, merged.data, patch), unopened };
  };
  return writeTask(own, name, merge, ports);
}

/** A task with its secrets in the clear, without those that do not open. @throws Refusal 404 */
export async function openTask(own: KnownRegistry, name: string, ports: Flow): Promise<Task> {
  const stored = (await ports.store.task(own.name, name))?.value;
  if (!stored) throw noTask(own.name, name);
  const { task, unopened } = openedAsFar(stored, ports);
  const properties = changeTaskSecrets(task.properties, (secret) =>
    unopened.has(secret) ? undefined : secret,
  );
  return { ...task, properties };
}

/** Deletes a task, its state and its edges; what it has queued is cancelled. False when there was none. */
export async function deleteTask(own: KnownRegistry, name: string, ports: Ports): Promise<boolean> {
  const { store } = ports;
  const deleted = await untilUndisturbed(async () => {
    const state = await toReplace(store.state(own.name, name));
    const task = await toReplace(store.task(own.name, name));
    if (!task) return undefined;
    for (const { runId } of state?.value?.open ?? []) await cancelRun(own, runId, ports);
    const writes: Write[] = [{ remove: 'task', task: name }];
    if (state) writes.push({ remove: 'state', task: name });
    const webhooks = await store.webhooks(own.name, name);
    writes.push(...webhookWrites(own.name, task.value?.name ?? name, undefined, webhooks, ports));
    await store.commit(own.name, writes);
    return { state: state?.value };
  });
  if (!deleted) return false;
  // After the rows: an edge to a task that is gone says nothing, a task without its edges hears of nothing.
  if (deleted.state) {
    const { bases, built, outputs } = deleted.state;
    const images = [...bases, ...(built?.pins ?? [])].map(({ image }) => image);
    const edges = { bases: [...new Set(images)], outputs };
    await store.changeEdges({ registry: own.name, task: name }, noEdges, edges);
  }
  await settleTaskWebhooks(own.name, name, ports);
  return true;
}

const noEdges = { bases: [], outputs: [] };

/** A ring is refused when it is made, as far as it is known by then what the task stands on. */
async function refuseRing(state: TaskState, { store }: Flow): Promise<void> {
  const bases = state.bases.map(({ image }) => image);
  try {
    await lookAbove(state, bases, store, { outputs: state.outputs });
  } catch (error) {
    throw error instanceof RingError ? new Refusal(400, 'TaskRing', error.message) : error;
  }
}

/** The part of a task's definition that decisions need, in the row that decides. */
function stateOf(
  task: Task,
  own: KnownRegistry,
  before: TaskState | undefined,
  asBefore: boolean,
  now: Date,
): TaskState {
  const { status, trigger, platform, agentConfiguration, timeout, step } = task.properties;
  const base = trigger?.baseImageTrigger;
  const {
    cpu: _,
    timers: __,
    ...kept
  } = before ?? { bases: [], open: [], outputs: [], cpu: undefined, timers: undefined };
  const timers = timersOf(task.properties, before, now);
  return {
    ...kept,
    // What failed as it was, may succeed as it is.
    ...(before?.last && !asBefore && { last: { ...before.last, failures: 0 } }),
    registry: own.name,
    task: task.name,
    enabled: status === 'Enabled',
    stepType: step.type,
    trigger: base?.status === 'Enabled' ? base.baseImageTriggerType : 'Disabled',
    platform,
    ...(agentConfiguration?.cpu && { cpu: agentConfiguration.cpu }),
    timeout,
    ...(timers.length > 0 && { timers }),
    outputs: before && asBefore ? before.outputs : knownOutputs(step, own, task.properties.credentials),
  };
}

/** What the schema cannot say of a task. @throws Refusal 400 */
function check({ properties, identity }: TaskCreate, own: KnownRegistry, settings: Settings): void {
  const { step, credentials, trigger } = properties;
  checkTriggers(trigger ?? {});
  checkStep(step, own, credentials);
  checkCredentials(credentials, settings);
  for (const [server, { identity: used, userName, password }] of Object.entries(
    credentials?.customRegistries ?? {},
  )) {
    if (used?.toLowerCase() === '[system]' && !identity?.type.includes('SystemAssigned'))
      throw new Refusal(
        400,
        'TaskIdentityMissing',
        `The credentials for ${server} use the task's system-assigned identity, but the task has none. Assign one (--assign-identity).`,
      );
    if (!used && [userName, password].some((one) => one?.type === 'Vaultsecret'))
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server} are in a key vault: say with which identity of the task it is read (--use-identity).`,
      );
    if (!used && (!userName || !password))
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server} need an identity, or a user name and a password.`,
      );
  }
}
