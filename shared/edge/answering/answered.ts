import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';

/** What is smaller fits a packet or two anyway. */
const gzipFromBytes = 1024;

type Asked = Pick<HttpRequest, 'method' | 'headers'>;

/**
 * A JSON answer as it goes out. To a GET it has a weak ETag of its body, and none where the caller has that one. It is
 * compressed here where the caller takes gzip: App Service on Linux compresses nothing
 * (https://github.com/Azure/azure-functions-host/issues/7285).
 */
export async function answered(
  { method, headers }: Asked,
  { jsonBody, ...init }: HttpResponseInit,
): Promise<HttpResponseInit> {
  if (jsonBody === undefined) return init;
  const text = JSON.stringify(jsonBody);
  const isRead = method === 'GET' && (init.status ?? 200) === 200;
  const tag = isRead
    ? `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
    : undefined;
  const own = {
    ...(init.headers as Record<string, string> | undefined),
    ...(tag && { etag: tag, 'cache-control': 'private, no-cache', vary: 'accept-encoding' }),
  };
  if (tag && hasTag(headers.get('if-none-match'), tag)) return { ...init, status: 304, headers: own };
  if (text.length < gzipFromBytes || !takesGzip(headers.get('accept-encoding')))
    return { ...init, headers: own, jsonBody };
  return {
    ...init,
    headers: { ...own, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: await promisify(gzip)(text),
  };
}

/** As RFC 9110 (13.1.2) compares: weakly, one of a list, or `*`. */
const hasTag = (header: string | null, tag: string) =>
  header
    ?.split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === tag.slice(2));

/** As RFC 9110 (12.5.3): gzip or `*`, unless its weight is 0. */
const takesGzip = (header: string | null) =>
  (header ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.replaceAll(/\s/g, '').split(';'))
    .some(([coding, weight = 'q=1']) => (coding === 'gzip' || coding === '*') && Number(weight.slice(2)) > 0);
