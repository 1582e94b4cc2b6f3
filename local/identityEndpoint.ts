import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Entra, LocalIdentity } from './entra.ts';
import { epochSeconds } from './jwt.ts';
import { close, listen } from './listening.ts';

export interface IdentityEndpointOptions {
  entra: Entra;
  /** Who is meant when a caller of the App Service endpoint names nobody. */
  systemAssigned?: LocalIdentity;
  userAssigned?: LocalIdentity[];
  /** Who the Azure CLI is signed in as: answered on the form that the CLI uses. */
  cli?: LocalIdentity;
  port?: number;
}

export interface IdentityEndpoint {
  /** What App Service puts into an app's environment; `@azure/identity` looks for exactly these. */
  environment: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string };
  /** Value of MSI_ENDPOINT for az 2.45. */
  msiEndpoint: string;
  /** Assigns one more user-assigned identity. */
  add(identity: LocalIdentity): void;
  stop(): Promise<void>;
}

/**
 * The managed identity endpoint of App Service (api-version 2019-08-01), and on the same path the form that az 2.45 posts
 * to MSI_ENDPOINT. Anybody on this machine may use the latter, as with the metadata service of a virtual machine.
 */
export async function startIdentityEndpoint(options: IdentityEndpointOptions): Promise<IdentityEndpoint> {
  const { entra, systemAssigned, cli } = options;
  const userAssigned = [...(options.userAssigned ?? [])];
  const header = randomUUID();

  const chosen = (query: URLSearchParams, fallback: LocalIdentity | undefined) => {
    const clientId = query.get('client_id') ?? query.get('clientid');
    const principalId = query.get('principal_id') ?? query.get('object_id');
    const resourceId = query.get('mi_res_id');
    if (!clientId && !principalId && !resourceId) return fallback;
    return userAssigned.find(
      (identity) =>
        same(identity.clientId, clientId) ||
        same(identity.principalId, principalId) ||
        same(identity.resourceId, resourceId),
    );
  };

  const answerToken = (response: ServerResponse, query: URLSearchParams, fallback?: LocalIdentity) => {
    const resource = query.get('resource');
    if (!resource) return fault(response, 400, 'The parameter resource is missing.');
    const identity = chosen(query, fallback);
    if (!identity) return fault(response, 400, nobody);
    const { token, expiresOn } = entra.accessToken(identity, resource);
    const now = epochSeconds();
    answer(response, 200, {
      access_token: token,
      client_id: identity.clientId,
      expires_in: `${expiresOn - now}`,
      expires_on: `${expiresOn}`,
      not_before: `${now}`,
      resource,
      token_type: 'Bearer',
    });
  };

  const server = createServer(async (request, response) => {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname !== '/msi/token') return fault(response, 404, 'Not Found');
      if (request.method === 'POST' && request.headers.metadata === 'true')
        return answerToken(response, new URLSearchParams(await text(request)), cli ?? systemAssigned);
      if (request.method !== 'GET') return fault(response, 405, 'Method Not Allowed');
      if (!equal(`${request.headers['x-identity-header'] ?? ''}`, header))
        return fault(
          response,
          401,
          'The header X-IDENTITY-HEADER is missing, or is not the value of IDENTITY_HEADER.',
        );
      if (url.searchParams.get('api-version') !== '2019-08-01')
        return fault(response, 400, 'The api-version has to be 2019-08-01.');
      answerToken(response, url.searchParams, systemAssigned);
    } catch (error) {
      fault(response, 500, error instanceof Error ? error.message : String(error));
    }
  });
  const port = await listen(server, options.port);
  const address = `http://localhost:${port}/msi/token`;
  return {
    environment: { IDENTITY_ENDPOINT: address, IDENTITY_HEADER: header },
    msiEndpoint: address,
    add: (identity) => void userAssigned.push(identity),
    stop: () => close(server),
  };
}

// App Service's own words, in github:Azure-Samples/azure-search-openai-demo#2148
const nobody =
  'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.';

const same = (one: string | undefined, other: string | null) =>
  other !== null && one?.toLowerCase() === other.toLowerCase();

const equal = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

async function text(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

const fault = (response: ServerResponse, statusCode: number, message: string) =>
  answer(response, statusCode, { statusCode, message, correlationId: randomUUID() });

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
