import type { QueueEntry, Slots } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Stored } from '../../ports/store.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'settings'>;

/** The pace of a registry; one that never had a run has none yet. */
export async function slotsOf(
  registry: string,
  { store }: Pick<Ports, 'store'>,
): Promise<{ value: Slots; etag: string | undefined }> {
  const pace: Stored<Slots> | undefined = await store.pace(registry);
  return pace ?? { value: { registry, running: [] }, etag: undefined };
}

/** How many more runs the engine may have of a registry. */
export const freeSlots = (pace: Slots, { settings }: Pick<Ports, 'settings'>) =>
  Math.max(0, settings.runsPerRegistry - pace.running.length);

/** The queued runs whose turn it is: as many as there are free slots, manual ones first. */
export async function nextInQueue(
  slots: Slots,
  ports: Pick<Ports, 'store' | 'settings'>,
): Promise<QueueEntry[]> {
  const next: QueueEntry[] = [];
  const free = freeSlots(slots, ports);
  if (free === 0) return next;
  const skipped = slots.skipped ?? [];
  const only = { waiting: false, top: free + skipped.length };
  for await (const entry of ports.store.places(slots.registry, only))
    if (!skipped.includes(entry.runId)) next.push(entry);
  return next.slice(0, free);
}

/** Sends start messages for the runs whose turn it is. Called when a slot is freed or a run lets others go first. */
export async function wakeNext(registry: string, ports: Flow): Promise<void> {
  const next = await nextInQueue((await slotsOf(registry, ports)).value, ports);
  await ports.queue.sendStart(next.map(({ runId }) => ({ registry, runId })));
}

/** @param change gives undefined where there is nothing to change; it may be called again */
export function changeSlots(
  registry: string,
  { store }: Pick<Ports, 'store'>,
  change: (slots: Slots) => Slots | undefined,
): Promise<void> {
  return retryOnConflict(async () => {
    const slots = await slotsOf(registry, { store });
    const value = change(slots.value);
    if (value)
      await store.commit(registry, [{ put: 'pace', value, ...(slots.etag && { etag: slots.etag }) }]);
  });
}
