import { isDeepStrictEqual } from 'node:util';
import type { QueueEntry, Slots } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Stored } from '../../ports/store.ts';
import {
  dispatch,
  freeSlots,
  headsWanted,
  turnOf,
  turnsWanted,
  withoutCalled,
} from '../../rules/queue/dispatch.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings'>;

/** The slots of a registry and their version; one that never had a run has none yet. */
export async function slotsOf(
  registry: string,
  { store }: Pick<Ports, 'store'>,
): Promise<{ value: Slots; etag: string | undefined }> {
  const pace: Stored<Slots> | undefined = await store.pace(registry);
  return pace ?? { value: { registry, running: [] }, etag: undefined };
}

/** The first of the queue, manual runs first. */
async function headsOf(registry: string, top: number, { store }: Pick<Ports, 'store'>) {
  const heads: QueueEntry[] = [];
  if (top > 0) for await (const entry of store.places(registry, { waiting: false, top })) heads.push(entry);
  return heads;
}

/** Whether as few runs are before it, in its registry's queue, as there are free slots. One that was called is no more. */
export async function isItsTurn(registry: string, runId: string, ports: Flow): Promise<boolean> {
  const { runsPerRegistry: most } = ports.settings;
  const { value: slots } = await slotsOf(registry, ports);
  const isCalled = slots.called?.some((call) => call.runId === runId) ?? false;
  // Who was called needs no look at the queue, as long as there is a slot for it.
  if (isCalled && freeSlots(slots, most) > 0) return true;
  const heads = await headsOf(registry, turnsWanted(slots, most), ports);
  if (turnOf(slots, heads, most).includes(runId)) return true;
  if (isCalled) await callNext(registry, ports, runId);
  return false;
}

/**
 * Sends start messages for the runs whose turn it is, where that was not done. To be called when a slot is freed or a
 * run lets others go first.
 * @param handled runs that do not start now though they may have been called, or whose messages may not have been sent
 */
export const callNext = (registry: string, ports: Flow, ...handled: string[]): Promise<void> =>
  call(registry, ports, (slots) => withoutCalled(slots, handled));

/** The same for all that were called before: a process may have ended before it sent their messages. */
export const callAgain = (registry: string, ports: Flow): Promise<void> =>
  call(registry, ports, ({ called: _called, ...slots }) => slots);

/** @param before the slots as they are to be decided on */
async function call(registry: string, ports: Flow, before: (slots: Slots) => Slots): Promise<void> {
  const { store, queue, clock, settings } = ports;
  const by = crypto.randomUUID();
  const send = await retryOnConflict(async () => {
    const { value, etag } = await slotsOf(registry, ports);
    const mine = value.called?.filter((one) => one.by === by);
    // It was written, and only the answer was lost.
    if (mine?.length) return mine.map(({ runId }) => runId);
    const slots = before(value);
    const terms = { now: clock.now(), most: settings.runsPerRegistry, by };
    const next = dispatch(slots, await headsOf(registry, headsWanted(slots, terms), ports), terms);
    if (isDeepStrictEqual(next.slots, value)) return [];
    await store.commit(registry, [{ put: 'pace', value: next.slots, ...(etag && { etag }) }]);
    return next.send;
  });
  if (send.length > 0) await queue.sendStart(send.map((runId) => ({ registry, runId })));
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
