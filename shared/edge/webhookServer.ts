import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { Refusal } from '../flow/refusal.ts';
import { onDelivery } from '../flow/webhooks/onDelivery.ts';
import { invoke } from './invoke.ts';
import { isChunked, noLength } from './noLength.ts';

/** GitHub sends no more than this (docs.github.com, "Webhook events and payloads"). */
const maxBytes = 25 * 2 ** 20;

/** Serves the webhooks of source triggers. */
export function serveWebhooks(): void {
  app.http('sourceWebhook', {
    route: 'webhooks/{registry}/{task}/{trigger}',
    methods: ['POST'],
    // GitHub and Azure DevOps have no function key and no Entra token: the delivery proves itself.
    authLevel: 'anonymous',
    handler: answer,
  });
}

async function answer(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  try {
    if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge();
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.byteLength > maxBytes) throw tooLarge();
    if (body.byteLength === 0 && isChunked(request)) throw noLength();
    const { registry = '', task = '', trigger = '' } = request.params;
    const header = (name: string) => request.headers.get(name) ?? undefined;
    const given = {
      registry,
      task,
      trigger,
      body,
      signature: header('x-hub-signature-256'),
      authorization: header('authorization'),
      event: header('x-github-event'),
      deliveryId: header('x-github-delivery'),
    };
    const received = await invoke(context, (ports) => onDelivery(given, ports));
    return { status: 200, jsonBody: received };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, code, message } = error;
    return { status, jsonBody: { error: { code, message } } };
  }
}

const tooLarge = () =>
  new Refusal(413, 'RequestEntityTooLarge', `A delivery has at most ${maxBytes / 2 ** 20} MiB.`);
