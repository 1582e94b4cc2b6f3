import { isDeepStrictEqual } from 'node:util';
import { applyPatch } from '../../api/applyPatch.ts';
import { withoutMovedTokens } from '../../api/movedTokens.ts';
import { withoutNulls } from '../../api/withoutNulls.ts';
import { changeTaskSecrets } from '../../model/mapSecrets.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { TaskState } from '../../model/state.ts';
import type { Task, TaskCreate, TaskIdentity } from '../../model/task.ts';
import { without } from '../../model/without.ts';
import type { Ports, Settings } from '../../ports/ports.ts';
import { noEdges, type UnreadableError } from '../../ports/store.ts';
import { inPlaceOf } from '../../ports/unknownParts.ts';
import { timersOf } from '../../rules/timers.ts';
import { CycleError } from '../../rules/upstream.ts';
import { tryAnew } from '../queue/letWait.ts';
import { lookUpstream } from '../queue/upstream.ts';
import { noTask, Refusal } from '../refusal.ts';
import { retryOnConflict, toReplace } from '../retryOnConflict.ts';
import { taskOwner } from '../secrets/owners.ts';
import { unsealReadable } from '../secrets/sealedSecrets.ts';
import { syncTaskWebhooks } from '../webhooks/syncWebhooks.ts';
import { webhookRows, webhookWrites } from '../webhooks/webhookWrites.ts';
import { checkCredentials, checkTaskCredentials } from './checkCredentials.ts';
import { checkStep, knownOutputs } from './checkStep.ts';
import { checkTriggers } from './checkTriggers.ts';
import { asTask } from './putBack.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'seal' | 'clock' | 'settings' | 'sourceControl' | 'log'>;

/**
 * Creates a task or replaces it; what is known of its base images and runs stays. Its webhooks are registered as far as
 * their servers can be reached.
 * @param create may depend on the task that is there, its secrets in the clear
 * @throws Refusal 400
 */
export async function putTask(
  registry: KnownRegistry,
  name: string,
  create: TaskCreate | ((before: object) => TaskCreate),
  ports: Flow,
): Promise<Task> {
  const want = (before: Task | undefined): Wanted => {
    if (typeof create !== 'function') return { create, unopened: new Set() };
    const { task, unopened } = before
      ? unsealReadable(before, ports)
      : { task: {}, unopened: new Set<string>() };
    return { create: create(task), unopened };
  };
  return writeTask(registry, name, want, ports);
}

interface Wanted {
  create: TaskCreate;
  /** Secrets of it that are sealed and do not open: they stay as they are. */
  unopened: Set<string>;
}

/**
 * @param want makes the definition from the one that is there when it is written; `unread` where there is one that cannot
 * be read
 */
async function writeTask(
  registry: KnownRegistry,
  name: string,
  want: (before: Task | undefined, unread?: UnreadableError) => Wanted,
  ports: Flow,
): Promise<Task> {
  const { task, queued } = await retryOnConflict(async () => {
    const [before, state] = await Promise.all([
      toReplace(ports.store.task(registry.name, name)),
      toReplace(ports.store.state(registry.name, name)),
    ]);
    const { create, unopened } = want(before?.value, before?.unread);
    check(create, registry, ports.settings);
    const webhooks = await webhookRows(registry.name, name, create.properties, ports);
    const owner = taskOwner(registry.name, name);
    const task: Task = inPlaceOf(before?.value, {
      ...create,
      registry: registry.name,
      name: before?.value?.name ?? name,
      creationDate: before?.value?.creationDate ?? ports.clock.now().toISOString(),
      ...(create.identity && { identity: consistent(create.identity) }),
      properties: changeTaskSecrets(create.properties, (secret) =>
        unopened.has(secret) ? secret : ports.seal.seal(secret, owner),
      ),
    });
    const asBefore = isDeepStrictEqual(
      create.properties,
      before?.value && unsealReadable(before.value, ports).task.properties,
    );
    const value = stateOf(task, registry, { before: state?.value, asBefore }, ports.clock.now());
    const usable = changeTaskSecrets(create.properties, (secret) =>
      unopened.has(secret) ? undefined : secret,
    );
    await refuseCycle(value, ports);
    // A producer is recorded before its first run, so that the dependents of its images wait for it.
    const key = { registry: registry.name, task: task.name };
    await ports.store.changeEdges(key, { bases: [], outputs: value.outputs }, noEdges);
    await ports.store.commit(registry.name, [
      { put: 'task', value: task, ...(before && { etag: before.etag }) },
      { put: 'state', value, ...(state && { etag: state.etag }) },
      ...webhookWrites({ registry: registry.name, task: task.name }, usable, webhooks, ports),
    ]);
    const gone = state?.value?.outputs.filter((image) => !value.outputs.includes(image)) ?? [];
    await ports.store.changeEdges(key, noEdges, { bases: [], outputs: gone });
    const open = asBefore ? [] : value.open.filter(({ phase }) => phase === 'Queued');
    return { task, queued: open.map(({ runId }) => runId) };
  });
  await tryAnew(registry.name, queued, ports);
  await syncTaskWebhooks(registry.name, task.name, ports);
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
 * @throws UnreadableError where the task cannot be read: nothing of it would be left
 */
export function patchTask(registry: KnownRegistry, name: string, patch: object, ports: Flow): Promise<Task> {
  const merge = (before: Task | undefined, unread?: UnreadableError): Wanted => {
    if (unread) throw unread;
    if (!before) throw noTask(registry.name, name);
    const { task, unopened } = unsealReadable(before, ports);
    const resource = without(task, 'registry', 'name', 'creationDate');
    const merged = asTask(withoutNulls(applyPatch(resource as never, patch as never)));
    return { create: withoutMovedTokens(task.properties, merged, patch), unopened };
  };
  return writeTask(registry, name, merge, ports);
}

/** A task with its secrets in the clear, without those that do not open. @throws Refusal 404 */
export async function openTask(registry: KnownRegistry, name: string, ports: Flow): Promise<Task> {
  const stored = (await ports.store.task(registry.name, name))?.value;
  if (!stored) throw noTask(registry.name, name);
  const { task, unopened } = unsealReadable(stored, ports);
  const properties = changeTaskSecrets(task.properties, (secret) =>
    unopened.has(secret) ? undefined : secret,
  );
  return { ...task, properties };
}

/** A cycle is refused when it is made, as far as it is known by then what the task is built from. */
async function refuseCycle(state: TaskState, { store }: Flow): Promise<void> {
  const bases = state.bases.map(({ image }) => image);
  try {
    await lookUpstream(state, bases, store, { outputs: state.outputs });
  } catch (error) {
    throw error instanceof CycleError ? new Refusal(400, 'TaskRing', error.message) : error;
  }
}

/** The part of a task's definition that decisions need, in the row that decisions are made from. */
function stateOf(
  task: Task,
  registry: KnownRegistry,
  { before, asBefore }: { before: TaskState | undefined; asBefore: boolean },
  now: Date,
): TaskState {
  const { status, trigger, platform, agentConfiguration, timeout, step } = task.properties;
  const base = trigger?.baseImageTrigger;
  const kept = before ? without(before, 'cpu', 'timers', 'deleted') : { bases: [], open: [] };
  const timers = timersOf(task.properties, before, now);
  return {
    ...kept,
    // What failed as it was, may succeed as it is.
    ...(before?.last && !asBefore && { last: { ...before.last, failures: 0 } }),
    registry: registry.name,
    task: task.name,
    enabled: status === 'Enabled',
    stepType: step.type,
    trigger: base?.status === 'Enabled' ? base.baseImageTriggerType : 'Disabled',
    platform,
    ...(agentConfiguration?.cpu && { cpu: agentConfiguration.cpu }),
    timeout,
    ...(timers.length > 0 && { timers }),
    outputs: before && asBefore ? before.outputs : knownOutputs(step, registry, task.properties.credentials),
  };
}

/** Checks a task beyond its schema. @throws Refusal 400 */
function check({ properties, identity }: TaskCreate, registry: KnownRegistry, settings: Settings): void {
  const { step, credentials, trigger } = properties;
  checkTriggers(trigger ?? {});
  checkStep(step, registry, credentials);
  checkCredentials(credentials, settings);
  checkTaskCredentials(credentials, identity);
}
