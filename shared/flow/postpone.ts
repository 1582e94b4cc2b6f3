import { isEnded, type Run } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import { endRun } from './endRun.ts';
import { letWait } from './queued.ts';
import { untilUndisturbed } from './retry.ts';
import { isTransient } from './transient.ts';

/** A registry, a git host or the engine that cannot be reached is asked again this often, for this long. */
const retrySeconds = 15;
const retryForSeconds = 3600;
/** A fault of Plinth itself is tried again this often, with growing pauses, before the run says so and ends. */
const mostFaults = 10;
const longestPauseSeconds = 300;

/** What a start met, counted on the run: how long others have not answered, or how often Plinth itself has failed. */
export const moreTrouble = ({ trouble }: Run, now: Date): NonNullable<Run['trouble']> => ({
  since: trouble?.since ?? now.toISOString(),
  count: (trouble?.count ?? 0) + 1,
});

/** Seconds until a run is tried again after an error, or undefined when it has been tried long enough. */
export function pauseAfter(
  error: unknown,
  { since, count }: NonNullable<Run['trouble']>,
  now: Date,
): number | undefined {
  if (isTransient(error)) {
    if (now.getTime() - Date.parse(since) >= retryForSeconds * 1000) return undefined;
    return error.retryAfter ?? retrySeconds;
  }
  return count >= mostFaults ? undefined : Math.min(retrySeconds * 2 ** (count - 1), longestPauseSeconds);
}

/** How a run ends that was tried long enough. */
export const givenUp = (error: unknown) =>
  isTransient(error)
    ? { status: 'Failed' as const, runErrorMessage: error.message }
    : {
        status: 'Error' as const,
        runErrorMessage: `Plinth failed at this run ${mostFaults} times and gave it up: ${messageOf(error)}. The app's log has more; run the task again.`,
      };

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A start that failed through no fault of the task: later again, a bounded number of times. */
export async function postponeStart(
  registry: string,
  runId: string,
  error: unknown,
  ports: Ports,
): Promise<void> {
  const now = ports.clock.now();
  ports.log(isTransient(error) ? 'warning' : 'error', `run ${runId} starts later: ${messageOf(error)}`, {
    registry,
    runId,
  });
  await untilUndisturbed(async () => {
    const run = await ports.store.run(registry, runId);
    if (!run || isEnded(run.value.status) || run.value.engineRunId) return;
    const trouble = moreTrouble(run.value, now);
    const pause = pauseAfter(error, trouble, now);
    if (pause === undefined) {
      await endRun(registry, runId, givenUp(error), ports);
      return;
    }
    if (run.value.status === 'Queued') {
      const reason = `waits, and is tried again: ${messageOf(error)}`;
      await letWait(run, { runs: [], images: [], reason }, pause, ports, { trouble });
      return;
    }
    const claimedUntil = new Date(now.getTime() + pause * 1000).toISOString();
    const lastUpdatedTime = now.toISOString();
    const value: Run = { ...run.value, trouble, claimedUntil, lastUpdatedTime };
    await ports.store.commit(registry, [{ put: 'run', value, etag: run.etag }]);
    await ports.queue.ringStart([{ registry, runId }], pause);
  });
}
