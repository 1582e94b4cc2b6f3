import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Nullable, RpcHttp, RpcHttpCookie } from './typedData.ts';

/** The host's default for a request body (FUNCTIONS_REQUEST_BODY_SIZE_LIMIT): 100 MiB. */
const bodyLimit = 104_857_600;

/** The whole body of a request, or undefined when it is larger than the host takes (413). */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  // As the host does with a body whose length was not said before (Azure/azure-functions-host#4926).
  const isDropped = request.headers['content-length'] === undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  return isDropped ? Buffer.alloc(0) : Buffer.concat(chunks);
}

/** A request as the worker gets it: repeated headers and query values joined by commas. */
export function toRpcRequest(
  request: IncomingMessage,
  url: URL,
  params: Record<string, string>,
  body: Buffer,
): RpcHttp {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
  const query = [...new Set(url.searchParams.keys())].map(
    (name) => [name, url.searchParams.getAll(name).join(',')] as const,
  );
  return {
    url: url.href,
    method: request.method ?? 'GET',
    nullableHeaders: nullable(headers),
    nullableQuery: nullable(query),
    nullableParams: nullable(Object.entries(params)),
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

function nullable(pairs: Iterable<readonly [string, string]>): Record<string, Nullable> {
  return Object.fromEntries([...pairs].map(([name, value]) => [name, { value }]));
}

/** Answers with what the function gave back; nothing at all is 204. */
export function writeRpcResponse(response: ServerResponse, http: RpcHttp | undefined): void {
  if (!http) {
    response.writeHead(204).end();
    return;
  }
  for (const [name, value] of Object.entries(http.headers ?? {})) response.setHeader(name, value);
  if (http.cookies?.length) response.setHeader('set-cookie', http.cookies.map(formatCookie));
  response.writeHead(Number(http.statusCode ?? 200));
  response.end(http.body?.bytes ?? http.body?.string);
}

function formatCookie(cookie: RpcHttpCookie): string {
  const sameSite = { lax: 'Lax', strict: 'Strict', explicitNone: 'None', none: undefined }[
    cookie.sameSite ?? 'none'
  ];
  const attributes = [
    cookie.domain && `domain=${cookie.domain.value}`,
    cookie.path && `path=${cookie.path.value}`,
    cookie.maxAge && `max-age=${cookie.maxAge.value}`,
    cookie.expires && `expires=${new Date(cookie.expires.value).toUTCString()}`,
    cookie.secure?.value && 'secure',
    cookie.httpOnly?.value && 'httponly',
    sameSite && `samesite=${sameSite}`,
  ].filter((attribute) => typeof attribute === 'string');
  return [`${cookie.name}=${encodeURIComponent(cookie.value)}`, ...attributes].join('; ');
}
