import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { Entra } from '../identity/entra.ts';
import type { Action } from '../identity/roleDefinitions.ts';
import type { Roles } from '../identity/roles.ts';
import { close, listen } from '../machine/listening.ts';
import type { Tls } from '../machine/tls.ts';
import { refuse } from './answers.ts';
import { startDockerRegistry } from './dockerRegistry.ts';
import { createMetadata } from './metadata.ts';
import { createOauth } from './oauth.ts';
import { createProxy } from './proxy.ts';
import { openRegistryStorage } from './storage.ts';
import { createRegistryTokens } from './tokens.ts';

export { nullGuid } from './oauth.ts';

export interface RegistryOptions {
  /** `baseacr` */
  name: string;
  /** ARM id, the scope of its role assignments. */
  resourceId: string;
  /** `baseacr.azurecr.io`: its name in image references, tokens and events. */
  loginServer: string;
  /** Keeps the images; what is there from an earlier start is served again. */
  dir: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  /** Where pushes and deletes are announced, with `Authorization: Bearer <secret>`. */
  notifications?: { url: string; secret: string };
  /** Audiences of Entra tokens to be taken beside ACR's and ARM's own. */
  audiences?: string[];
  port?: number;
  /** Stands before the registry. */
  between?: RegistryBetween;
  /** Seconds that a token of so many seconds is really good for. */
  tokenLife?: (seconds: number) => number;
}

/** Answers a request in the registry's place and gives true, or gives false; it may change where the request goes. */
export type RegistryBetween = (
  kind: RequestKind,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => boolean;

/** What a request is about; `other` is anything that ACR does not have. */
type RequestKind =
  | 'ping'
  | 'manifest'
  | 'blob'
  | 'upload'
  | 'tags'
  | 'catalog'
  | 'referrers'
  | 'metadata'
  | 'exchange'
  | 'token'
  | 'other';

/** Answers that come instead of the real ones. */
interface Failure {
  status: number;
  /** `{ 'retry-after': '1' }` */
  headers?: Record<string, string>;
  /** How many requests get it. */
  times: number;
  /** Only requests of this method, or about this; others are served and not counted. */
  method?: string;
  kind?: RequestKind;
}

export interface Registry {
  name: string;
  loginServer: string;
  resourceId: string;
  /** `https://localhost:PORT`: what clients connect to instead of the login server, which no DNS has. */
  endpoint: string;
  port: number;
  /**
   * A refresh token, good for three hours, for an authfile: its user is `nullGuid`. Roles count when it is used.
   *
   * Measured with buildah 1.28: credentials are looked up by the name that is connected to. A pull of
   * `baseacr.azurecr.io/…` that registries.conf maps (`prefix = "baseacr.azurecr.io"`, `location = "localhost:PORT"`)
   * takes the entry `localhost:PORT`; one under the login server is not used. A push is never mapped: push to
   * `localhost:PORT/…`. The authority is trusted by `--cert-dir` (a folder with `ca.crt`) and by SSL_CERT_FILE alike.
   */
  refreshTokenFor(principalId: string): Promise<string>;
  /** How many requests came, by method and kind: `{ 'GET manifest': 2, 'POST exchange': 1 }`. */
  requests(): Record<string, number>;
  /** The next requests fail so; a second call replaces what is left of the first. */
  fail(failure: Failure): void;
  stop(): Promise<void>;
}

/**
 * One container registry as ACR is one: docker-registry behind a TLS front that does ACR's token exchange, grants what
 * the roles allow when a token is asked for, and refuses a request without one.
 * @throws when the port is taken or docker-registry cannot be started
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { name, resourceId, loginServer, dir, tls, entra, roles, notifications, audiences = [] } = options;
  const counts: Record<string, number> = {};
  let failure: Failure | undefined;
  let handle: Handler = (_kind, _request, response) =>
    refuse(response, 503, 'UNAVAILABLE', `Registry ${name} is still starting.`);

  const server = createServer({ key: tls.key, cert: tls.cert }, async (request, response) => {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const kind = kindOf(url.pathname);
    const counted = `${request.method} ${kind}`;
    counts[counted] = (counts[counted] ?? 0) + 1;
    if (failure && failsFor(failure, request, kind)) {
      failure.times -= 1;
      request.resume();
      return refuseAs(failure, response);
    }
    try {
      if (options.between?.(kind, request, response, url)) return;
      await handle(kind, request, response, url);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'UNKNOWN', error instanceof Error ? error.message : String(error));
    }
  });
  const port = await listen(server, options.port);
  const endpoint = `https://localhost:${port}`;
  const realm = `${endpoint}/oauth2/token`;
  const behind = { dir, realm, service: loginServer, caFile: tls.caFile };
  const docker = await startDockerRegistry({ ...behind, ...(notifications && { notifications }) }).catch(
    async (cause) => {
      await close(server);
      throw new Error(`Registry ${name} did not start: ${cause.message}`, { cause });
    },
  );

  const allows = (principalId: string, action: Action) => roles.allows(principalId, resourceId, action);
  const tokens = createRegistryTokens(loginServer, tls, allows, options.tokenLife);
  const isKnown = (principalId: string) => imageActions.some((action) => allows(principalId, action));
  const oauth = createOauth({ loginServer, entra, tokens, isKnown, audiences });
  const storage = openRegistryStorage(join(dir, 'storage'));
  const metadata = createMetadata({ loginServer, realm, storage, carries: tokens.carries });
  const proxy = createProxy(loginServer, docker.port);

  handle = (kind, request, response, url) => {
    if (kind === 'exchange' && request.method === 'POST') return oauth.exchange(request, response);
    if (kind === 'token') return oauth.token(request, response, url.searchParams);
    if (kind === 'metadata') return metadata(request, response, url);
    if (url.pathname.startsWith('/v2/')) return proxy.forward(request, response);
    request.resume();
    refuse(response, 404, 'NOT_FOUND', `There is no ${request.method} ${url.pathname} here.`);
  };

  return {
    name,
    loginServer,
    resourceId,
    endpoint,
    port,
    refreshTokenFor: (principalId) => tokens.refreshToken(principalId, entra.tenantId),
    requests: () => ({ ...counts }),
    fail(next) {
      failure = { ...next };
    },
    async stop() {
      await close(server);
      proxy.stop();
      await docker.stop();
    },
  };
}

const imageActions = ['pull', 'push', 'delete', 'catalog'] as const;

const refuseAs = ({ status, headers = {} }: Failure, response: ServerResponse) =>
  refuse(response, status, status === 429 ? 'TOOMANYREQUESTS' : 'UNKNOWN', 'failed on request of a test', {
    headers,
  });

type Handler = (kind: RequestKind, request: IncomingMessage, response: ServerResponse, url: URL) => unknown;

const failsFor = (failure: Failure, request: IncomingMessage, kind: RequestKind) =>
  failure.times > 0 &&
  (failure.method ?? request.method) === request.method &&
  (failure.kind ?? kind) === kind;

const kinds: Array<[path: RegExp, kind: RequestKind]> = [
  [/^\/oauth2\/exchange$/, 'exchange'],
  [/^\/oauth2\/token$/, 'token'],
  [/^\/acr\/v1\//, 'metadata'],
  [/^\/v2\/$/, 'ping'],
  [/^\/v2\/_catalog$/, 'catalog'],
  [/^\/v2\/.+\/manifests\/[^/]+$/, 'manifest'],
  [/^\/v2\/.+\/blobs\/uploads\//, 'upload'],
  [/^\/v2\/.+\/blobs\/[^/]+$/, 'blob'],
  [/^\/v2\/.+\/tags\/list$/, 'tags'],
  [/^\/v2\/.+\/referrers\/[^/]+$/, 'referrers'],
];

const kindOf = (path: string): RequestKind => kinds.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
