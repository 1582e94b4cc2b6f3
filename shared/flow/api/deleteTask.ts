import type { KnownRegistry } from '../../model/registry.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { UnreadableError } from '../../ports/store.ts';
import { finishDelete } from '../finishDelete.ts';
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

/** Removes a task's definition, so that nothing starts it any more. @returns whether it was there */
async function removeTask(registry: KnownRegistry, name: string, ports: Ports): Promise<boolean> {
  const { store } = ports;
  const state = await toReplace(store.state(registry.name, name));
  const task = await toReplace(store.task(registry.name, name));
  if (!task) return false;
  const { open = [], aside = [] } = state?.value ?? {};
  for (const { runId } of [...open, ...aside]) await cancelIfThere(registry, runId, ports);
  const webhooks = await webhookRows(registry.name, name, undefined, ports);
  const ended = state?.value && {
    ...without(state.value, 'timers', 'last', 'aside'),
    ...{ enabled: false, deleted: true, open: [] },
  };
  await store.commit(registry.name, [
    { remove: 'task', task: name },
    ...(ended ? [{ put: 'state' as const, value: ended, etag: state.etag }] : []),
    ...(state && !ended ? [{ remove: 'state' as const, task: name }] : []),
    ...webhookWrites({ registry: registry.name, task: name }, undefined, webhooks, ports),
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
