import type { Watch } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { ConflictError } from '../ports/store.ts';

/** Pushes that one round forgets; what is left over is the next round's. */
const pushesAtOnce = 200;
const dayMs = 86_400_000;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Takes decisions that are older than the settings keep them out of the ledger, a day at a time. */
export async function forgetLedger({
  store,
  clock,
  settings,
}: Pick<Ports, 'store' | 'clock' | 'settings'>): Promise<void> {
  const read = await store.watch();
  if (!read) return;
  const oldest = dayOf(clock.now().getTime() - settings.ledgerDays * dayMs);
  // Before the first round nothing was recorded.
  let day = read.value.ledgerFrom ?? oldest;
  let left = pushesAtOnce;
  while (day < oldest && left > 0) {
    const pushes = await store.pushesOf(day, left);
    for (const push of pushes) await store.forgetPush(day, push);
    left -= pushes.length;
    if (left > 0) day = dayOf(Date.parse(day) + dayMs);
  }
  if (day === read.value.ledgerFrom) return;
  const watch: Watch = { ...read.value, ledgerFrom: day };
  try {
    await store.putWatch(watch, read.etag);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
