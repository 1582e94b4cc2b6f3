import type { QueueEntry, TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError } from '../../ports/store.ts';
import { withAside, withBack, withoutOpen, withSkipped } from '../../rules/taskState.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { callNext, changeSlots, slotsOf } from './nextInQueue.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings' | 'log'>;

/**
 * A run whose row was removed by hand: its entries in the queue and in the state of its task are removed,
 * so that neither waits for it. Reads all states of the registry, as the row that named its task is gone.
 */
export async function dropGhost(registry: string, runId: string, ports: Flow): Promise<void> {
  const { store, log } = ports;
  const entries: QueueEntry[] = [];
  for await (const entry of store.places(registry)) if (entry.runId === runId) entries.push(entry);
  for (const value of entries)
    await store.commit(registry, [{ remove: 'place', value }]).catch((error) => {
      if (!(error instanceof ConflictError)) throw error;
    });
  await changeStates(registry, runId, ports, withoutOpen);
  log('warning', `run ${runId} of ${registry} has no row any more: nothing waits for it`, {
    registry,
    runId,
  });
  await callNext(registry, ports, runId);
}

/** Changes the state of a run's task, which the run's row cannot name: it is found among all of the registry. */
async function changeStates(
  registry: string,
  runId: string,
  { store }: Pick<Ports, 'store'>,
  change: (state: TaskState, runId: string) => TaskState | undefined,
): Promise<void> {
  const has = ({ open, aside }: TaskState) =>
    [open, aside].some((runs) => runs?.some((run) => run.runId === runId));
  for (const { task } of (await store.states(registry)).filter(has))
    await retryOnConflict(async () => {
      const state = await store.state(registry, task);
      const value = state && has(state.value) && change(state.value, runId);
      if (value) await store.commit(registry, [{ put: 'state', value, etag: state.etag }]);
    });
}

/** No other run of its task or of its dependents waits for a run whose row cannot be read, until it can be. */
export const setAside = (registry: string, runId: string, ports: Pick<Ports, 'store'>) =>
  changeStates(registry, runId, ports, withAside);

/** Its row can be read again. */
export const takeBack = (registry: string, runId: string, ports: Pick<Ports, 'store'>) =>
  changeStates(registry, runId, ports, withBack);

/** A queued run whose row cannot be read lets the runs behind it go first, until the timer can read it. */
export async function skipUnreadable(registry: string, runId: string, ports: Flow): Promise<void> {
  const { running, unread, skipped } = (await slotsOf(registry, ports)).value;
  if ([running, unread, skipped].some((runs) => runs?.includes(runId))) return;
  await setAside(registry, runId, ports);
  await changeSlots(registry, ports, (slots) => withSkipped(slots, runId));
  await callNext(registry, ports, runId);
}
