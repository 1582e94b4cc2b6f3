import { setTimeout as wait } from 'node:timers/promises';
import { type EventGridEvent, type EventSchema, toCloudEvent } from './events.ts';
import { afterFailure, type DeadLetterReason, isDelivered, type RetryPolicy } from './retry.ts';

export interface Destination {
  subscriptionName: string;
  endpointUrl: string;
  schema: EventSchema;
  retryPolicy: RetryPolicy;
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

export interface DeliveryOptions {
  /** What one second of the retry schedule and of the time to live lasts, in seconds. */
  timeScale: number;
  /** How long an endpoint has for its answer; not scaled. */
  responseTimeoutMs: number;
  signal: AbortSignal;
  /** Told of every attempt. */
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
  for (let attempt = 1; ; attempt += 1) {
    const attempted = Date.now();
    const status = await post(event, to, attempt, options);
    if (options.signal.aborted) return undefined;
    if (isDelivered(status)) {
      options.onAttempt(attempt, status, undefined);
      return undefined;
    }
    const age = (Date.now() - published) / options.timeScale;
    const step = afterFailure(status, attempt, age, to.retryPolicy);
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
    try {
      await wait(step.retryInMs * options.timeScale, undefined, { signal: options.signal });
    } catch {
      return undefined;
    }
  }
}

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
