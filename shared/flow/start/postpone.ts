import { isDeepStrictEqual } from 'node:util';
import { isEnded, type Run } from '../../model/run.ts';
import type { Trouble, Waiting } from '../../model/waiting.ts';
import { without } from '../../model/without.ts';
import type { PlinthError } from '../../names/plinthError.ts';
import type { Ports } from '../../ports/ports.ts';
import { isBeforeItsTime } from '../../rules/queue/mayStart.ts';
import {
  longestPauseSeconds,
  longestRetryAfterSeconds,
  maxStartFaults,
  maxUnknownHosts,
  retryForSeconds,
  retrySeconds,
  roleSeconds,
} from '../../rules/timing.ts';
import { forgetKey } from '../finish/endAtEngine.ts';
import { endRun } from '../finish/endRun.ts';
import { whoAsks } from '../queue/asking.ts';
import { letWait } from '../queue/letWait.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { isRoleMissing, isTransient, isUnknownHost, loudness } from '../transient.ts';

/** What a start met, counted on the run: how long others have not answered, or how often Plinth itself has failed. */
export const moreTrouble = ({ trouble }: Run, now: Date, error?: unknown): Trouble => ({
  since: trouble?.since ?? now.toISOString(),
  count: (trouble?.count ?? 0) + 1,
  ...(isRoleMissing(error) && { roleSince: trouble?.roleSince ?? now.toISOString() }),
  ...(isUnknownHost(error) && { unknownHost: (trouble?.unknownHost ?? 0) + 1 }),
});

/** Seconds until a run is tried again after an error, or undefined when it has been tried long enough. */
export function pauseAfter(
  error: unknown,
  { since, roleSince = since, count, unknownHost = 0 }: Trouble,
  now: Date,
): number | undefined {
  if (isRoleMissing(error)) {
    const left = (lastTry(roleSince, roleSeconds) - now.getTime()) / 1000;
    return left > 0 ? Math.min(growing(count), left) : undefined;
  }
  if (!isTransient(error)) return count >= maxStartFaults ? undefined : growing(count);
  if (unknownHost >= maxUnknownHosts || now.getTime() >= lastTry(since)) return undefined;
  if (unknownHost > 0) return growing(unknownHost);
  const asked = error.retryAfter ?? retrySeconds;
  return asked > 0 ? Math.min(asked, longestRetryAfterSeconds) : retrySeconds;
}

const growing = (count: number) => Math.min(retrySeconds * 2 ** (count - 1), longestPauseSeconds);
const lastTry = (since: string, seconds = retryForSeconds) => Date.parse(since) + seconds * 1000;

/** Why a run waits for a time: what it met, when it is tried next, and until when or how often. Pure. */
function waitAfter(error: unknown, trouble: Trouble, pause: number, now: Date): Waiting {
  const next = now.getTime() + pause * 1000;
  const nextTry = new Date(next).toISOString();
  const last = isRoleMissing(error)
    ? lastTry(trouble.roleSince ?? trouble.since, roleSeconds)
    : lastTry(trouble.since);
  const isForTime = isRoleMissing(error) || (isTransient(error) && !trouble.unknownHost);
  const ends = isForTime ? Math.max(next, last) : undefined;
  const givenUpAt = ends === undefined ? undefined : new Date(ends).toISOString();
  const most = trouble.unknownHost ? maxUnknownHosts : maxStartFaults;
  const end = givenUpAt ? `for the last time at ${toSecond(givenUpAt)}` : `${most} times at most`;
  const reason = `waits, and is tried again at ${toSecond(nextTry)}, ${end}: ${messageOf(error)}`;
  const server = isTransient(error) ? error.busyServer : undefined;
  return {
    runs: [],
    images: [],
    reason,
    nextTry,
    ...(server && { server }),
    ...(givenUpAt && { givenUpAt }),
  };
}

/** How a run waits where another one asks the server. Pure. */
const behind = (asker: string, { registry }: Run, wait: Waiting, error: unknown): Waiting => ({
  ...without(wait, 'nextTry'),
  runs: [`${registry}/${asker}`],
  reason: `waits for ${asker}, which asks ${wait.server} again: ${messageOf(error)}`,
});

const toSecond = (time: string) => time.replace(/\.\d+Z$/, 'Z');

/**
 * The run whose log says at once what it met, when it is tried next and when for the last time, after all that could be
 * read of it before. A missing role is said once, all else after 1, 2, 4, 8 … tries: bytes of a log stay. Pure.
 */
function withNote(
  run: Run,
  error: unknown,
  { reason }: Waiting,
  { trouble, now }: { trouble: Trouble; now: Date },
): Run {
  const text = isRoleMissing(error) ? roleNote(run, error, trouble) : waitNote(reason, trouble);
  if (text === undefined) return run;
  if (run.status !== 'Queued') return { ...run, notes: [...(run.notes ?? []), text] };
  return { ...run, waited: [...(run.waited ?? []), { at: now.toISOString(), text }] };
}

const longestNote = 2000;

function roleNote(
  run: Run,
  { message }: PlinthError,
  { since, roleSince = since }: Trouble,
): string | undefined {
  const said = 'A role is missing, or does not count yet; tried again until';
  const before = [...(run.waited ?? []).map(({ text }) => text), ...(run.notes ?? [])];
  if (run.missingRole || before.some((note) => note.startsWith(said))) return undefined;
  return `${said} ${toSecond(new Date(lastTry(roleSince, roleSeconds)).toISOString())}: ${message}`;
}

function waitNote(reason: string, { count }: Trouble): string | undefined {
  const isPowerOfTwo = (count & (count - 1)) === 0;
  return isPowerOfTwo ? `Try ${count} failed: it ${reason}`.slice(0, longestNote) : undefined;
}

/** How a run ends that was tried long enough. */
export const givenUp = (error: unknown) =>
  isTransient(error) || isRoleMissing(error)
    ? {
        status: 'Failed' as const,
        runErrorMessage: `${error.message}${howLong(error)}`,
      }
    : {
        status: 'Error' as const,
        runErrorMessage: `Plinth failed at this run ${maxStartFaults} times and gave it up: ${messageOf(error)}. The app's log has more; run the task again.`,
      };

function howLong(error: PlinthError): string {
  if (isUnknownHost(error)) return ` It was tried ${maxUnknownHosts} times.`;
  if (!isRoleMissing(error)) return '';
  return ` It was tried for ${roleSeconds / 60} minutes: so long a role that was just assigned may take to count.`;
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A start that failed through no fault of the task: later again, a bounded number of times. */
export async function postponeStart(
  registry: string,
  runId: string,
  error: unknown,
  ports: Ports,
): Promise<void> {
  const now = ports.clock.now();
  ports.log(loudness(error), `run ${runId} starts later: ${messageOf(error)}`, {
    registry,
    runId,
  });
  let tried: Trouble | undefined;
  await retryOnConflict(async () => {
    const run = await ports.store.run(registry, runId);
    if (!run || isEnded(run.value.status) || run.value.engineRunId) return;
    // It was written, and only the answer was lost.
    if (isBeforeItsTime(run.value, now) || (tried && isDeepStrictEqual(run.value.trouble, tried)))
      return void (await ports.queue.sendStart([{ registry, runId }], retrySeconds));
    const trouble = moreTrouble(run.value, now, error);
    tried = trouble;
    const pause = pauseAfter(error, trouble, now);
    if (pause === undefined) {
      if (run.value.status !== 'Queued') await forgetKey(run.value, ports);
      await endRun(registry, runId, givenUp(error), ports);
      return;
    }
    const byItself = waitAfter(error, trouble, pause, now);
    const { asker, writes } = await whoAsks(run.value, byItself, ports);
    const wait = asker ? behind(asker, run.value, byItself, error) : byItself;
    const noted = withNote(run.value, error, wait, { trouble, now });
    if (noted.status === 'Queued') {
      const waiting = { value: noted, etag: run.etag };
      await letWait(waiting, wait, { ...(!asker && { againAfter: pause }), trouble, writes }, ports);
      return;
    }
    // It holds a place of its registry, which a Retry-After of a day would close to all others.
    const held = Math.min(pause, longestPauseSeconds);
    const claimedUntil = new Date(now.getTime() + held * 1000).toISOString();
    const lastUpdatedTime = now.toISOString();
    const value: Run = { ...without(noted, 'preparing'), trouble, claimedUntil, lastUpdatedTime };
    await ports.store.commit(registry, [{ put: 'run', value, etag: run.etag }]);
    await ports.queue.sendStart([{ registry, runId }], held);
  });
}
