import type { Presence } from '../../model/scan.ts';
import type { Ports } from '../../ports/ports.ts';
import { tickLateMs } from '../../rules/timing.ts';

type PresencePorts = Pick<Ports, 'store' | 'settings' | 'clock' | 'log'>;

/**
 * Writes down that this app's clock ticks. Another app on the same storage is said in the log, once: each would start
 * the runs of both, and follow runs of registries that are not in its settings. Never throws, as the clock's work does
 * not depend on it.
 * @param said what this process has said of others: two ticks of it may be under way, where one was asked for by hand
 */
export async function notePresence(ports: PresencePorts, said = new Set<string>()): Promise<void> {
  const { store, settings, clock, log } = ports;
  try {
    const known = await store.presences();
    const before = known.find(({ app }) => app === settings.app)?.others ?? [];
    const others = othersOf(known, settings.app, clock.now());
    for (const other of others)
      if (!before.includes(other) && !said.has(other)) log('error', sharedWith(other));
    said.clear();
    for (const other of others) said.add(other);
    await store.putPresence({ app: settings.app, tickedAt: clock.now().toISOString(), others });
  } catch {
    // The clock's chores meet the same table, and say what is wrong with it.
  }
}

/** The apps whose clocks tick on this storage beside an app's own. */
export const othersOf = (known: Presence[], own: string, now: Date): string[] =>
  known
    .filter(({ app, tickedAt }) => app !== own && now.getTime() - Date.parse(tickedAt) < tickLateMs)
    .map(({ app }) => app)
    .sort();

export const sharedWith = (other: string) =>
  `the app ${other} works on this storage too: stop one of the two, or give it a storage account of its own (PlinthStorage__tableServiceUri, PlinthStorage__queueServiceUri)`;
