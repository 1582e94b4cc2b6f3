import type { Ports } from '../ports/ports.ts';

/** Longer than any sender offers to deliver again: GitHub keeps deliveries for 30 days at most. */
const keptDays = 90;

/** Once a day, removes the marks of deliveries that nobody will repeat any more. A missed day is caught up the next. */
export async function forgetOldDeliveries({
  store,
  clock,
  settings,
}: Pick<Ports, 'store' | 'clock' | 'settings'>): Promise<void> {
  const now = clock.now();
  if (now.getUTCHours() !== 3 || now.getUTCMinutes() !== 17) return;
  const before = new Date(now.getTime() - keptDays * 24 * 3_600_000);
  for (const { name } of settings.registries) await store.forgetDeliveries(name, before);
}
