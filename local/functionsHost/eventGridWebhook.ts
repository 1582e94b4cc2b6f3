import type { FunctionDefinition } from './core.ts';
import type { Invoker } from './invocation.ts';

export interface WebhookRequest {
  method: string;
  query: URLSearchParams;
  header(name: string): string | undefined;
  body: string;
}

export interface WebhookAnswer {
  status: number;
  headers?: Record<string, string>;
  text?: string;
}

/** Event Grid in each of Microsoft's clouds, by which it introduces itself in the CloudEvents handshake. */
const origins = [
  'eventgrid.azure.net',
  'eventgrid.azure.us',
  'eventgrid.azure.cn',
  'eventgrid.azure.eaglex.ic.gov',
  'eventgrid.azure.microsoft.scloud',
];

/**
 * `/runtime/webhooks/eventgrid?functionName=F`: what the Event Grid extension answers. The key was checked before.
 * Every event of a body is one invocation, all at once; if any fails the answer is 500, and Event Grid sends the
 * whole body again. Nonsense is 500 too, as it is there.
 */
export async function answerEventGrid(
  request: WebhookRequest,
  functions: FunctionDefinition[],
  invoke: Invoker['invoke'],
): Promise<WebhookAnswer> {
  const name = request.query.get('functionName') ?? '';
  const definition = functions.find(
    (one) =>
      one.name.toLowerCase() === name.toLowerCase() && one.trigger.type.toLowerCase() === 'eventgridtrigger',
  );
  if (!definition) return { status: 404, text: `cannot find function: '${name}'` };
  if (request.method === 'OPTIONS') {
    const asked = request.header('webhook-request-origin') ?? '';
    const allowed = origins.includes(asked) ? asked : origins[0]!;
    return { status: 200, headers: { 'webhook-allowed-origin': allowed } };
  }
  try {
    switch (request.header('aeg-event-type')?.toLowerCase()) {
      case 'subscriptionvalidation':
        return validate(request.body);
      case 'notification':
        await notify(request.body, definition, invoke);
        return { status: 202 };
      case 'unsubscribe':
        return { status: 202 };
      default:
        return { status: 400 };
    }
  } catch (error) {
    return { status: 500, text: (error as Error)?.message ?? String(error) };
  }
}

function validate(body: string): WebhookAnswer {
  const parsed = JSON.parse(body);
  const event = Array.isArray(parsed) ? parsed[0] : parsed;
  const data = typeof event.data === 'string' ? JSON.parse(event.data) : event.data;
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    text: JSON.stringify({ validationResponse: data.validationCode }),
  };
}

async function notify(
  body: string,
  definition: FunctionDefinition,
  invoke: Invoker['invoke'],
): Promise<void> {
  const parsed: unknown = JSON.parse(body);
  if (typeof parsed !== 'object' || parsed === null)
    throw new Error('The body is neither an event nor an array');
  const events: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const batches = definition.trigger.cardinality === 'many' ? [events] : events;
  const outcomes = await Promise.allSettled(
    batches.map((batch) => invoke(definition, { json: JSON.stringify(batch) })),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
