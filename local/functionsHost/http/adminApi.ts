import type { IncomingMessage, ServerResponse } from 'node:http';
import { opens, refusalOf } from './httpKeys.ts';
import { readRequestBody } from './httpMessage.ts';
import type { HttpServing } from './httpServer.ts';

/**
 * The part of the host's admin API that people use: `admin/host/status`, `admin/functions`, and POST
 * `admin/functions/NAME` with `{"input": …}`, which runs a function by hand and answers 202 at once. Master key only.
 */
export async function answerAdmin(
  serving: HttpServing,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  key: string,
): Promise<void> {
  const send = (status: number, value?: unknown) =>
    void response
      .writeHead(status, value === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' })
      .end(value === undefined ? undefined : JSON.stringify(value));
  if (/^\/admin\/host\/ping\/?$/i.test(path)) return send(200);
  if (!opens('admin', key, serving.keys)) return send(refusalOf(key, serving.keys));
  if (/^\/admin\/host\/status\/?$/i.test(path)) return send(200, { state: 'Running', version: '4.1040.0' });
  if (/^\/admin\/functions\/?$/i.test(path))
    return send(
      200,
      serving.functions.map(({ name, bindings }) => ({
        name,
        config: { bindings: Object.values(bindings) },
      })),
    );
  const name = /^\/admin\/functions\/([^/]+)\/?$/i.exec(path)?.[1]?.toLowerCase();
  const definition = serving.functions.find((one) => one.name.toLowerCase() === name);
  if (!definition || request.method !== 'POST') return send(404);
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return send(415);
  const body = await readRequestBody(request);
  let input: unknown = '';
  try {
    input = JSON.parse(body?.toString('utf8') || '{}').input ?? '';
  } catch {
    return send(400);
  }
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  switch (definition.trigger.type.toLowerCase()) {
    case 'timertrigger':
      serving.timers.get(definition.name)?.runNow();
      return send(202);
    case 'queuetrigger':
    case 'eventgridtrigger':
      // The invoker logs a failure; the caller does not wait for it.
      serving.invoke(definition, { string: text }).catch(() => {});
      return send(202);
    default:
      return send(400, {
        error: `A function with a ${definition.trigger.type} is called by its own address`,
      });
  }
}
