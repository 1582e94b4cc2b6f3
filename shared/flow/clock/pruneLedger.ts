import type { Fault, Scan } from '../../model/scan.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { dayMs } from '../../rules/timing.ts';
import { alone } from '../alone.ts';
import { changeScan } from './changeScan.ts';

/** Pushes that a pass removes, and lists that it reads; what is left over is the next minute's. */
const pushesAtOnce = 200;

/** Days kept for another try, as something of them could not be removed. */
const maxLeft = 100;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Days before the oldest that is kept, at which it begins without a stored position. */
const daysBack = 60;

/**
 * Each day, removes decisions that are older than the settings keep them from the ledger, a day at a time. A day of
 * which something could not be removed does not stop the others: it is tried again with the next ones.
 */
export async function pruneLedger(
  ports: Pick<Ports, 'store' | 'clock' | 'settings'>,
  { ledgerFrom, ledgerLeft = [] }: Scan,
): Promise<Fault[] | undefined> {
  const { store, clock, settings } = ports;
  const oldest = clock.now().getTime() - settings.ledgerDays * dayMs;
  if (ledgerFrom !== undefined && ledgerFrom >= dayOf(oldest)) return undefined;
  const faults: Fault[] = [];
  const days = [...ledgerLeft, ...daysFrom(ledgerFrom ?? dayOf(oldest - daysBack * dayMs), dayOf(oldest))];
  const left = new Set<string>();
  let pushesLeft = pushesAtOnce;
  while (days.length > 0 && pushesLeft > 0) {
    const day = days[0]!;
    const { values: pushes } = await store.pushesOf(day, { top: pushesLeft });
    const before = faults.length;
    for (const push of pushes)
      await alone(`push ${push.id} of ${day}`, faults, () => store.forgetPush(day, push));
    const failed = faults.length - before;
    pushesLeft -= Math.max(1, pushes.length);
    if (failed > 0) left.add(day);
    // Its list is at an end, or holds only what cannot be removed now.
    if (failed === pushes.length) days.shift();
  }
  for (const day of days.filter((one) => ledgerLeft.includes(one))) left.add(day);
  const ledgerFromNow = days.find((day) => !ledgerLeft.includes(day)) ?? dayOf(oldest);
  await changeScan(ports, (scan) => ({
    ...without(scan, 'ledgerLeft'),
    ledgerFrom: ledgerFromNow,
    ...(left.size > 0 && { ledgerLeft: [...left].slice(0, maxLeft) }),
  }));
  return faults;
}

/** Each day from one to before another. */
function daysFrom(first: string, end: string): string[] {
  const days: string[] = [];
  for (let day = first; day < end; day = dayOf(Date.parse(day) + dayMs)) days.push(day);
  return days;
}
