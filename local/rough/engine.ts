import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as sendPlain } from 'node:http';
import { createServer, request as send } from 'node:https';
import { close, listen } from '../machine/listening.ts';
import { readBody } from '../machine/readBody.ts';
import type { Tls } from '../machine/tls.ts';
import { createBucket, type Rough } from './rough.ts';

interface Answer {
  status: number;
  headers?: IncomingHttpHeaders | Record<string, string>;
  body?: Buffer | string;
}
interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Resource Manager's buckets for one caller: how many they hold, and their refill a second. */
const buckets = { reads: { size: 250, aSecond: 25 }, writes: { size: 200, aSecond: 10 } };

/**
 * Stands before the run engine as Resource Manager does, for the app.
 * @returns its origin; the engine's own answers whoever does not ask through it
 */
export async function startRoughEngine(engineUrl: string, tls: Tls, rough: Rough) {
  let origin = '';
  const asTo = (base: string) => (asked: Asked) => passOn(base, tls.ca, asked);
  const engine = asTo(engineUrl);
  const throttle = throttleOf(rough);
  const logs = logAddresses(rough, tls.ca);
  const runs = runsOf(rough, engine);

  async function answer(asked: Asked): Promise<Answer | 'lost'> {
    const own = (await logs.answer(asked)) ?? throttle(asked);
    if (own) return own;
    const early = await runs.answer(asked);
    if (early) return early;
    const answered = await engine(asked);
    if (asked.method === 'GET' || answered.status >= 300) return answered;
    if (rough.meets('engineAnswerLost')) return 'lost';
    if (/\/listLogSasUrl$/i.test(pathOf(asked))) return logs.shorten(answered, origin);
    if (isTaskRun(asked)) return asked.method === 'PUT' ? runs.takenAsTaskRun(asked, answered) : answered;
    return /\/scheduleRun$/i.test(pathOf(asked)) ? runs.taken(asked, answered, origin) : answered;
  }

  const server = createServer({ key: tls.key, cert: tls.cert }, async (request, response) => {
    try {
      const { method = 'GET', url: path = '/', headers } = request;
      const body = (await readBody(request)) ?? Buffer.alloc(0);
      const becomes = await answer({ method, path, headers, body });
      if (becomes === 'lost') response.destroy();
      else response.writeHead(becomes.status, becomes.headers as Record<string, string>).end(becomes.body);
    } catch {
      response.destroy();
    }
  });
  origin = `https://localhost:${await listen(server)}`;
  return { url: origin, stop: () => close(server) };
}

const pathOf = ({ path }: Asked) => path.split('?')[0]!;
const isTaskRun = (asked: Asked) => /\/taskRuns\/[^/]+$/i.test(pathOf(asked));

const fault = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ error: { code, message: `${code}: on account of what Azure does now and then.` } }),
});

function throttleOf(rough: Rough) {
  const bucket = ({ size, aSecond }: typeof buckets.reads) =>
    createBucket(rough.pace(size), rough.pace(aSecond));
  const [reads, writes] = [bucket(buckets.reads), bucket(buckets.writes)];
  return ({ method }: Asked): Answer | undefined => {
    if (rough.meets('engineBusy'))
      return rough.draw('engineBusy', 2) === 0
        ? fault(500, 'InternalServerError')
        : fault(429, 'TooManyRequests', { 'retry-after': '1' });
    const wait = rough.isOn('engineThrottle') ? (method === 'GET' ? reads : writes)() : 0;
    if (wait === 0) return undefined;
    rough.count('engineThrottle');
    return fault(429, 'TooManyRequests', { 'retry-after': `${Math.max(1, Math.ceil(wait / 1000))}` });
  };
}

/** Runs that ARM does not know yet, and operations that are not done. */
function runsOf(rough: Rough, engine: (asked: Asked) => Promise<Answer>) {
  const unknownUntil = new Map<string, number>();
  const operations = new Map<string, { until: number; run: string }>();
  /** By path, until when a taskRun has no run yet. */
  const lateTaskRuns = new Map<string, number>();
  // Seconds here as there: what asks again does so after seconds of its own.
  const hide = (runId: string) => {
    if (rough.meets('runNotThere'))
      unknownUntil.set(runId, Date.now() + 1000 + rough.draw('runNotThere', 4000));
  };
  const lateMs = () => rough.ms((1 + rough.draw('lateRun', 150)) / 60);
  return {
    /** What is answered in the engine's place; undefined where the engine is asked. */
    async answer(asked: Asked): Promise<Answer | undefined> {
      const path = pathOf(asked);
      const operation = operations.get(path);
      if (operation && operation.until > Date.now()) {
        rough.count('lateRun');
        return { status: 202, headers: { 'retry-after': '1', location: asked.path } };
      }
      if (operation) return engine({ ...asked, path: operation.run });
      if (asked.method === 'GET' && (lateTaskRuns.get(path) ?? 0) > Date.now()) {
        rough.count('lateRun');
        const answered = await engine(asked);
        return answered.status === 200 ? withoutRun(answered) : answered;
      }
      const runId = /\/runs\/([^/]+)/i.exec(path)?.[1];
      if (!runId || (unknownUntil.get(runId) ?? 0) < Date.now()) return undefined;
      rough.count('runNotThere');
      return fault(404, 'RunNotFound');
    },
    /** What the caller is told of a run that the engine took. */
    taken(asked: Asked, answered: Answer, origin: string): Answer {
      const runId = (JSON.parse(`${answered.body}`) as { name: string }).name;
      const [path, query] = asked.path.split('?') as [string, string];
      const run = `${path.replace(/\/scheduleRun$/i, `/runs/${runId}`)}?${query}`;
      hide(runId);
      if (!rough.meets('lateRun')) return answered;
      const operation = path.replace(/\/scheduleRun$/i, `/operationStatuses/${runId}`);
      operations.set(operation, { until: Date.now() + lateMs(), run });
      return { status: 202, headers: { 'retry-after': '1', location: `${origin}${operation}?${query}` } };
    },
    takenAsTaskRun(asked: Asked, answered: Answer): Answer {
      const { runResult } = (JSON.parse(`${answered.body}`) as TaskRun).properties;
      if (runResult) hide(runResult.name);
      if (!rough.meets('lateRun')) return answered;
      lateTaskRuns.set(pathOf(asked), Date.now() + lateMs());
      return withoutRun(answered);
    },
  };
}

interface TaskRun {
  properties: { runResult?: { name: string } };
}

/** A taskRun as it is before its run is made. */
function withoutRun(answered: Answer): Answer {
  const taskRun = JSON.parse(`${answered.body}`) as TaskRun;
  const { runResult, ...properties } = taskRun.properties;
  const body = JSON.stringify({ ...taskRun, properties });
  return { status: answered.status, headers: { 'content-type': 'application/json' }, body };
}

/** Addresses of logs that are good for 70 minutes. */
function logAddresses(rough: Rough, ca: string) {
  const addresses = new Map<string, { url: string; until: number }>();
  return {
    shorten(answered: Answer, origin: string): Answer {
      if (!rough.isOn('logAddressEnds')) return answered;
      const { logLink } = JSON.parse(`${answered.body}`) as { logLink: string };
      const path = `/logs/${addresses.size + 1}`;
      addresses.set(path, { url: logLink, until: Date.now() + rough.ms(70) });
      const body = JSON.stringify({ logLink: `${origin}${path}` });
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    },
    async answer(asked: Asked): Promise<Answer | undefined> {
      const address = addresses.get(pathOf(asked));
      if (!address) return undefined;
      if (address.until > Date.now()) {
        const { pathname, search, origin } = new URL(address.url);
        return passOn(origin, ca, { ...asked, path: `${pathname}${search}` });
      }
      rough.count('logAddressEnds');
      return { status: 403, headers: { 'x-ms-error-code': 'AuthenticationFailed' } };
    },
  };
}

/** @throws when there is no answer */
function passOn(base: string, ca: string, { method, path, headers, body }: Asked): Promise<Answer> {
  const url = new URL(path, base);
  const { 'transfer-encoding': _, ...rest } = headers;
  const options = { method, headers: { ...rest, host: url.host, 'content-length': body.length } };
  return new Promise((resolve, reject) => {
    const receive = (answered: IncomingMessage) =>
      readBody(answered).then((bytes) => {
        const { 'transfer-encoding': _chunked, ...given } = answered.headers;
        resolve({ status: answered.statusCode ?? 502, headers: given, ...(bytes && { body: bytes }) });
      }, reject);
    const request =
      url.protocol === 'https:' ? send(url, { ...options, ca }, receive) : sendPlain(url, options, receive);
    request.on('error', reject).end(body);
  });
}
