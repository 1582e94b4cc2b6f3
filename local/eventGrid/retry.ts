export type DeadLetterReason =
  | 'MaxDeliveryAttemptsExceeded'
  | 'TimeToLiveExceeded'
  | 'UndeliverableDueToError';

export interface RetryPolicy {
  /** 1 to 30; 30 when not given. */
  maxDeliveryAttempts?: number;
  /** 1 to 1440; 1440 when not given. */
  eventTimeToLiveInMinutes?: number;
}

export type NextStep = { retryInMs: number } | { deadLetter: DeadLetterReason };

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Waits before each further attempt; from then on every 12 h (Microsoft Learn, "delivery and retry"). */
const waits = [
  10 * second,
  30 * second,
  minute,
  5 * minute,
  10 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
];
const longestWait = 12 * hour;

const success = new Set([200, 201, 202, 203, 204]);
/** For webhooks: what no retry can mend. */
const final = new Set([400, 401, 403, 413]);

/** Only 200 to 204 acknowledge an event. */
export function isDelivered(status: number | undefined): boolean {
  return status !== undefined && success.has(status);
}

/**
 * What Event Grid does after an attempt that failed. The service's small random shift is left out.
 * @param status the HTTP status, undefined when no answer came (in time)
 * @param attempts how many there were, this one included
 * @param ageMs since the event was published
 */
export function afterFailure(
  status: number | undefined,
  attempts: number,
  ageMs: number,
  policy: RetryPolicy = {},
): NextStep {
  if (status !== undefined && final.has(status)) return { deadLetter: 'UndeliverableDueToError' };
  if (attempts >= (policy.maxDeliveryAttempts ?? 30)) return { deadLetter: 'MaxDeliveryAttemptsExceeded' };
  const retryInMs = waits[attempts - 1] ?? longestWait;
  const timeToLive = (policy.eventTimeToLiveInMinutes ?? 1440) * minute;
  return ageMs + retryInMs > timeToLive ? { deadLetter: 'TimeToLiveExceeded' } : { retryInMs };
}
