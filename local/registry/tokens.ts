import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { epochSeconds, signJwt, verifyJwt } from '../identity/jwt.ts';
import type { Action } from '../identity/roleDefinitions.ts';
import type { Tls } from '../machine/tls.ts';
import type { Access } from './answers.ts';

/** docker-registry and the front agree on it; it is ACR's. */
export const issuer = 'Azure Container Registry';

const refreshTokenLife = 3 * 3600;
const accessTokenLife = 75 * 60;

/** What a role allows, in the words of a registry token. */
const granted: Partial<Record<Action, string[]>> = {
  pull: ['pull', 'metadata_read'],
  push: ['push', 'metadata_write'],
  delete: ['delete'],
};

export interface RegistryTokens {
  /** For a principal, for three hours. */
  refreshToken(principalId: string, tenantId: string): Promise<string>;
  /** The principal of a refresh token of this registry; undefined for any other text. */
  principalOf(refreshToken: string): Promise<string | undefined>;
  /** Carries what was asked for, less what the principal's roles do not allow at this moment. */
  accessToken(principalId: string, asked: Access[]): Promise<string>;
  /** Whether an access token carries all of `needed`. */
  carries(accessToken: string, needed: Access): Promise<boolean>;
}

/**
 * The two kinds of token that ACR gives, for one registry. They are signed with the server's own key, whose certificate
 * travels in the header (`x5c`), because docker-registry checks them so: `rootcertbundle` is the
 * authority. A token outlives a restart of the registry, as in Azure.
 */
export function createRegistryTokens(
  loginServer: string,
  tls: Tls,
  allows: (principalId: string, action: Action) => boolean,
  lifeOf: (seconds: number) => number = (seconds) => seconds,
): RegistryTokens {
  const privateKey = createPrivateKey(tls.key);
  const publicKey = createPublicKey(tls.cert);
  const x5c = [tls.cert.replace(/-----(BEGIN|END) CERTIFICATE-----|\s/g, '')];

  const mint = (claims: Record<string, unknown>, life: number) => {
    const now = epochSeconds();
    const always = {
      jti: randomUUID(),
      iss: issuer,
      aud: loginServer,
      version: '1.0',
      nbf: now - 60,
      iat: now,
    };
    return signJwt(
      { alg: 'ES256', x5c },
      { ...always, exp: now + Math.ceil(lifeOf(life)), ...claims },
      privateKey,
    );
  };
  const read = async (token: string, kind: string) => {
    const claims = await verifyJwt(token, publicKey, 'ES256');
    return claims?.aud === loginServer && claims.grant_type === kind ? claims : undefined;
  };
  const allowed = (principalId: string): string[] =>
    Object.entries(granted).flatMap(([action, words]) =>
      allows(principalId, action as Action) ? words : [],
    );
  const grant = (principalId: string, { type, name, actions }: Access): Access[] => {
    if (type === 'registry')
      return name === 'catalog' && allows(principalId, 'catalog') ? [{ type, name, actions: ['*'] }] : [];
    const may = allowed(principalId);
    const given = actions.includes('*') ? may : actions.filter((action) => may.includes(action));
    return type === 'repository' && given.length > 0 ? [{ type, name, actions: given }] : [];
  };

  return {
    refreshToken: (principalId, tenantId) =>
      mint(
        {
          sub: principalId,
          tenant: tenantId,
          grant_type: 'refresh_token',
          permissions: { Actions: ['read', 'write', 'delete'], NotActions: null },
        },
        refreshTokenLife,
      ),
    principalOf: async (token) => (await read(token, 'refresh_token'))?.sub,
    accessToken: (principalId, asked) =>
      mint(
        {
          sub: principalId,
          grant_type: 'access_token',
          access: asked.flatMap((access) => grant(principalId, access)),
        },
        accessTokenLife,
      ),
    carries: async (token, needed) =>
      (((await read(token, 'access_token'))?.access ?? []) as Access[]).some(
        ({ type, name, actions }) =>
          type === needed.type &&
          name === needed.name &&
          needed.actions.every((one) => actions.includes(one)),
      ),
  };
}

/** Reads `repository:a/b:pull,push registry:catalog:*`; a name may hold colons (a host and port), the ends may not. */
export function parseScopes(scopes: string[]): Access[] {
  return scopes
    .flatMap((scope) => scope.split(' '))
    .map((scope) => /^([^:]+):(.+):([^:]*)$/.exec(scope))
    .filter((match) => match !== null)
    .map(([, type, name, actions]) => ({ type: type!, name: name!, actions: actions!.split(',') }));
}
