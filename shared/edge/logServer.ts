import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { Refusal } from '../flow/refusal.ts';
import { checkLogUrl, runLog } from '../flow/runLog.ts';
import { isTransient } from '../flow/transient.ts';
import { theWiring } from './invoke.ts';
import { logTo } from './log.ts';

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
    if (!log) return missing;
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'x-ms-blob-type': 'AppendBlob',
      etag: `"${log.length}${log.complete ?? ''}"`,
      'last-modified': new Date().toUTCString(),
      'accept-ranges': 'bytes',
      ...(log.complete && { 'x-ms-meta-Complete': log.complete }),
    };
    if (request.method === 'HEAD')
      return { status: 200, headers: { ...headers, 'content-length': String(log.length) } };
    const range = readRange(request.headers.get('x-ms-range') ?? request.headers.get('range'), log.length);
    if (!range) return { status: 200, headers, body: await log.read(0, log.length) };
    if (range.start >= log.length) return { status: 416, headers: { 'x-ms-error-code': 'InvalidRange' } };
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${range.start}-${range.end - 1}/${log.length}` },
      body: await log.read(range.start, range.end),
    };
  } catch (error) {
    if (isTransient(error)) return { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } };
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, headers: { 'x-ms-error-code': error.code }, body: error.message };
  }
}

const missing: HttpResponseInit = { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };

/** `bytes=a-b` or `bytes=a-`; the end that is given is not in it. */
function readRange(header: string | null, length: number): { start: number; end: number } | undefined {
  const found = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (!found) return undefined;
  const end = found[2] ? Number(found[2]) + 1 : length;
  return { start: Number(found[1]), end: Math.min(end, length) };
}
