import type { KnownRegistry } from '../../model/registry.ts';
import type { TaskState } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Edges, noEdges, UnreadableError } from '../../ports/store.ts';
import { Refusal } from '../refusal.ts';
import { retryOnConflict, toReplace } from '../retryOnConflict.ts';
import { syncTaskWebhooks } from '../webhooks/syncWebhooks.ts';
import { webhookRows, webhookWrites } from '../webhooks/webhookWrites.ts';
import { cancelRun } from './runs.ts';

/**
 * Deletes a task, its state and its edges; what it has queued is cancelled. Its state goes last: where an answer is lost or
 * the process dies, the next DELETE, or the clock, finds in it which edges are left.
 * @returns false when there was none
 */
export async function deleteTask(registry: KnownRegistry, name: string, ports: Ports): Promise<boolean> {
  const wasThere = await retryOnConflict(() => removeTask(registry, name, ports));
  const hadEdges = await finishDelete({ registry: registry.name, task: name }, ports);
  if (!wasThere && !hadEdges) return false;
  await syncTaskWebhooks(registry.name, name, ports);
  return true;
}

/** Removes the edges of a deleted task, and then its state. @returns whether there was one */
export function finishDelete(key: TaskKey, { store }: Ports): Promise<boolean> {
  let isBegun = false;
  return retryOnConflict(async () => {
    const state = await store.state(key.registry, key.task);
    if (!state?.value.deleted) {
      // Another PUT has made the task again meanwhile.
      if (state && isBegun) await store.changeEdges(key, edgesOf(state.value), noEdges);
      return isBegun;
    }
    isBegun = true;
    await store.changeEdges(key, noEdges, edgesOf(state.value));
    await store.forgetState(state);
    return true;
  });
}

function edgesOf({ bases, built, outputs }: TaskState): Edges {
  const images = [...bases, ...(built?.pins ?? [])].map(({ image }) => image);
  return { bases: [...new Set(images)], outputs };
}

/** Removes a task's definition, so that nothing starts it any more. @returns whether it was there */
async function removeTask(registry: KnownRegistry, name: string, ports: Ports): Promise<boolean> {
  const { store } = ports;
  const state = await toReplace(store.state(registry.name, name));
  const task = await toReplace(store.task(registry.name, name));
  if (!task) return false;
  const { open = [], aside = [] } = state?.value ?? {};
  for (const { runId } of [...open, ...aside]) await cancelIfThere(registry, runId, ports);
  const key = { registry: registry.name, task: task.value?.name ?? name };
  const webhooks = await webhookRows(registry.name, name, undefined, ports);
  const ended = state?.value && {
    ...without(state.value, 'timers', 'last', 'aside'),
    ...{ enabled: false, deleted: true, open: [] },
  };
  await store.commit(registry.name, [
    { remove: 'task', task: name },
    ...(ended ? [{ put: 'state' as const, value: ended, etag: state.etag }] : []),
    ...(state && !ended ? [{ remove: 'state' as const, task: name }] : []),
    ...webhookWrites(key, undefined, webhooks, ports),
  ]);
  return true;
}

/** A run whose row is gone or cannot be read does not keep its task from being deleted. */
async function cancelIfThere(registry: KnownRegistry, runId: string, ports: Ports): Promise<void> {
  try {
    await cancelRun(registry, runId, ports);
  } catch (error) {
    const isGone = error instanceof Refusal && error.status === 404;
    if (!isGone && !(error instanceof UnreadableError)) throw error;
    ports.log('warning', `run ${runId} is not cancelled: ${error.message}`, {
      registry: registry.name,
      runId,
    });
  }
}
