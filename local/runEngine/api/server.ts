import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { close, listen } from '../../machine/listening.ts';
import { readBody } from '../../machine/readBody.ts';
import type { RegistryRuns } from '../run/runRecord.ts';
import type { Authorize } from '../types.ts';
import { actionOf, apiVersionOf, bearerToken, routeOf } from './arm.ts';
import { ArmError, armErrorBody } from './armError.ts';
import { type ArmAnswer, type OperationOptions, perform } from './operations.ts';

/** ARM takes 4 MB. */
const bodyLimit = 4 * 1024 * 1024;

interface ServerOptions extends OperationOptions {
  registries: RegistryRuns[];
  authorize: Authorize;
  tls: { key: string | Buffer; cert: string | Buffer } | undefined;
  port: number;
}

/**
 * Serves ARM's routes on loopback.
 * @returns the origin, `https://localhost:PORT`
 */
export async function startServer(options: ServerOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const scheme = options.tls ? 'https' : 'http';
  let origin = '';
  const serve: http.RequestListener = (request, response) => {
    answer(request, origin, options)
      .catch((error: unknown): ArmAnswer => {
        if (!(error instanceof ArmError)) console.error('The run engine failed to answer:', error);
        const fault =
          error instanceof ArmError
            ? error
            : new ArmError(500, 'InternalServerError', 'The run engine failed to answer.');
        const headers = fault.status === 401 ? { 'www-authenticate': `Bearer error="invalid_token"` } : {};
        return { status: fault.status, body: armErrorBody(fault), headers };
      })
      .then(({ status, body, headers }) => {
        const text = body === undefined ? '' : JSON.stringify(body);
        response.writeHead(status, {
          ...headers,
          ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
          'content-length': Buffer.byteLength(text),
          'x-ms-request-id': randomUUID(),
        });
        response.end(text);
      });
  };
  const server = options.tls ? https.createServer(options.tls, serve) : http.createServer(serve);
  origin = `${scheme}://localhost:${await listen(server, options.port)}`;
  return { url: origin, stop: () => close(server) };
}

async function answer(
  request: http.IncomingMessage,
  origin: string,
  options: ServerOptions,
): Promise<ArmAnswer> {
  const url = new URL(request.url ?? '/', origin);
  const token = bearerToken(request.headers.authorization);
  const route = routeOf(request.method ?? 'GET', decodeURI(url.pathname));
  const version = apiVersionOf(url.searchParams);
  const owner = options.registries.find(
    ({ registry }) => registry.resourceId.toLowerCase() === route.resourceId.toLowerCase(),
  );
  const resourceId = owner?.registry.resourceId ?? route.resourceId;
  const verdict = await options.authorize(token, resourceId, actionOf[route.operation]);
  if (verdict.status !== 200) {
    const code = verdict.status === 401 ? 'InvalidAuthenticationToken' : 'AuthorizationFailed';
    const message =
      verdict.message ?? `The client may not perform ${actionOf[route.operation]} on ${resourceId}.`;
    throw new ArmError(verdict.status, code, message);
  }
  if (!owner) throw new ArmError(404, 'ResourceNotFound', `The Resource '${resourceId}' was not found.`);
  const body = await readBody(request, bodyLimit);
  if (!body)
    throw new ArmError(413, 'RequestContentTooLarge', `The request is larger than ${bodyLimit} bytes.`);
  return perform(owner, { ...route, version, url, body }, options);
}
