import type { GetTokenOptions, TokenCredential } from '@azure/identity';
import { z } from 'zod';
import type { KnownRegistry } from '../../model/registry.ts';
import { RegistryError, type RegistryLogin } from '../../ports/registry.ts';
import { identityProblem } from '../../rules/azureRegistry.ts';
import { principalOf } from '../../rules/roleAssignment.ts';
import { exchangedForMs } from '../../rules/timing.ts';
import { ask, type Fail, readJson } from '../http/ask.ts';
import { limitOf } from '../http/timeLimit.ts';
import { tokenOf } from '../secrets/identityToken.ts';
import { busy, registryFault, roleMissing } from './registryFault.ts';

/** The user name that goes with an ACR refresh token. */
const tokenUser = '00000000-0000-0000-0000-000000000000';
const acrScope = 'https://containerregistry.azure.net/.default';

const Exchanged = z.object({ refresh_token: z.string().optional() });

interface IdentityLoginOptions {
  registries: KnownRegistry[];
  /** The credential of a managed identity; without a client id the app's own. */
  credential: (clientId?: string) => TokenCredential;
  endpointOf: (loginServer: string) => string;
  fetch: typeof globalThis.fetch;
}

type PasswordLogin = Extract<RegistryLogin, { kind: 'password' }>;

/** How a managed identity comes into Azure's registries. Its token, which is for all of them, goes to no other host. */
export function createIdentityLogin({ registries, credential, endpointOf, fetch }: IdentityLoginOptions) {
  const kept = new Map<string, { login: PasswordLogin; until: number }>();
  /** Whose the tokens are, by client id. */
  const principals = new Map<string | undefined, string | undefined>();

  /** That the identity may not pull. @param name what was asked for, where that is less than the registry */
  const refused = (loginServer: string, clientId: string | undefined, cause?: unknown, name = loginServer) =>
    roleMissing(
      name,
      {
        principalId: principals.get(clientId),
        known: registries.find((known) => known.loginServer === loginServer),
      },
      cause,
    );

  /** For the SDK. @throws RegistryError, also from `getToken` */
  function credentialFor(loginServer: string, clientId: string | undefined) {
    const problem = identityProblem(loginServer, registries);
    if (problem) throw new RegistryError('Invalid', problem);
    const fail: Fail = ({ kind, why, cause }) =>
      new RegistryError(
        kind === 'Silent' ? 'Unreachable' : 'Unauthorized',
        `The managed identity for ${loginServer} gave no token. Is it assigned to the function app? (${why})`,
        { cause },
      );
    const identity = credential(clientId);
    return {
      async getToken(scopes: string | string[], options?: GetTokenOptions) {
        const given = await tokenOf(identity, scopes, fail, options);
        principals.set(clientId, principalOf(given.token));
        return given;
      },
    };
  }

  /** A password that is good for three hours. @throws RegistryError */
  async function exchange(loginServer: string, clientId: string | undefined): Promise<PasswordLogin> {
    const { token } = await credentialFor(loginServer, clientId).getToken(acrScope);
    const url = `${endpointOf(loginServer)}/oauth2/exchange`;
    return {
      kind: 'password',
      userName: tokenUser,
      password: await refreshToken({ loginServer, url, token, fetch }, () => refused(loginServer, clientId)),
    };
  }

  /**
   * The same password for an hour, for the questions of this app.
   * @param isNew uses one of this moment, which is not kept
   * @throws RegistryError
   */
  async function withPassword<T>(
    loginServer: string,
    clientId: string | undefined,
    use: (login: PasswordLogin) => Promise<T>,
    isNew = false,
  ): Promise<T> {
    const key = JSON.stringify([loginServer, clientId]);
    let found = isNew ? undefined : kept.get(key);
    if (!found || found.until < Date.now()) {
      found = { login: await exchange(loginServer, clientId), until: Date.now() + exchangedForMs };
      if (!isNew) kept.set(key, found);
    }
    try {
      return await use(found.login);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'Unauthorized') throw error;
      // The next question comes with a new token: a role may have been given or taken.
      kept.delete(key);
      throw refused(loginServer, clientId, error);
    }
  }

  return { credentialFor, exchange, withPassword, refused };
}

interface ExchangeRequest {
  loginServer: string;
  url: string;
  token: string;
  fetch: typeof globalThis.fetch;
}

/** ACR's token exchange: the identity's Entra token for a refresh token of the registry. */
async function refreshToken(
  { loginServer, url, token, fetch }: ExchangeRequest,
  refused: () => RegistryError,
): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'access_token', service: loginServer, access_token: token });
  const fail = registryFault(loginServer);
  const response = await ask(fetch, url, { method: 'POST', body, signal: limitOf('registry') }, fail);
  if (response.status === 401 || response.status === 403) throw refused();
  const told = `${loginServer}: token exchange answered`;
  if (!response.ok)
    throw busy(loginServer, response) ?? new RegistryError('Unreachable', `${told} ${response.status}`);
  const { refresh_token } = await readJson(response, Exchanged, fail);
  if (refresh_token) return refresh_token;
  throw new RegistryError('Unreachable', `${told} without a token`);
}
