import type { Fault, Watch } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { alone } from './alone.ts';
import { changeWatch } from './changeWatch.ts';

/** Pushes that a pass removes, and lists that it reads; what is left over is the next minute's. */
const pushesAtOnce = 200;
const dayMs = 86_400_000;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Each day, takes decisions that are older than the settings keep them out of the ledger, a day at a time. */
export async function forgetLedger(
  ports: Pick<Ports, 'store' | 'clock' | 'settings'>,
  { ledgerFrom }: Watch,
): Promise<Fault[] | undefined> {
  const { store, clock, settings } = ports;
  const oldest = dayOf(clock.now().getTime() - settings.ledgerDays * dayMs);
  if (ledgerFrom !== undefined && ledgerFrom >= oldest) return undefined;
  const faults: Fault[] = [];
  // Before the first round nothing was recorded.
  let day = ledgerFrom ?? oldest;
  for (let left = pushesAtOnce; day < oldest && left > 0; ) {
    const pushes = await store.pushesOf(day, left);
    const kept = faults.length;
    for (const push of pushes)
      await alone(`push ${push} of ${day}`, faults, () => store.forgetPush(day, push));
    // What could not be removed stays: it must not keep the days after it.
    if (faults.length - kept === pushes.length) day = dayOf(Date.parse(day) + dayMs);
    left -= Math.max(1, pushes.length);
  }
  await changeWatch(ports, (watch) => (watch.ledgerFrom === day ? undefined : { ...watch, ledgerFrom: day }));
  return faults;
}
