import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { close, listen } from '../machine/listening.ts';
import type { Tls } from '../machine/tls.ts';
import type { Entra } from './entra.ts';
import type { Roles } from './roles.ts';

interface KeyVaultOptions {
  /** `corpvault`: its host in Azure is `corpvault.vault.azure.net`. */
  name: string;
  /** ARM id, on which roles are assigned. */
  resourceId: string;
  secrets: Record<string, string>;
  /** Without it the vault serves plain http. */
  tls?: Tls;
  entra: Entra;
  roles: Roles;
  port?: number;
}

export interface KeyVault {
  host: string;
  /** Where it answers on this machine; the setting PLINTH_KEY_VAULT_ENDPOINTS names it. */
  url: string;
  resourceId: string;
  /** The address of a secret, as a task names it. */
  uri(secret: string): string;
  set(secret: string, value: string): void;
  /** The reads so far: `secret principalId`. */
  reads: string[];
  stop(): Promise<void>;
}

const audience = 'https://vault.azure.net';

/** A key vault with roles (Azure RBAC), for reading secrets. It looks at a token's audience, tenant and role. */
export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { name, resourceId, tls, entra, roles } = options;
  const secrets = new Map(Object.entries(options.secrets));
  const reads: string[] = [];
  const host = `${name}.vault.azure.net`;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, body: object, headers: Record<string, string> = {}) =>
      void response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(JSON.stringify(body));
    const url = new URL(request.url ?? '/', 'https://localhost');
    if (!url.searchParams.has('api-version'))
      return answer(400, fault('BadParameter', 'api-version must be specified'));
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const claims = token === undefined ? undefined : await entra.verify(token, [audience]);
    if (!claims)
      return answer(401, fault('Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.'), {
        'www-authenticate': `Bearer authorization="https://login.microsoftonline.com/${entra.tenantId}", resource="${audience}"`,
      });
    const [, secret = '', version] = /^\/secrets\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (!roles.allows(claims.oid, resourceId, 'readSecret'))
      return answer(403, {
        error: {
          ...fault(
            'Forbidden',
            `Caller is not authorized to perform action on resource. Caller: oid=${claims.oid}`,
          ).error,
          innererror: { code: 'ForbiddenByRbac' },
        },
      });
    const value = secrets.get(secret);
    if (request.method !== 'GET' || value === undefined)
      return answer(
        404,
        fault('SecretNotFound', `A secret with (name/id) ${secret} was not found in this key vault.`),
      );
    reads.push(`${secret} ${claims.oid}`);
    answer(200, {
      value,
      id: `https://${host}/secrets/${secret}/${version ?? '0'.repeat(32)}`,
      attributes: { enabled: true },
    });
  };
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response).catch((error: Error) => response.destroy(error));
  const server = tls
    ? createSecureServer({ key: tls.key, cert: tls.cert }, listener)
    : createServer(listener);
  const port = await listen(server, options.port);
  return {
    host,
    url: `${tls ? 'https' : 'http'}://localhost:${port}`,
    resourceId,
    uri: (secret) => `https://${host}/secrets/${secret}`,
    set: (secret, value) => void secrets.set(secret, value),
    reads,
    stop: () => close(server),
  };
}

const fault = (code: string, message: string) => ({ error: { code, message } });
