/**
 * Every delay, time limit and number of tries. How many of something are read or written at once stands where it is
 * done. Relations between them are held by test/rules/timing.test.ts.
 */

/** Seconds from one question to the engine about a run to the next: a trivial build is over in one. */
const followSeconds = [1, 1, 1, 2, 2, 3, 5, 8, 10, 15, 20, 30];
/** Around the end that is expected of a build, questions come after this part of what it takes. */
const followPart = 0.05;
/** So many runs at once may be asked for each second: Resource Manager grants an identity 25 reads. */
const followedInSecond = 20;

/**
 * Seconds until the engine is asked again: growing pauses, none of which passes over the end that is expected of the build.
 * @param age seconds since it was started
 * @param expected seconds that the newest success of the task took
 * @param atOnce runs that the engine may have
 */
export function followAfter(
  asked: number,
  { age = 0, expected, atOnce = 1 }: { age?: number; expected?: number | undefined; atOnce?: number } = {},
): number {
  const pause = followSeconds[Math.min(asked, followSeconds.length - 1)]!;
  if (expected === undefined || age > 2 * expected) return pause;
  const least = Math.max(1, Math.ceil(atOnce / followedInSecond));
  const until = expected * (1 - 4 * followPart) - age;
  const next = until > 0 ? Math.ceil(until) : Math.round(Math.max(age, expected) * followPart);
  return Math.min(pause, Math.max(least, next));
}
/** A question to the engine that failed is asked again. */
export const askAgainSeconds = 15;
/** Azure may answer 404 for a run that exists: it is lost after this many such answers over this long. */
export const lostAfterAnswers = 4;
export const lostAfterSeconds = 60;
/** A run that the engine has not begun in a day is stuck. */
export const engineQueueSeconds = 24 * 3600;
/** The engine ends a run at the run's own limit; Plinth does, this much later. */
export const graceSeconds = 300;
/** A log may come a little later than the end of its run. */
export const logWithinSeconds = 120;
/** How long a process keeps what it has read for `live`, and of the states of tasks for `graph`, `stale` and `why`. */
export const liveKeptMs = 2000;
export const graphKeptMs = 10_000;
/** The signed address of a log is good for as long as the longest run and then some. */
export const logUrlHours = 12;

/** How long a start may take, its long-running operation included. */
export const scheduleSeconds = 80;
/** Seconds between the questions for a start that may have been made: Azure may not show at once what it has taken. */
export const findAgainSeconds = [1, 2, 4];
/** How long a worker that claimed a run has for that, before another asks the engine in its place. */
export const claimSeconds = 90;
/** Interval of the heartbeat of a worker that prepares a run; after twice that without one another takes the run. */
export const beatSeconds = 30;
/** A worker that has not renewed it for so long is taken for dead. */
export const holdMs = 2 * beatSeconds * 1000;
/** So many processes may end while they prepare or finish a run, before it is given up. */
export const maxPreparations = 3;

/** Each conflict means that another write went through, so that many in a row show a fault. */
export const maxConflicts = 25;
/** The row of a registry's slots is what many starts meet at; what was prepared is not thrown away for that. */
export const maxSlotConflicts = 50;

/** A registry, a git host or the engine that cannot be reached is asked again this often, for this long. */
export const retrySeconds = 15;
export const retryForSeconds = 3600;
/** Upper bound of a server's Retry-After: a date far away would be a way to stop Plinth. */
export const longestRetryAfterSeconds = 24 * 3600;
/**
 * A role that is missing may have been assigned just now: by "Troubleshoot Azure RBAC" (Microsoft Learn) a change may take
 * up to ten minutes until it counts.
 */
export const roleSeconds = 600;
/** A host name that does not exist is more often a typing error than a fault of a name server. */
export const maxUnknownHosts = 4;
/** A fault of Plinth itself is tried again so often, with pauses that grow to this. */
export const maxStartFaults = 10;
export const longestPauseSeconds = 300;

/** The same inputs are built so often; then automatic runs stop until something changes. */
export const maxFailures = 3;
/** Minutes after which the same inputs are tried again, by how often they have failed. */
const failurePauseMinutes = [0, 5, 15];
export const failurePauseMs = (failures: number) => (failurePauseMinutes[failures] ?? 0) * 60_000;
/** A missed occurrence of a timer is made up for this long; what is older was better never than now. */
export const makeUpMs = 3_600_000;

/** The host does not come again before its call has ended, so a call ends before the next minute. */
export const clockWaitMs = 45_000;
/** The clocks of two instances differ by less. */
export const clockToleranceMs = 60_000;
/** A clock that has not ticked for so long stands still. */
export const tickLateMs = 300_000;
/** A chore of the clock that has not ended after so long is logged: something in it waits without a limit. */
export const choreLateMs = 1_800_000;
/** A message is lost when its run should have been looked at this long ago. */
export const messageLostSeconds = 60;
/** A run that waits is looked at as a whole in one of so many rounds of the clock. */
export const waitingAgainRounds = 10;
/** A registry that does not answer so often in one scan is left alone until the next. */
export const maxTimeouts = 3;
/** Where a registry that answers 429 names no time. */
export const registryPauseSeconds = 60;

/** The replicas of a registry may disagree for so long after a push; ACR names no bound, and minutes were seen. */
export const replicaLagMs = 900_000;
/** What a replica does not have yet is asked for again after this. */
export const replicaAgainSeconds = 60;

/** Longer than the registration of a webhook takes, so that no other worker tries at the same time. */
export const webhookClaimSeconds = 120;
/** Minutes until the next try: 1, 2, 4 … 60. */
export const webhookRetryMinutes = (attempts: number) => Math.min(60, 2 ** Math.max(0, attempts - 1));
/** A removal is tried for about a day; after that a person has to do it. */
export const maxRemovals = 30;

export const dayMs = 86_400_000;

/** How long each service may take for an answer. */
export const answerMs = {
  registry: 30_000,
  resourceManager: 60_000,
  /** For a token of a managed identity, its endpoint's own retries included. */
  identity: 15_000,
  keyVault: 20_000,
  sourceControl: 10_000,
  /** As long as the service itself works on a request; the SDK's own tries included. */
  storage: 30_000,
} as const;
/** A git host or a server of archives that sends nothing for so long is given up. */
export const sourceIdleSeconds = 30;
/** A whole fetch of a context: a consumption plan ends a function after 300 seconds. */
export const sourceSeconds = 240;
/** Where ARM names no interval for a long-running operation. */
export const pollSeconds = 1;
/** What a caller of the API is asked to wait where storage is busy or away: Azure's SDKs and az try again after it. */
export const callAgainSeconds = 5;
/** An ACR refresh token is good for three hours; it is exchanged again after one. */
export const exchangedForMs = 3_600_000;
/** The host ends the process five seconds after the request to end; the rest is what the hook needs besides. */
export const flushSeconds = 4;
