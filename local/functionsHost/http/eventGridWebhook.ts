import type { FunctionDefinition } from '../worker/core.ts';
import type { Invoker } from '../worker/invocation.ts';

interface WebhookRequest {
  method: string;
  query: URLSearchParams;
  header(name: string): string | undefined;
  body: string;
}

interface WebhookAnswer {
  status: number;
  headers?: Record<string, string>;
  text?: string;
}

/**
 * `/runtime/webhooks/eventgrid?functionName=F`: what the Event Grid extension answers. The key was checked before; the
 * name counts with its case.
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
    (one) => one.name === name && one.trigger.type.toLowerCase() === 'eventgridtrigger',
  );
  if (!definition) return { status: 404, text: `cannot find function: '${name}'` };
  if (request.method === 'OPTIONS')
    return { status: 405, text: 'The local host takes events in the Event Grid schema only' };
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
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    text: JSON.stringify({ validationResponse: data.validationCode }),
  };
}

async function notify(
  body: string,
  definition: FunctionDefinition,
  invoke: Invoker['invoke'],
): Promise<void> {
  const parsed: unknown = JSON.parse(body);
  const events: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (events.some((event) => typeof event !== 'object' || event === null))
    throw new Error('The body is neither an event nor an array of events');
  const outcomes = await Promise.allSettled(
    events.map((event) => invoke(definition, { json: JSON.stringify(event) })),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
