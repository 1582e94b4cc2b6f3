import type { Fault, Scan } from '../../model/scan.ts';
import type { Ports } from '../../ports/ports.ts';
import { dayMs } from '../../rules/timing.ts';
import { alone } from '../alone.ts';
import { changeScan } from './changeScan.ts';

/** Marks of one registry that a pass removes; what is left over is the next minute's. */
const marksAtOnce = 100;

/** Each day, removes the marks of deliveries that are older than the settings keep them. */
export async function pruneDeliveries(
  ports: Pick<Ports, 'store' | 'clock' | 'settings'>,
  { deliveriesForgotten }: Scan,
): Promise<Fault[] | undefined> {
  const { store, clock, settings } = ports;
  const now = clock.now();
  const today = now.toISOString().slice(0, 10);
  if (deliveriesForgotten === today) return undefined;
  const before = new Date(now.getTime() - settings.deliveryDays * dayMs);
  const faults: Fault[] = [];
  let isDone = true;
  for (const { name } of settings.registries) {
    const removed = await alone(`the deliveries of ${name}`, faults, () =>
      store.forgetDeliveries(name, before, marksAtOnce),
    );
    if (removed === undefined || removed === marksAtOnce) isDone = false;
  }
  if (isDone) await changeScan(ports, (scan) => ({ ...scan, deliveriesForgotten: today }));
  return faults;
}
