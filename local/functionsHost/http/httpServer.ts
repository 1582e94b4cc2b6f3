import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../machine/listening.ts';
import type { Timer } from '../timer/timers.ts';
import type { FunctionDefinition } from '../worker/core.ts';
import type { Invoker } from '../worker/invocation.ts';
import type { HostLog } from '../worker/logging.ts';
import { answerAdmin } from './adminApi.ts';
import { answerEventGrid } from './eventGridWebhook.ts';
import { type HostKeys, opens, presentedKey, refusalOf } from './httpKeys.ts';
import { readRequestBody, toRpcRequest, writeRpcResponse } from './httpMessage.ts';
import { compileRoute, type Route } from './httpRoutes.ts';

export interface HttpServing {
  functions: FunctionDefinition[];
  timers: Map<string, Timer>;
  routePrefix: string;
  /** Whether `/` shows nothing instead of the welcome page: the setting AzureWebJobsDisableHomepage. */
  hidesHomepage: boolean;
  keys: HostKeys;
  invoke: Invoker['invoke'];
  log: HostLog;
}

export interface HttpListener {
  port: number;
  /** Takes no more requests; resolves when those under way are answered. */
  stop(): Promise<void>;
}

/** Kestrel's limits, in bytes: of the request line, and of all headers together. */
const maxRequestLine = 8192;
const maxHeaderSize = 32_768;

/** Serves the HTTP functions, the Event Grid webhook and the admin API on loopback. */
export async function startHttpServer(serving: HttpServing, port: number): Promise<HttpListener> {
  const routes = httpRoutes(serving.functions, serving.routePrefix);
  let stopping = false;
  const server = createServer({ maxHeaderSize }, (request, response) => {
    response.on('close', () => stopping && setImmediate(() => server.closeIdleConnections()));
    answer(serving, routes, request, response).catch((error: Error) => {
      // A function's own failure was logged by the invoker; a client that went away needs no answer.
      if (response.headersSent) response.destroy(error);
      else response.writeHead(500).end();
    });
  });
  return {
    port: await listen(server, port),
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

interface FunctionRoute extends Route {
  definition: FunctionDefinition;
  methods: string[];
}

function httpRoutes(functions: FunctionDefinition[], prefix: string): FunctionRoute[] {
  return functions
    .filter(({ trigger }) => trigger.type.toLowerCase() === 'httptrigger')
    .map((definition) => {
      const own = String(definition.trigger.route ?? '') || definition.name;
      if (/^\/?(admin|runtime)(\/|$)/i.test(prefix || own))
        throw new Error(
          `The route of ${definition.name}, '${own}', is the host's own: admin and runtime are taken`,
        );
      const methods = ((definition.trigger.methods ?? []) as string[]).map((method) => method.toUpperCase());
      return { ...compileRoute(prefix ? `${prefix}/${own}` : own), definition, methods };
    });
}

async function answer(
  serving: HttpServing,
  routes: FunctionRoute[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  if (Buffer.byteLength(`${request.method} ${path} HTTP/1.1\r\n`) > maxRequestLine)
    return refuse(response, 414);
  const address = `http://${request.headers.host ?? 'localhost'}${path}`;
  if (!URL.canParse(address) || /%00/.test(path.split('?')[0]!)) return refuse(response, 400);
  const url = new URL(address);
  if (url.pathname === '/' && !routes.some(({ match }) => match('/')))
    return showHomepage(response, serving.hidesHomepage);
  const key = presentedKey(header(request, 'x-functions-key'), url.searchParams);
  if (/^\/admin(\/|$)/i.test(url.pathname)) return answerAdmin(serving, request, response, url.pathname, key);
  if (/^\/runtime\/webhooks\/eventgrid\/?$/i.test(url.pathname)) {
    if (!opens('eventgrid', key, serving.keys)) return refuse(response, refusalOf(key, serving.keys));
    const body = await readRequestBody(request);
    if (!body) return refuse(response, tooLarge);
    const { status, headers, text } = await answerEventGrid(
      {
        method: request.method ?? 'POST',
        query: url.searchParams,
        header: (name) => header(request, name),
        body: body.toString('utf8'),
      },
      serving.functions,
      serving.invoke,
    );
    response.writeHead(status, headers).end(text);
    return;
  }
  // The first that matches, in the order of the functions' names: the real host has no other precedence. The
  // method is part of the route, so that a wrong one is 404.
  for (const { definition, methods, match } of routes) {
    const params = match(url.pathname);
    if (!params || (methods.length > 0 && !methods.includes(request.method ?? ''))) continue;
    const door = { authLevel: definition.trigger.authLevel };
    if (!opens(door, key, serving.keys)) return refuse(response, 401);
    const body = await readRequestBody(request);
    if (!body) return refuse(response, tooLarge);
    const { returnValue } = await serving.invoke(definition, {
      http: toRpcRequest(request, url, params, body),
    });
    return writeRpcResponse(response, returnValue?.http);
  }
  refuse(response, 404);
}

/** What the host answers where the web server under it refuses to read on. */
const tooLarge = 500;

function showHomepage(response: ServerResponse, isHidden: boolean): void {
  if (isHidden) response.writeHead(204).end();
  else
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!DOCTYPE html><title>Your Functions app is up and running</title>');
}

function refuse(response: ServerResponse, status: number): void {
  // What is left of the body is not read: the connection cannot be used again.
  response.writeHead(status, { connection: 'close' }).end();
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
