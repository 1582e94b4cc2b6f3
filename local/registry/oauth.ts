import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Entra } from '../identity/entra.ts';
import { answer, refuse, unauthorized } from './answers.ts';
import { parseScopes, type RegistryTokens } from './tokens.ts';

/** The user name under which a refresh token is handed over as a password. */
export const nullGuid = '00000000-0000-0000-0000-000000000000';

const defaultAudiences = [
  'https://containerregistry.azure.net',
  'https://management.azure.com',
  'https://management.core.windows.net',
];

interface OauthOptions {
  loginServer: string;
  entra: Entra;
  tokens: RegistryTokens;
  /** Whether a principal has any role on the images of this registry. */
  isKnown: (principalId: string) => boolean;
  /** Audiences of Entra tokens beside ACR's own and ARM's. */
  audiences: string[];
}

/** ACR's two token routes, `/oauth2/exchange` and `/oauth2/token`. */
export function createOauth({ loginServer, entra, tokens, isKnown, audiences }: OauthOptions) {
  const deny = (response: ServerResponse, message = unauthorized) =>
    refuse(response, 401, 'UNAUTHORIZED', message);

  const isMeant = (response: ServerResponse, form: URLSearchParams) => {
    if (form.get('service') === loginServer) return true;
    refuse(response, 400, 'UNSUPPORTED', `The service has to be ${loginServer}.`);
    return false;
  };

  return {
    /** An Entra access token becomes a refresh token of this registry. */
    async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const form = await readForm(request);
      if (!isMeant(response, form)) return;
      if (form.get('grant_type') !== 'access_token')
        return refuse(response, 400, 'UNSUPPORTED', 'The grant_type has to be access_token.');
      const claims = await entra.verify(form.get('access_token') ?? '', [...defaultAudiences, ...audiences]);
      if (!claims) return deny(response, 'AAD access token with correct audience is required');
      // ACR refuses here already, and not only the pull, for a caller without any role on its images
      if (!isKnown(claims.oid)) return deny(response);
      answer(response, 200, { refresh_token: await tokens.refreshToken(claims.oid, claims.tid) });
    },

    /**
     * A refresh token becomes an access token: posted in a form, or as the password of a GET, which is how docker and
     * buildah do it.
     */
    async token(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
      const form = request.method === 'POST' ? await readForm(request) : query;
      if (!isMeant(response, form)) return;
      const principalId = await tokens.principalOf(refreshTokenOf(request, form) ?? '');
      if (!principalId) return deny(response);
      answer(response, 200, {
        access_token: await tokens.accessToken(principalId, parseScopes(form.getAll('scope'))),
      });
    },
  };
}

function refreshTokenOf(request: IncomingMessage, form: URLSearchParams): string | null {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic) {
    const [user, ...password] = Buffer.from(basic, 'base64').toString().split(':');
    return user === nullGuid ? password.join(':') : null;
  }
  if (request.method !== 'POST') return null;
  if (form.get('grant_type') === 'password')
    return form.get('username') === nullGuid ? form.get('password') : null;
  return form.get('refresh_token');
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return new URLSearchParams(body);
}
