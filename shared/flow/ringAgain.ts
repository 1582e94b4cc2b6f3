import type { Ports } from '../ports/ports.ts';

/** A message is given up for lost when the run should have been asked after this long ago. */
const lostAfterSeconds = 60;

/**
 * Rings again for what a lost message left behind: every queued run, every run that was claimed and not asked for, and
 * every run whose follow-up is overdue. A doorbell too many does nothing.
 */
export async function ringAgain(ports: Pick<Ports, 'store' | 'queue' | 'clock' | 'settings'>): Promise<void> {
  const { store, queue, clock, settings } = ports;
  const now = clock.now().getTime();
  const isOld = (time: string) => now - Date.parse(time) > lostAfterSeconds * 1000;
  for (const { name: registry } of settings.registries) {
    const queued: { registry: string; runId: string }[] = [];
    for await (const { runId } of store.places(registry)) queued.push({ registry, runId });
    await queue.ringStart(queued);
    for (const runId of (await store.pace(registry))?.value.running ?? []) {
      const run = (await store.run(registry, runId))?.value;
      if (!run) continue;
      if (run.engineRunId === undefined) await queue.ringStart([{ registry, runId }]);
      else if (run.followAt && isOld(run.followAt))
        await queue.ringFollow({ registry, runId, at: run.followAt }, 0);
    }
  }
}
