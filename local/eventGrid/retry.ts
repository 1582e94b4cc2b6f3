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

type NextStep = { retryInMs: number } | { deadLetter: DeadLetterReason };

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
/** What a subscription's events go to: a function is told apart from other webhooks. */
export type EndpointType = 'WebHook' | 'AzureFunction';

/** What no retry can mend. */
const final: Record<EndpointType, number[]> = {
  WebHook: [400, 401, 403, 413],
  AzureFunction: [400, 403, 413],
};

/** After so many failures in a row an endpoint is left alone, its new events too. */
export const failuresBeforeProbation = 10;

/** For how long, in ms (Microsoft Learn, "delivery and retry", "Delayed delivery"). */
export function probationMs(status: number | undefined): number {
  if (status === undefined || status === 408 || status === 429 || status === 503 || status === 504)
    return 10 * second;
  return [401, 404].includes(status) ? 5 * minute : 30 * second;
}

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
  { retryPolicy: policy, endpointType }: { retryPolicy: RetryPolicy; endpointType: EndpointType },
): NextStep {
  if (status !== undefined && final[endpointType].includes(status))
    return { deadLetter: 'UndeliverableDueToError' };
  if (attempts >= (policy.maxDeliveryAttempts ?? 30)) return { deadLetter: 'MaxDeliveryAttemptsExceeded' };
  const retryInMs = waits[attempts - 1] ?? longestWait;
  const timeToLive = (policy.eventTimeToLiveInMinutes ?? 1440) * minute;
  return ageMs + retryInMs > timeToLive ? { deadLetter: 'TimeToLiveExceeded' } : { retryInMs };
}
