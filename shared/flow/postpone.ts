import { isEnded, type Run } from '../model/run.ts';
import type { Trouble, Waiting } from '../model/waiting.ts';
import type { Ports } from '../ports/ports.ts';
import { endRun } from './endRun.ts';
import { isBeforeItsTime, letWait } from './queued.ts';
import { untilUndisturbed } from './retry.ts';
import { isTransient, isUnknownHost } from './transient.ts';

/** A registry, a git host or the engine that cannot be reached is asked again this often, for this long. */
const retrySeconds = 15;
const retryForSeconds = 3600;
/** What a server asks for is kept, up to this. */
const longestRetryAfterSeconds = 24 * 3600;
/** A host name that does not exist is a slip of the pen more often than a fault of a name server. */
const mostUnknownHosts = 4;
/** A fault of Plinth itself is tried again this often, with growing pauses, before the run says so and ends. */
const mostFaults = 10;
const longestPauseSeconds = 300;

/** What a start met, counted on the run: how long others have not answered, or how often Plinth itself has failed. */
export const moreTrouble = ({ trouble }: Run, now: Date, error?: unknown): Trouble => ({
  since: trouble?.since ?? now.toISOString(),
  count: (trouble?.count ?? 0) + 1,
  ...(isUnknownHost(error) && { unknownHost: (trouble?.unknownHost ?? 0) + 1 }),
});

/** Seconds until a run is tried again after an error, or undefined when it has been tried long enough. */
export function pauseAfter(
  error: unknown,
  { since, count, unknownHost = 0 }: Trouble,
  now: Date,
): number | undefined {
  if (!isTransient(error)) return count >= mostFaults ? undefined : growing(count);
  if (unknownHost >= mostUnknownHosts || now.getTime() >= lastTry(since)) return undefined;
  if (unknownHost > 0) return growing(unknownHost);
  const asked = error.retryAfter ?? retrySeconds;
  return asked > 0 ? Math.min(asked, longestRetryAfterSeconds) : retrySeconds;
}

const growing = (count: number) => Math.min(retrySeconds * 2 ** (count - 1), longestPauseSeconds);
const lastTry = (since: string) => Date.parse(since) + retryForSeconds * 1000;

/** Why a run waits for a time: what it met, when it is tried next, and until when or how often. Pure. */
export function waitAfter(error: unknown, trouble: Trouble, pause: number, now: Date): Waiting {
  const next = now.getTime() + pause * 1000;
  const nextTry = new Date(next).toISOString();
  const ends =
    isTransient(error) && !trouble.unknownHost ? Math.max(next, lastTry(trouble.since)) : undefined;
  const givenUpAt = ends === undefined ? undefined : new Date(ends).toISOString();
  const most = trouble.unknownHost ? mostUnknownHosts : mostFaults;
  const end = givenUpAt ? `for the last time at ${toSecond(givenUpAt)}` : `${most} times at most`;
  const reason = `waits, and is tried again at ${toSecond(nextTry)}, ${end}: ${messageOf(error)}`;
  return { runs: [], images: [], reason, nextTry, ...(givenUpAt && { givenUpAt }) };
}

const toSecond = (time: string) => time.replace(/\.\d+Z$/, 'Z');

/** How a run ends that was tried long enough. */
export const givenUp = (error: unknown) =>
  isTransient(error)
    ? {
        status: 'Failed' as const,
        runErrorMessage: isUnknownHost(error)
          ? `${error.message} It was tried ${mostUnknownHosts} times.`
          : error.message,
      }
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
    // It was written, and only the answer was lost.
    if (isBeforeItsTime(run.value, ports))
      return void (await ports.queue.ringStart([{ registry, runId }], retrySeconds));
    const trouble = moreTrouble(run.value, now, error);
    const pause = pauseAfter(error, trouble, now);
    if (pause === undefined) {
      await endRun(registry, runId, givenUp(error), ports);
      return;
    }
    if (run.value.status === 'Queued') {
      await letWait(run, waitAfter(error, trouble, pause, now), pause, ports, trouble);
      return;
    }
    const claimedUntil = new Date(now.getTime() + pause * 1000).toISOString();
    const lastUpdatedTime = now.toISOString();
    const { preparing: _, ...kept } = run.value;
    const value: Run = { ...kept, trouble, claimedUntil, lastUpdatedTime };
    await ports.store.commit(registry, [{ put: 'run', value, etag: run.etag }]);
    await ports.queue.ringStart([{ registry, runId }], pause);
  });
}
