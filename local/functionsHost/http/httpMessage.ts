import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../../machine/readBody.ts';
import type { Nullable, RpcHttp } from '../worker/typedData.ts';

/** The host's default for a request body (FUNCTIONS_REQUEST_BODY_SIZE_LIMIT): 100 MiB. */
const bodyLimit = 104_857_600;

/** The whole body of a request, or undefined when it is larger than the host takes (413). */
export async function readRequestBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const body = await readBody(request, bodyLimit);
  // As the host does with a body without a content-length (Azure/azure-functions-host#4926).
  return body && request.headers['content-length'] === undefined ? Buffer.alloc(0) : body;
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

/**
 * Answers with what the function gave back; nothing at all is 204.
 * @throws when the function sets cookies, which is not served here
 */
export function writeRpcResponse(response: ServerResponse, http: RpcHttp | undefined): void {
  if (!http) {
    response.writeHead(204).end();
    return;
  }
  if (http.cookies?.length) throw new Error('The local host sets no cookies');
  for (const [name, value] of Object.entries(http.headers ?? {})) response.setHeader(name, value);
  response.writeHead(Number(http.statusCode ?? 200));
  response.end(http.body?.bytes ?? http.body?.string);
}
