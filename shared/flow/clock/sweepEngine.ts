import { isEnded } from '../../model/run.ts';
import type { Fault, Scan } from '../../model/scan.ts';
import { engineKeyOf, runIdOfKey } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import { UnreadableError } from '../../ports/store.ts';
import { alone } from '../alone.ts';
import { changeScan } from './changeScan.ts';
import { hasRuns } from './watchEdges.ts';

type Flow = Pick<Ports, 'store' | 'engine' | 'clock' | 'settings' | 'log'>;

/**
 * Each day, removes what the run engine keeps of runs that have ended: the removal at their end may have failed, and
 * secrets of requests are in it. What another app or a person keeps there is left, and so is what a run that goes on
 * is found by.
 */
export async function sweepEngine(ports: Flow, { engineSwept }: Scan): Promise<Fault[] | undefined> {
  const today = ports.clock.now().toISOString().slice(0, 10);
  if (engineSwept === today) return undefined;
  const faults: Fault[] = [];
  for (const registry of ports.settings.registries)
    await alone(`what stayed at the run engine of ${registry.name}`, faults, async () => {
      if (await hasRuns(registry, ports)) await sweep(registry.name, ports);
    });
  await changeScan(ports, (scan) => ({ ...scan, engineSwept: today }));
  return faults;
}

/** Stops at the first key that cannot be removed: the others meet the same, and tomorrow is another try. */
async function sweep(registry: string, ports: Flow): Promise<void> {
  for (const key of await ports.engine.keys(registry))
    if (await isOfEndedRun(registry, key, ports)) {
      await ports.engine.forget(registry, key);
      ports.log('information', `${key} had stayed at the run engine`, { registry });
    }
}

async function isOfEndedRun(registry: string, key: string, { store }: Flow): Promise<boolean> {
  const runId = runIdOfKey(key);
  if (!runId) return false;
  try {
    const run = (await store.run(registry, runId))?.value;
    return run !== undefined && isEnded(run.status) && engineKeyOf(run) === key.toLowerCase();
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}
