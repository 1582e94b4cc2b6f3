import {
  app,
  type HttpMethod,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import type { z } from 'zod';
import { Refusal } from '../flow/refusal.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { RegistryError } from '../ports/registry.ts';
import { RunEngineError } from '../ports/runEngine.ts';
import { TooLargeError, UnreadableError } from '../ports/store.ts';
import { type RequestWords, spelled } from '../requestWords.ts';
import { withoutNulls } from '../withoutNulls.ts';
import { allowed, type Role } from './access.ts';
import { type Config, ConfigError, processUsesEntra } from './config.ts';
import { invoke, theWiring } from './invoke.ts';
import { isChunked, noLength } from './noLength.ts';
import { armPath, shortPath } from './paths.ts';

/** One operation of the API: `path` is what follows the registry, in Functions' route syntax. */
export interface Operation {
  name: string;
  method: HttpMethod;
  path: string;
  role: Role;
}

export interface Call {
  /** The registry of the path, which is one of the settings. */
  own: KnownRegistry;
  /** A parameter of the path, decoded. */
  parameter(name: string): string;
  query: URLSearchParams;
  /** The body, held against a schema. @throws Refusal 400 */
  body<T>(schema: z.ZodType<T>, words: RequestWords): Promise<T>;
  ports: Ports;
  config: Config;
}

/** Serves an operation under both paths: who may call, parse, answer, and every error as ARM writes it. */
export function serve(operation: Operation, answer: (call: Call) => Promise<HttpResponseInit>): void {
  const handler = (request: HttpRequest, context: InvocationContext) =>
    handle(operation, answer, request, context);
  const authLevel = processUsesEntra() ? 'anonymous' : 'function';
  const { name, method, path } = operation;
  for (const [suffix, base] of [
    ['', armPath],
    ['-short', shortPath],
  ])
    app.http(name + suffix, {
      route: [base, path].filter(Boolean).join('/'),
      methods: [method],
      authLevel,
      handler,
    });
}

/** Serves a document that belongs to no registry, to whoever may read. */
export function serveDocument(name: string, route: string, document: () => object): void {
  app.http(name, {
    route,
    methods: ['GET'],
    authLevel: processUsesEntra() ? 'anonymous' : 'function',
    handler: async (request, context) => {
      try {
        if (processUsesEntra()) allowed(request.headers.get('x-ms-client-principal'), 'Tasks.Read');
        return { jsonBody: document() };
      } catch (error) {
        return errorAnswer(error, context);
      }
    },
  });
}

/** Answers whatever is below a path of a registry with what to use in its place. */
export function serveRefusal(name: string, path: string, instead: string): void {
  for (const [suffix, base] of [
    ['', armPath],
    ['-short', shortPath],
  ])
    app.http(name + suffix, {
      route: `${base}/${path}`,
      methods: ['GET', 'PUT', 'PATCH', 'POST', 'DELETE'],
      authLevel: processUsesEntra() ? 'anonymous' : 'function',
      handler: async (request, context) => {
        try {
          if (processUsesEntra()) allowed(request.headers.get('x-ms-client-principal'), 'Tasks.Read');
          throw new Refusal(501, 'NotImplemented', instead);
        } catch (error) {
          return errorAnswer(error, context);
        }
      },
    });
}

async function handle(
  operation: Operation,
  answer: (call: Call) => Promise<HttpResponseInit>,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  try {
    if (processUsesEntra()) allowed(request.headers.get('x-ms-client-principal'), operation.role);
    const { config } = (await theWiring()).theApp();
    const own = registryOf(request, config);
    return await invoke(context, (ports) =>
      answer({
        own,
        parameter: (name) => request.params[name] ?? '',
        query: request.query,
        body: (schema, words) => parseBody(request, schema, words),
        ports,
        config,
      }).catch((error) => errorAnswer(error, context)),
    );
  } catch (error) {
    return errorAnswer(error, context);
  }
}

/** ARM compares names without case; a path with another subscription or group names another registry. */
function registryOf(request: HttpRequest, config: Config): KnownRegistry {
  const { subscription, resourceGroup, registry = '' } = request.params;
  const name = registry.toLowerCase();
  const own = config.registries.find((known) => known.name === name);
  const id = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/`.toLowerCase();
  if (own && (subscription === undefined || own.id.toLowerCase().startsWith(id))) return own;
  throw new Refusal(
    404,
    'ResourceNotFound',
    `Plinth does not know the registry '${registry}'. PLINTH_REGISTRIES names those it serves.`,
  );
}

async function parseBody<T>(request: HttpRequest, schema: z.ZodType<T>, words: RequestWords): Promise<T> {
  const text = await request.text();
  if (text === '' && isChunked(request)) throw noLength();
  let body: unknown;
  try {
    const given: unknown = JSON.parse(text);
    // In a PATCH null takes a value away.
    body = request.method === 'PATCH' ? given : withoutNulls(given);
  } catch {
    throw new Refusal(400, 'InvalidRequestContent', 'The body is not JSON.');
  }
  const { body: known, faults } = spelled(body, words);
  if (faults.length > 0) throw Refusal.ofFaults(faults);
  const parsed = schema.safeParse(known);
  if (parsed.success) return parsed.data;
  throw Refusal.ofSchema(parsed.error);
}

function errorAnswer(error: unknown, context: InvocationContext): HttpResponseInit {
  const arm = (status: number, code: string, message: string) => ({
    status,
    jsonBody: { error: { code, message } },
  });
  if (error instanceof Refusal) return arm(error.status, error.code, error.message);
  if (error instanceof TooLargeError) return arm(413, 'RequestEntityTooLarge', error.message);
  if (error instanceof RunEngineError) return arm(502, 'RunEngineFailed', error.message);
  if (error instanceof RegistryError) return arm(502, 'RegistryFailed', error.message);
  if (error instanceof UnreadableError) return arm(500, 'StoredRowUnreadable', error.message);
  if (error instanceof ConfigError) return arm(503, 'NotConfigured', error.message);
  context.error(error);
  return arm(
    500,
    'InternalServerError',
    `The request failed; the log has more under ${context.invocationId}.`,
  );
}
