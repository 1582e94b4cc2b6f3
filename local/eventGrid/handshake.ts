import { randomUUID } from 'node:crypto';
import { type EventSchema, formatEventTime } from './events.ts';

/** Its address without the query, which holds a key. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}

/**
 * Validates an endpoint, as Event Grid does when a subscription is made: a
 * SubscriptionValidationEvent whose code must come back, or, for CloudEvents, the OPTIONS request of their web hook
 * specification.
 * @throws saying which endpoint, what it answered, and what to look at
 */
export async function validateEndpoint(
  endpointUrl: string,
  schema: EventSchema,
  subscription: { name: string; topic: string },
  timeoutMs: number,
): Promise<void> {
  const fail = (what: string, cause?: unknown) =>
    new Error(
      `Event Grid: ${withoutQuery(endpointUrl)} did not pass the validation handshake: ${what}. ` +
        'Is the function there under that functionName, is the key in code= the eventgrid system key, and does it run?',
      { cause },
    );
  const isCloudEvents = schema === 'CloudEventSchemaV1_0';
  const code = randomUUID();
  let response: Response;
  let text: string;
  try {
    response = await fetch(endpointUrl, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(isCloudEvents ? askCloudEvents() : askEventGrid(subscription, code)),
    });
    text = await response.text();
  } catch (cause) {
    throw fail(
      `no answer (${((cause as Error).cause as Error)?.message ?? (cause as Error).message})`,
      cause,
    );
  }
  if (response.status !== 200) throw fail(`HTTP ${response.status}`);
  if (isCloudEvents) {
    const allowed = response.headers.get('webhook-allowed-origin');
    if (allowed !== '*' && allowed !== 'eventgrid.azure.net')
      throw fail(`WebHook-Allowed-Origin is ${allowed ?? 'missing'}, not eventgrid.azure.net`);
    return;
  }
  if (validationResponse(text) !== code)
    throw fail('the validation code did not come back as validationResponse');
}

function askCloudEvents(): RequestInit {
  return {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' },
  };
}

function askEventGrid({ name, topic }: { name: string; topic: string }, code: string): RequestInit {
  const event = {
    id: randomUUID(),
    topic,
    subject: '',
    data: { validationCode: code },
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    eventTime: formatEventTime(new Date()),
    metadataVersion: '1',
    dataVersion: '2',
  };
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'aeg-event-type': 'SubscriptionValidation',
      'aeg-subscription-name': name.toUpperCase(),
    },
    body: JSON.stringify([event]),
  };
}

function validationResponse(text: string): unknown {
  try {
    return JSON.parse(text).validationResponse;
  } catch {
    return undefined;
  }
}
