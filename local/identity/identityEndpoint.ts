import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { close, listen } from '../machine/listening.ts';
import type { Entra, LocalIdentity } from './entra.ts';
import { epochSeconds } from './jwt.ts';

interface IdentityEndpointOptions {
  entra: Entra;
  /** The identity for a caller of the App Service endpoint that names none. */
  systemAssigned?: LocalIdentity;
  userAssigned?: LocalIdentity[];
  /** Who the Azure CLI is signed in as: answered in each form that some version of the CLI uses. */
  cli?: LocalIdentity;
  port?: number;
  /** A status with which the app's next question is refused; undefined for none. */
  refuses?: () => number | undefined;
}

export interface IdentityEndpoint {
  /** What App Service puts into an app's environment; `@azure/identity` looks for exactly these. */
  environment: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string };
  /** What az looks for: 2.45 and 2.74 MSI_ENDPOINT, 2.91 the form of App Service, SDKs beside them IMDS. */
  cliEnvironment: Record<
    'MSI_ENDPOINT' | 'IDENTITY_ENDPOINT' | 'IDENTITY_HEADER' | 'AZURE_POD_IDENTITY_AUTHORITY_HOST',
    string
  >;
  /** Assigns one more user-assigned identity. */
  add(identity: LocalIdentity): void;
  stop(): Promise<void>;
}

/**
 * The managed identity endpoint of App Service (api-version 2019-08-01), on the same path the form that az 2.45 posts to
 * MSI_ENDPOINT, and the metadata service of a virtual machine (2018-02-01). Anybody on this machine may use the last two.
 */
export async function startIdentityEndpoint(options: IdentityEndpointOptions): Promise<IdentityEndpoint> {
  const { systemAssigned, cli } = options;
  const signedIn = cli ?? systemAssigned;
  const userAssigned = [...(options.userAssigned ?? [])];
  const [header, cliHeader] = [randomUUID(), randomUUID()];
  const tokens = { entra: options.entra, userAssigned };

  const answerPath = async (request: IncomingMessage, url: URL): Promise<Answer> => {
    const { method, headers } = request;
    const query = url.searchParams;
    const isMetadata = url.pathname === '/metadata/identity/oauth2/token';
    if (!isMetadata && url.pathname !== '/msi/token') return fault(404, 'Not Found');
    if (!isMetadata && method === 'POST' && headers.metadata === 'true')
      return tokenFor(tokens, new URLSearchParams(await text(request)), signedIn);
    if (method !== 'GET') return fault(405, 'Method Not Allowed');
    if (isMetadata) return refuseMetadata(headers.metadata, query) ?? tokenFor(tokens, query, signedIn);
    const given = `${headers['x-identity-header'] ?? ''}`;
    const isCli = equal(given, cliHeader);
    if (!isCli && !equal(given, header))
      return fault(401, 'The header X-IDENTITY-HEADER is missing, or is not the value of IDENTITY_HEADER.');
    const refused = isCli ? undefined : options.refuses?.();
    if (refused) return fault(refused, 'The managed identity endpoint is busy.');
    if (query.get('api-version') !== '2019-08-01') return fault(400, 'The api-version has to be 2019-08-01.');
    return tokenFor(tokens, query, isCli ? signedIn : systemAssigned);
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { status, body } = await answerPath(request, url).catch((error: unknown) =>
      fault(500, error instanceof Error ? error.message : String(error)),
    );
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
      .end(JSON.stringify(body));
  });
  const port = await listen(server, options.port);
  const origin = `http://localhost:${port}`;
  const address = `${origin}/msi/token`;
  return {
    environment: { IDENTITY_ENDPOINT: address, IDENTITY_HEADER: header },
    cliEnvironment: {
      MSI_ENDPOINT: address,
      IDENTITY_ENDPOINT: address,
      IDENTITY_HEADER: cliHeader,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: origin,
    },
    add: (identity) => void userAssigned.push(identity),
    stop: () => close(server),
  };
}

interface Answer {
  status: number;
  body: object;
}

/** A token for the resource of a query, for the identity that it names, or else for another. */
async function tokenFor(
  { entra, userAssigned }: { entra: Entra; userAssigned: LocalIdentity[] },
  query: URLSearchParams,
  fallback: LocalIdentity | undefined,
): Promise<Answer> {
  const resource = query.get('resource');
  if (!resource) return fault(400, 'The parameter resource is missing.');
  const clientId = query.get('client_id') ?? query.get('clientid');
  const principalId = query.get('principal_id') ?? query.get('object_id');
  const resourceId = query.get('mi_res_id');
  const named = (identity: LocalIdentity) =>
    same(identity.clientId, clientId) ||
    same(identity.principalId, principalId) ||
    same(identity.resourceId, resourceId);
  const identity = clientId || principalId || resourceId ? userAssigned.find(named) : fallback;
  if (!identity) return fault(400, nobody);
  const { token, expiresOn } = await entra.accessToken(identity, resource);
  const now = epochSeconds();
  const body = {
    access_token: token,
    client_id: identity.clientId,
    expires_in: `${expiresOn - now}`,
    expires_on: `${expiresOn}`,
    not_before: `${now}`,
    resource,
    token_type: 'Bearer',
  };
  return { status: 200, body };
}

/** What a virtual machine's metadata service refuses, in its words. */
function refuseMetadata(header: string | string[] | undefined, query: URLSearchParams): Answer | undefined {
  const refuse = (error_description: string) => ({
    status: 400,
    body: { error: 'invalid_request', error_description },
  });
  if (header !== 'true') return refuse('Required metadata header not specified');
  if (query.get('api-version') !== '2018-02-01') return refuse('The api-version has to be 2018-02-01.');
  return undefined;
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

const fault = (status: number, message: string): Answer => ({
  status,
  body: { statusCode: status, message, correlationId: randomUUID() },
});
