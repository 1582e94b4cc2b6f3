import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../machine/readBody.ts';
import type { Tls } from '../machine/tls.ts';
import { ArmError } from '../runEngine/api/armError.ts';
import { authorization, authorizationPath } from './authorization.ts';
import { type JsonAnswer, type LocalAzure, ok } from './azure.ts';
import { behindFront, throughFront } from './blobs.ts';
import { type Caller, callerOf } from './door.ts';
import { graph } from './graph.ts';
import { askMade, readMade } from './made/reads.ts';
import { nextThroughFront } from './pages.ts';
import { type RelayOptions, relay } from './relay.ts';
import {
  cloudMetadata,
  findRegistry,
  listResources,
  registryResource,
  subscriptionResource,
} from './resources.ts';
import { type ArmFront, serveArm } from './serve.ts';
import { registryPath, workOf } from './work.ts';

export interface ArmFrontOptions extends Omit<LocalAzure, 'origin' | 'started'> {
  tls: Tls;
  /** The function app; asked for at each request, as the front is up before it. */
  plinth: () => { url: string; functionKey: string };
  /** `http://127.0.0.1:PORT` of Azurite's blob service. */
  blobEndpoint: string;
  port?: number;
}

/** A body that this front reads itself is small: a role assignment. */
const bodyLimit = 64 * 1024;

/**
 * Azure Resource Manager for a client on this machine: tasks and runs of registries go to Plinth, once the caller's
 * roles allow it; registries, roles and the rest of what az asks are answered here. Blob addresses in answers lead
 * through this front, as az takes https ones only. Whatever is not ARM's goes to Plinth untouched, where it is refused
 * or not.
 * @throws when the port is taken
 */
export async function startArmFront(options: ArmFrontOptions): Promise<ArmFront> {
  const azure: LocalAzure = { ...options, origin: '', started: new Date() };
  const front = await serveArm(options.tls, options.port, (request, response, url) =>
    answer(request, response, url, azure, options),
  );
  azure.origin = front.origin;
  return front;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  azure: LocalAzure,
  options: ArmFrontOptions,
): Promise<void> {
  const blob = behindFront(url, options.blobEndpoint);
  if (blob) return relay(request, response, blob);
  const toPlinth = (more: RelayOptions) =>
    relay(request, response, new URL(url.pathname + url.search, options.plinth().url), more);
  if (!/^\/(subscriptions|providers|metadata|msgraph|tenants)(\/|$)/i.test(url.pathname)) return toPlinth({});

  const work = workOf(request.method ?? 'GET', decodeURIComponent(url.pathname));
  if (work) {
    const caller = await callerOf(request.headers.authorization, azure.entra, azure.roles);
    needsVersion(url);
    caller.must(work.action, findRegistry(azure, work.registryId).resourceId);
    return toPlinth({
      // The caller's token is for ARM; the app accepts the front by its key.
      headers: { authorization: undefined, 'x-functions-key': options.plinth().functionKey },
      ...(request.method === 'GET' && { rewrite: (body) => nextThroughFront(body, azure.origin) }),
      ...(work.givesUploadUrl && { rewrite: (body) => rewriteUploadUrl(body, azure.origin) }),
    });
  }
  const body = () => readJson(request);
  const { status, body: json } = await own(request.method ?? 'GET', url, request.headers, body, azure);
  const text = json === undefined ? '' : JSON.stringify(json);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(text);
}

/** What Azure itself answers. @throws ArmError */
async function own(
  method: string,
  url: URL,
  headers: IncomingMessage['headers'],
  body: () => Promise<unknown>,
  azure: LocalAzure,
): Promise<JsonAnswer> {
  const path = decodeURIComponent(url.pathname).replace(/\/+$/, '');
  const query = url.searchParams;
  if (/^\/metadata\/endpoints$/i.test(path)) return cloudMetadata(azure, query.get('api-version'));
  if (/^\/msgraph\//i.test(path)) return graph(method, path, body);

  const caller = await callerOf(headers.authorization, azure.entra, azure.roles);
  needsVersion(url);
  const roleCall = authorizationPath(path);
  if (roleCall) {
    const call = { ...roleCall, scope: knownScope(azure, roleCall.scope), method };
    return authorization(azure, caller, { ...call, filter: query.get('$filter'), body });
  }
  const found = await known(method, { path, query, caller, azure, body });
  if (found) return found;
  throw new ArmError(
    501,
    'NotImplemented',
    `The local Azure has no ${method} ${path}: it has registries, roles, and the tasks and runs that Plinth serves.`,
  );
}

/** What is read, of Azure's own and of what is deployed. */
async function known(
  method: string,
  {
    body,
    azure,
    ...call
  }: {
    path: string;
    query: URLSearchParams;
    caller: Caller;
    azure: LocalAzure;
    body: () => Promise<unknown>;
  },
): Promise<JsonAnswer | undefined> {
  const { made, subscriptionId } = azure;
  const deployed = made && { ...call, made, subscriptionId };
  if (method === 'POST') return deployed && askMade(deployed, body);
  if (method !== 'GET') return undefined;
  return (deployed && readMade(deployed)) ?? read(call.path, call.query, call.caller, azure);
}

async function read(
  path: string,
  query: URLSearchParams,
  caller: Caller,
  azure: LocalAzure,
): Promise<JsonAnswer | undefined> {
  const subscription = `/subscriptions/${azure.subscriptionId}`;
  switch (path.toLowerCase()) {
    case '/tenants':
      return ok({ value: [{ id: `/tenants/${azure.tenantId}`, tenantId: azure.tenantId }] });
    case '/subscriptions':
      return ok({ value: [subscriptionResource(azure)] });
    case subscription:
      return ok(subscriptionResource(azure));
    case `${subscription}/resources`:
      return listResources(azure, caller, query.get('$filter'));
    case `${subscription}/providers/microsoft.containerregistry/registries`:
      return ok({ value: readable(azure, caller).map((registry) => registryResource(registry, azure)) });
  }
  const [, registryId, rest] = registryPath.exec(path) ?? [];
  if (!registryId || rest !== undefined) return undefined;
  const registry = findRegistry(azure, registryId);
  caller.must('readRegistry', registry.resourceId);
  return ok(registryResource(registry, azure));
}

const readable = ({ registries }: LocalAzure, caller: Caller) =>
  registries.filter(({ resourceId }) => caller.may('readRegistry', resourceId));

/** The scope in ARM's own spelling. @throws ArmError 404 where there is no such thing */
function knownScope(azure: LocalAzure, scope: string): string {
  if (registryPath.test(scope)) return findRegistry(azure, scope).resourceId;
  const subscription = `/subscriptions/${azure.subscriptionId}`;
  if (scope === '/' || scope.toLowerCase().startsWith(subscription)) return scope;
  throw new ArmError(404, 'SubscriptionNotFound', `There is nothing at ${scope}.`);
}

function needsVersion(url: URL): void {
  if ([...url.searchParams.keys()].some((name) => name.toLowerCase() === 'api-version')) return;
  throw new ArmError(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  );
}

function rewriteUploadUrl(body: string, origin: string): string {
  const place = JSON.parse(body) as { uploadUrl: string; relativePath: string };
  return JSON.stringify({ ...place, uploadUrl: throughFront(place.uploadUrl, origin) });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, bodyLimit);
  if (!body)
    throw new ArmError(413, 'RequestContentTooLarge', `The request is larger than ${bodyLimit} bytes.`);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ArmError(400, 'InvalidRequestContent', 'The request content was invalid: it is not JSON.');
  }
}
