import type { Pace, Place } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored } from '../ports/store.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'settings'>;

/** The pace of a registry; one that never had a run has none yet. */
export async function paceOf(
  registry: string,
  { store }: Pick<Ports, 'store'>,
): Promise<{ value: Pace; etag: string | undefined }> {
  const pace: Stored<Pace> | undefined = await store.pace(registry);
  return pace ?? { value: { registry, running: [] }, etag: undefined };
}

/** How many more runs the engine may have of a registry. */
export const freePlaces = (pace: Pace, { settings }: Pick<Ports, 'settings'>) =>
  Math.max(0, settings.runsPerRegistry - pace.running.length);

/** The queued runs whose turn it is: as many as there are free places, manual ones first. */
export async function nextInQueue(
  registry: string,
  free: number,
  { store }: Pick<Ports, 'store'>,
): Promise<Place[]> {
  const next: Place[] = [];
  if (free === 0) return next;
  for await (const place of store.places(registry, { waiting: false, top: free })) next.push(place);
  return next;
}

/** Rings for the runs whose turn it is. Whoever frees a place, or steps aside in the queue, calls it. */
export async function ringReady(registry: string, ports: Flow): Promise<void> {
  const free = freePlaces((await paceOf(registry, ports)).value, ports);
  const next = await nextInQueue(registry, free, ports);
  await ports.queue.ringStart(next.map(({ runId }) => ({ registry, runId })));
}
