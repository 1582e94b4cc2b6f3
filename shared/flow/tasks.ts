import { mergeTask } from '../mergeTask.ts';
import type { TaskState } from '../model/state.ts';
import { type Task, TaskCreate } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { Write } from '../ports/store.ts';
import { differsEachRun } from '../runValues.ts';
import { changeTaskSecrets } from '../secrets.ts';
import { checkStep } from './checkStep.ts';
import { outputReference } from './dockerPlan.ts';
import { taskOwner } from './owners.ts';
import { noTask, Refusal } from './refusal.ts';
import { untilUndisturbed } from './retry.ts';
import { cancelRun } from './runs.ts';

type Flow = Pick<Ports, 'store' | 'seal' | 'clock' | 'settings'>;

/** Creates a task or replaces it; what is known of its base images and runs stays. */
export function putTask(own: KnownRegistry, name: string, create: TaskCreate, ports: Flow): Promise<Task> {
  check(create, own);
  return untilUndisturbed(async () => {
    const [before, state] = await Promise.all([
      ports.store.task(own.name, name),
      ports.store.state(own.name, name),
    ]);
    const owner = taskOwner(own.name, name);
    const task: Task = {
      ...create,
      registry: own.name,
      name: before?.value.name ?? name,
      creationDate: before?.value.creationDate ?? ports.clock.now().toISOString(),
      properties: changeTaskSecrets(create.properties, (secret) => ports.seal.seal(secret, owner)),
    };
    await ports.store.commit(own.name, [
      { put: 'task', value: task, ...(before && { etag: before.etag }) },
      { put: 'state', value: stateOf(task, own, state?.value), ...(state && { etag: state.etag }) },
    ]);
    return task;
  });
}

/**
 * Changes a task by a PATCH body.
 * @throws Refusal 404 for no such task, 400 when the outcome is not a task
 */
export async function patchTask(own: KnownRegistry, name: string, patch: object, ports: Flow): Promise<Task> {
  const before = await openTask(own, name, ports);
  const { registry: _, name: __, creationDate: ___, ...resource } = before;
  const merged = TaskCreate.safeParse(mergeTask(resource as never, patch as never));
  if (!merged.success) throw Refusal.ofSchema(merged.error);
  return putTask(own, name, merged.data, ports);
}

/** A task with its secrets in the clear. @throws Refusal 404 */
export async function openTask(own: KnownRegistry, name: string, { store, seal }: Flow): Promise<Task> {
  const task = (await store.task(own.name, name))?.value;
  if (!task) throw noTask(own.name, name);
  const owner = taskOwner(own.name, task.name);
  return { ...task, properties: changeTaskSecrets(task.properties, (secret) => seal.open(secret, owner)) };
}

/** Deletes a task, its state and its edges; what it has queued is cancelled. False when there was none. */
export async function deleteTask(own: KnownRegistry, name: string, ports: Ports): Promise<boolean> {
  const { store } = ports;
  const state = await store.state(own.name, name);
  const task = await store.task(own.name, name);
  if (!task) return false;
  for (const { runId } of state?.value.open ?? []) await cancelRun(own, runId, ports);
  if (state) {
    const { bases, outputs } = state.value;
    const edges = { bases: bases.map(({ image }) => image), outputs };
    await store.changeEdges({ registry: own.name, task: name }, { bases: [], outputs: [] }, edges);
  }
  const writes: Write[] = [{ remove: 'task', task: name }];
  if (state) writes.push({ remove: 'state', task: name });
  await store.commit(own.name, writes);
  return true;
}

/** The part of a task's definition that decisions need, in the row that decides. */
function stateOf(task: Task, own: KnownRegistry, before: TaskState | undefined): TaskState {
  const { status, trigger, platform, agentConfiguration, timeout, step } = task.properties;
  const base = trigger?.baseImageTrigger;
  const names = step.type === 'Docker' ? step.imageNames : [];
  const stable = names.filter((image) => !differsEachRun(image));
  const { cpu: _, ...kept } = before ?? { bases: [], open: [], outputs: [], cpu: undefined };
  return {
    ...kept,
    registry: own.name,
    task: task.name,
    enabled: status === 'Enabled',
    stepType: step.type,
    trigger: base?.status === 'Enabled' ? base.baseImageTriggerType : 'Disabled',
    platform,
    ...(agentConfiguration?.cpu && { cpu: agentConfiguration.cpu }),
    timeout,
    outputs:
      before?.outputs ??
      stable.filter((name) => !name.includes('{{')).map((name) => outputReference(name, own)),
  };
}

/** What the schema cannot say of a task. @throws Refusal 400 */
function check({ properties, identity }: TaskCreate, own: KnownRegistry): void {
  const { step, credentials } = properties;
  checkStep(step, own);
  for (const [server, { identity: used, userName, password }] of Object.entries(
    credentials?.customRegistries ?? {},
  )) {
    if (used?.toLowerCase() === '[system]' && !identity?.type.includes('SystemAssigned'))
      throw new Refusal(
        400,
        'TaskIdentityMissing',
        `The credentials for ${server} use the task's system-assigned identity, but the task has none. Assign one (--assign-identity).`,
      );
    if (!used && (!userName || !password))
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server} need an identity, or a user name and a password.`,
      );
  }
}
