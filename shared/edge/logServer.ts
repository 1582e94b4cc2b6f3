import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { checkLogUrl, runLog } from '../flow/api/runLog.ts';
import { Refusal } from '../flow/refusal.ts';
import { isTransient } from '../flow/transient.ts';
import { theWiring } from './invoke.ts';
import { logTo } from './log.ts';
import { logPart, mostLogBytes } from './logRange.ts';

/** Serves logs the way Blob Storage serves an append blob, as far as az and the storage SDKs read one. */
export function serveLog(): void {
  app.http('logs', {
    route: 'logs/{account}/{run}/log.txt',
    methods: ['GET', 'HEAD'],
    // The address itself is the key: it is signed and limited in time, like a SAS.
    authLevel: 'anonymous',
    handler: answer,
  });
}

async function answer(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const { account = '', run = '' } = request.params;
  const registry = account.replace(/\.blob\.plinth$/, '');
  const ports = (await theWiring()).portsWith(logTo(context));
  try {
    checkLogUrl(registry, run, request.query, ports);
    const log = await runLog(registry, run, ports);
    const end = log.complete && { 'x-ms-meta-Complete': log.complete };
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'x-ms-blob-type': 'AppendBlob',
      etag: `"${log.length}${log.complete ?? ''}"`,
      'last-modified': new Date().toUTCString(),
      'accept-ranges': 'bytes',
      ...end,
    };
    if (request.method === 'HEAD')
      return { status: 200, headers: { ...headers, 'content-length': String(log.length) } };
    const part = logPart(request.headers.get('x-ms-range') ?? request.headers.get('range'), log.length);
    // Who has read all there was learns here that there is no more to come.
    if (part.status === 416) return { status: 416, headers: { 'x-ms-error-code': 'InvalidRange', ...end } };
    if (part.status === 413) throw new Refusal(413, 'RequestEntityTooLarge', tooLong(log.length));
    const range = { 'content-range': `bytes ${part.start}-${part.end - 1}/${log.length}` };
    return {
      status: part.status,
      headers: { ...headers, ...(part.status === 206 && range) },
      body: await log.read(part.start, part.end),
    };
  } catch (error) {
    if (isTransient(error)) return { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } };
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, headers: { 'x-ms-error-code': error.code }, body: error.message };
  }
}

const tooLong = (length: number) =>
  `The log has ${length} bytes, and an answer ${mostLogBytes} at most. Ask for ranges: x-ms-range: bytes=0-${mostLogBytes - 1} gives the first.`;
