import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import type { z } from 'zod';
import { type ApiVersion, apiVersionOf, inVersion } from '../api/apiVersions.ts';
import { notServedAnswer } from '../api/notServed.ts';
import type { Operation } from '../api/operations.ts';
import { type RequestWords, spelled } from '../api/requestWords.ts';
import { routesOf } from '../api/routes.ts';
import { withoutNulls } from '../api/withoutNulls.ts';
import { Refusal } from '../flow/refusal.ts';
import { isPassing } from '../flow/transient.ts';
import type { KnownRegistry } from '../model/registry.ts';
import { isTooDeep, tooDeep } from '../names/jsonValue.ts';
import { PlinthError } from '../names/plinthError.ts';
import type { Ports } from '../ports/ports.ts';
import { UnreadableError } from '../ports/store.ts';
import { callAgainSeconds } from '../rules/timing.ts';
import { allowed, type Caller, refuseForeign } from './access.ts';
import { answered } from './answering/answered.ts';
import { unreadRow } from './answering/unreadRow.ts';
import { type Config, processUsesEntra } from './config.ts';
import { invoke, theWiring } from './invoke.ts';
import { isChunked, noLength } from './noLength.ts';

/** A call of an operation of all registries. */
export interface AppCall {
  /** A parameter of the path, decoded. */
  parameter(name: string): string;
  query: URLSearchParams;
  /** In which it is asked and answered. */
  version: ApiVersion;
  /** The body, held against a schema. @throws Refusal 400 */
  body<T>(schema: z.ZodType<T>, words: RequestWords): Promise<T>;
  ports: Ports;
  config: Config;
  /** Who asks; undefined with a function key, which may do everything. */
  caller: Caller | undefined;
  /** The registry of that name. @throws Refusal 404 */
  registryNamed(name: string): KnownRegistry;
}

export interface Call extends AppCall {
  /** The registry of the path, which is one of the settings. */
  registry: KnownRegistry;
}

type Answer<C> = (call: C) => Promise<HttpResponseInit>;

/** Serves an operation under both paths: authorization, parsing, answer, and every error as ARM writes it. */
export function serve(operation: Operation & { scope?: never }, answer: Answer<Call>): void {
  register(operation, (call, { params }) => answer({ ...call, registry: registryOf(params, call.config) }));
}

/** Serves an operation of all registries, likewise. */
export function serveApp(operation: Operation & { scope: 'app' }, answer: Answer<AppCall>): void {
  register(operation, answer);
}

function register(
  operation: Operation,
  answer: (call: AppCall, request: HttpRequest) => Promise<HttpResponseInit>,
): void {
  for (const { suffix, route } of routesOf(operation))
    app.http(operation.name + suffix, {
      route,
      methods: [operation.method],
      authLevel: processUsesEntra() ? 'anonymous' : 'function',
      handler: async (request, context) =>
        answered(request, await handle(operation, answer, request, context)),
    });
}

/** Serves a document that belongs to no registry, to every caller with the right to read. */
export function serveDocument(name: string, route: string, document: () => object): void {
  app.http(name, {
    route,
    methods: ['GET'],
    authLevel: processUsesEntra() ? 'anonymous' : 'function',
    handler: async (request, context) => {
      try {
        if (processUsesEntra()) allowed(request.headers.get('x-ms-client-principal'), 'Tasks.Read');
        return answered(request, { jsonBody: document() });
      } catch (error) {
        return errorAnswer(error, context);
      }
    },
  });
}

/**
 * Answers every request below a path that no other function takes, in ARM's error shape. The host has no precedence of
 * routes but the order of the functions' names, so this name has to be the last: `unserved` comes after all others.
 */
export function serveTheRest(root: string): void {
  app.http(`unserved-${root}`, {
    route: `${root}/{*rest}`,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    authLevel: processUsesEntra() ? 'anonymous' : 'function',
    handler: async ({ headers, method, url }, context) => {
      try {
        if (processUsesEntra()) allowed(headers.get('x-ms-client-principal'), 'Tasks.Read');
        const { status, code, message, allow } = notServedAnswer(method, new URL(url).pathname);
        return {
          status,
          ...(status === 405 && { headers: { allow: allow.join(', ') } }),
          jsonBody: { error: { code, message } },
        };
      } catch (error) {
        return errorAnswer(error, context);
      }
    },
  });
}

async function handle(
  operation: Operation,
  answer: (call: AppCall, request: HttpRequest) => Promise<HttpResponseInit>,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  try {
    refuseForeign(request.method, request.headers.get('sec-fetch-site'));
    const caller = processUsesEntra()
      ? allowed(request.headers.get('x-ms-client-principal'), operation.role)
      : undefined;
    const { config } = (await theWiring()).theApp();
    const version = apiVersionOf(request.query, operation.path);
    const call = (ports: Ports): AppCall => ({
      parameter: (name) => request.params[name] ?? '',
      query: request.query,
      version,
      body: (schema, words) => parseBody(request, schema, words),
      ports,
      config,
      caller,
      registryNamed: (registry) => registryOf({ registry }, config),
    });
    const given = await invoke(context, async (ports) => {
      try {
        return await answer(call(ports), request);
      } catch (error) {
        return errorAnswer(error, context);
      }
    });
    return { ...given, ...(given.jsonBody && { jsonBody: inVersion(given.jsonBody, version) }) };
  } catch (error) {
    return errorAnswer(error, context);
  }
}

/** ARM compares names without case; a path with another subscription or group names another registry. */
function registryOf(params: HttpRequest['params'], config: Config): KnownRegistry {
  const { subscription, resourceGroup, registry = '' } = params;
  const name = registry.toLowerCase();
  const served = config.registries.find((known) => known.name === name);
  const id = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/`.toLowerCase();
  if (served && (subscription === undefined || served.id.toLowerCase().startsWith(id))) return served;
  throw new Refusal(
    404,
    'ResourceNotFound',
    `The registry '${registry}' is not configured. PLINTH_REGISTRIES names those that Plinth serves.`,
  );
}

async function parseBody<T>(request: HttpRequest, schema: z.ZodType<T>, words: RequestWords): Promise<T> {
  const text = await request.text();
  if (text === '' && isChunked(request)) throw noLength();
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'InvalidRequestContent', 'The body is not JSON.');
  }
  if (isTooDeep(given)) throw new Refusal(400, 'InvalidRequestContent', `The body has ${tooDeep}.`);
  // In a PATCH null takes a value away.
  const body = request.method === 'PATCH' ? given : withoutNulls(given);
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
  if (error instanceof PlinthError && error.answer) return arm(...error.answer, error.message);
  // No fault of the server, at which clients try again: another try meets the same row.
  if (error instanceof UnreadableError) return arm(409, 'StoredRowUnreadable', unreadRow(error));
  if (isPassing(error)) {
    context.warn(error);
    const message = `A service that Plinth needs, its storage or its identity, is busy or away. Try again; the log has more under ${context.invocationId}.`;
    return { ...arm(503, 'ServiceUnavailable', message), headers: { 'Retry-After': `${callAgainSeconds}` } };
  }
  context.error(error);
  return arm(
    500,
    'InternalServerError',
    `The request failed; the log has more under ${context.invocationId}.`,
  );
}
