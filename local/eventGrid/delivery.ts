import { setTimeout as wait } from 'node:timers/promises';
import { type EventGridEvent, type EventSchema, toCloudEvent } from './events.ts';
import {
  afterFailure,
  type DeadLetterReason,
  type EndpointType,
  failuresBeforeProbation,
  isDelivered,
  probationMs,
  type RetryPolicy,
} from './retry.ts';

export interface Destination {
  subscriptionName: string;
  endpointUrl: string;
  schema: EventSchema;
  retryPolicy: RetryPolicy;
  endpointType: EndpointType;
  /** Failures in a row, of all its events, and until when it is left alone for that (ms since 1970). */
  failures: number;
  aloneUntil: number;
}

/** An event given up, with Event Grid's own words for why. */
export interface DeadLetter {
  event: EventGridEvent;
  subscriptionName: string;
  deadLetterReason: DeadLetterReason;
  deliveryAttempts: number;
  lastHttpStatusCode?: number;
  publishTime: string;
  lastDeliveryAttemptTime: string;
}

interface DeliveryOptions {
  /** What one second of the retry schedule and of the time to live lasts, in seconds. */
  timeScale: number;
  /** How long an endpoint has for its answer; not scaled. */
  responseTimeoutMs: number;
  /** Before the first attempt, in milliseconds. */
  delayMs: number;
  signal: AbortSignal;
  /** Called for every attempt. */
  onAttempt(attempt: number, status: number | undefined, retryInMs: number | undefined): void;
}

/**
 * Brings one event to one endpoint, however often it takes. Resolves with the dead letter when it is given up, with
 * undefined when it was delivered or `signal` ended the wait.
 */
export async function deliver(
  event: EventGridEvent,
  to: Destination,
  options: DeliveryOptions,
): Promise<DeadLetter | undefined> {
  const published = Date.now();
  if (!(await waited(options.delayMs, options.signal))) return undefined;
  for (let attempt = 1; ; attempt += 1) {
    if (!(await waited(to.aloneUntil - Date.now(), options.signal))) return undefined;
    const attempted = Date.now();
    const status = await post(event, to, attempt, options);
    if (options.signal.aborted) return undefined;
    if (isDelivered(status)) {
      to.failures = 0;
      options.onAttempt(attempt, status, undefined);
      return undefined;
    }
    to.failures += 1;
    if (to.failures >= failuresBeforeProbation)
      to.aloneUntil = Date.now() + probationMs(status) * options.timeScale;
    const age = (Date.now() - published) / options.timeScale;
    const step = afterFailure(status, attempt, age, to);
    options.onAttempt(attempt, status, 'retryInMs' in step ? step.retryInMs : undefined);
    if ('deadLetter' in step)
      return {
        event,
        subscriptionName: to.subscriptionName,
        deadLetterReason: step.deadLetter,
        deliveryAttempts: attempt,
        ...(status === undefined ? {} : { lastHttpStatusCode: status }),
        publishTime: new Date(published).toISOString(),
        lastDeliveryAttemptTime: new Date(attempted).toISOString(),
      };
    if (!(await waited(step.retryInMs * options.timeScale, options.signal))) return undefined;
  }
}

/** Waits so many ms, if any; false where the signal ended it. */
const waited = (ms: number, signal: AbortSignal): Promise<boolean> =>
  ms <= 0
    ? Promise.resolve(true)
    : wait(ms, undefined, { signal }).then(
        () => true,
        () => false,
      );

/** One attempt: the status, or undefined when there was no answer in time. */
async function post(
  event: EventGridEvent,
  { endpointUrl, schema, subscriptionName }: Destination,
  attempt: number,
  { responseTimeoutMs, signal }: DeliveryOptions,
): Promise<number | undefined> {
  const isCloudEvents = schema === 'CloudEventSchemaV1_0';
  try {
    const response = await fetch(endpointUrl, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(responseTimeoutMs)]),
      headers: {
        'content-type': `application/${isCloudEvents ? 'cloudevents+json' : 'json'}; charset=utf-8`,
        'aeg-event-type': 'Notification',
        'aeg-subscription-name': subscriptionName.toUpperCase(),
        'aeg-delivery-count': String(attempt - 1),
        'aeg-data-version': event.dataVersion,
        'aeg-metadata-version': event.metadataVersion,
      },
      body: JSON.stringify(isCloudEvents ? toCloudEvent(event) : [event]),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
