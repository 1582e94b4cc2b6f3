import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesOfPackage } from '../../../infra/package.ts';
import { packageOfSource } from '../../../local/functionsHost/deployPackage.ts';
import { startHttpServer } from '../../../local/functionsHost/http/httpServer.ts';
import { loadApp } from '../../../local/functionsHost/worker/app.ts';
import { makeInvoker } from '../../../local/functionsHost/worker/invocation.ts';
import { listen } from '../../../local/machine/listening.ts';

/** What is answered to `GET /path?query`: a value as JSON, or a status with an error of ARM's shape. */
export type ApiAnswer =
  | { json: unknown }
  | { status: number; code: string; message: string }
  /** As something else than the app answers, or a part of an answer. */
  | { raw: string; status: number }
  /** A log, which may go on. */
  | { text: string; grows?: true };
export type Api = (method: string, url: URL, range: string | undefined) => ApiAnswer;

/**
 * The built package's own page before an API that is made up: for what a real one cannot be brought to say at once.
 * The API answers callers with a key, and those whom a sign-in before it has signed in.
 */
export async function startFixtureServer(api: Api) {
  const aside = mkdtempSync(join(tmpdir(), 'plinth-page-'));
  const folder = await packageOfSource(join(aside, 'built'));
  const sizes = filesOfPackage(folder);
  const app = await loadApp(folder, () => {});
  const { invoke } = makeInvoker(app, () => {});
  const host = await startHttpServer(
    {
      functions: app.functions.filter(({ name }) => name === 'page'),
      timers: new Map(),
      routePrefix: '',
      hidesHomepage: true,
      keys: { master: 'master', function: key, eventgrid: 'eventgrid' },
      invoke,
      log: () => {},
    },
    0,
  );
  const world = { api, calls: [] as string[] };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (/^\/page(\/|$)/.test(url.pathname)) {
      relay(request, response, host.port);
      return;
    }
    world.calls.push(`${request.method} ${url.pathname}${url.search}`);
    answer(world.api, request, response, url);
  });
  const port = await listen(server, 0);
  return {
    url: `http://localhost:${port}`,
    world,
    sizes,
    async stop() {
      server.closeAllConnections();
      server.close();
      await host.stop();
      await app.unload();
      rmSync(aside, { recursive: true, force: true });
    },
  };
}

export const key = 'a-function-key';

async function relay(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
  const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
  const answered = await fetch(`http://localhost:${port}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { ...headers, 'accept-encoding': 'identity' },
    redirect: 'manual',
  });
  const { 'content-length': ___, ...kept } = Object.fromEntries(answered.headers);
  response.writeHead(answered.status, kept).end(Buffer.from(await answered.arrayBuffer()));
}

function answer(api: Api, request: IncomingMessage, response: ServerResponse, url: URL): void {
  const isLog = url.pathname.startsWith('/logs/');
  if (!isLog && request.headers['x-functions-key'] !== key && !request.headers['x-ms-client-principal']) {
    response.writeHead(401).end();
    return;
  }
  const answered = answerOf(api, request, url);
  if (!answered) {
    request.socket.destroy();
    return;
  }
  if ('raw' in answered) {
    response.writeHead(answered.status).end(answered.raw);
    return;
  }
  if ('text' in answered) {
    sendPart(answered, request.headers.range, response);
    return;
  }
  const [status, body] =
    'json' in answered
      ? [200, answered.json]
      : [answered.status, { error: { code: answered.code, message: answered.message } }];
  const headers = { 'content-type': 'application/json' };
  // As the app sends what is large; what is answered again is compressed once.
  const known = compressed.get(body as object);
  const text = known ? '' : JSON.stringify(body);
  if (!known && text.length < 1024) {
    response.writeHead(status, headers).end(text);
    return;
  }
  const bytes = known ?? gzipSync(text);
  compressed.set(body as object, bytes);
  response.writeHead(status, { ...headers, 'content-encoding': 'gzip' }).end(bytes);
}

const compressed = new WeakMap<object, Buffer>();

/** Undefined where it is cut off: the API throws. */
function answerOf(api: Api, request: IncomingMessage, url: URL): ApiAnswer | undefined {
  try {
    return api(request.method ?? 'GET', url, request.headers.range);
  } catch {
    return undefined;
  }
}

/** As the log server answers a range. */
function sendPart(
  { text, grows }: { text: string; grows?: true },
  range: string | undefined,
  response: ServerResponse,
): void {
  const bytes = Buffer.from(text);
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const [start, end] = [Number(first), last ? Number(last) + 1 : bytes.length];
  const complete = grows ? {} : { 'x-ms-meta-Complete': 'successful' };
  if (start >= bytes.length) {
    response.writeHead(416, complete).end();
    return;
  }
  const headers = { ...complete, 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` };
  response.writeHead(206, headers).end(bytes.subarray(start, end));
}
