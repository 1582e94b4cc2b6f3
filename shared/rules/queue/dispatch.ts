import type { QueueEntry, Slots } from '../../model/state.ts';
import { elapsedMs } from '../elapsed.ts';
import { messageLostSeconds } from '../timing.ts';

/** How many more runs the engine may have of a registry. */
export const freeSlots = ({ running }: Slots, most: number) => Math.max(0, most - running.length);

/** The queued runs whose turn it is: as many as there are free slots. @param heads the queue from its first, in order */
export const turnOf = (slots: Slots, heads: QueueEntry[], most: number): string[] =>
  readable(slots, heads).slice(0, freeSlots(slots, most));

/** Those that the queue is to be read for to find that: none while no slot is free. */
export const turnsWanted = (slots: Slots, most: number) => wanted(slots, freeSlots(slots, most));

/** The slots without runs that were called and do not start now. */
export function withoutCalled({ called = [], ...slots }: Slots, runIds: string[]): Slots {
  const others = called.filter((call) => !runIds.includes(call.runId));
  return { ...slots, ...(others.length > 0 && { called: others }) };
}

/** How many entries of the queue a decision on who is called needs: none where each free slot has its run. */
export function headsWanted(slots: Slots, { now, most }: { now: Date; most: number }): number {
  const stand = standing(slots, now);
  const need = freeSlots(slots, most) - stand.length;
  return need <= 0 ? 0 : wanted(slots, need + stand.length);
}

/**
 * Which queued runs of a registry are sent a start message: for each free slot one, that was not sent one already. One
 * message a run keeps the work linear: if each end of a run sent one to all whose turn it is, each run would be looked
 * at as often as there are slots. A slot stays with the run that was called for it, until that has handled its message
 * or the message counts as lost. Pure.
 * @param heads as headsWanted
 * @param most runs at once; `by` is drawn for this decision, to know it again where the answer of its write is lost
 */
export function dispatch(
  slots: Slots,
  heads: QueueEntry[],
  { now, most, by }: { now: Date; most: number; by: string },
): { slots: Slots; send: string[] } {
  const { called: _before, ...rest } = slots;
  const stand = standing(slots, now);
  const need = Math.max(0, freeSlots(slots, most) - stand.length);
  const send = readable(slots, heads)
    .filter((runId) => !stand.some((call) => call.runId === runId))
    .slice(0, need);
  const called = [...stand, ...send.map((runId) => ({ runId, at: now.toISOString(), by }))];
  return { slots: { ...rest, ...(called.length > 0 && { called }) }, send };
}

/** Those that were called, and whose messages are not lost. */
const standing = ({ called = [] }: Slots, now: Date) =>
  called.filter(({ at }) => elapsedMs(at, now) < messageLostSeconds * 1000);

const wanted = ({ skipped = [] }: Slots, count: number) => (count === 0 ? 0 : count + skipped.length);

const readable = ({ skipped = [] }: Slots, heads: QueueEntry[]) =>
  heads.map(({ runId }) => runId).filter((runId) => !skipped.includes(runId));
