import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { epochSeconds, signJwt, verifyJwt } from './jwt.ts';

/** A managed identity: a service principal that a resource of the stack may use. */
export interface LocalIdentity {
  name: string;
  clientId: string;
  /** The object id, which role assignments name. */
  principalId: string;
  /** ARM id of a user-assigned identity, for callers that ask by `mi_res_id`. */
  resourceId?: string;
}

/** The claims of an Entra v1 access token for a managed identity, as far as they are read here. */
export interface EntraClaims {
  aud: string;
  iss: string;
  appid: string;
  oid: string;
  sub: string;
  tid: string;
  iat: number;
  nbf: number;
  exp: number;
  xms_mirid?: string;
}

export interface Entra {
  tenantId: string;
  /**
   * An access token for a resource, such as `https://containerregistry.azure.net`, which becomes its audience.
   * @returns the token and when it ends, in seconds since 1970
   */
  accessToken(
    identity: LocalIdentity,
    resource: string,
    lifetimeSeconds?: number,
  ): Promise<{ token: string; expiresOn: number }>;
  /**
   * The claims of a token that this tenant signed, that is valid now, and that is meant for one of the audiences (a
   * slash at the end makes no difference); undefined for any other.
   */
  verify(token: string, audiences: string[]): Promise<EntraClaims | undefined>;
}

const day = 24 * 3600;
const bare = (audience: string) => audience.toLowerCase().replace(/\/+$/, '');

/** One tenant of Microsoft Entra ID, reduced to its signing key. Each start makes a new key. */
export function createEntra(tenantId: string): Entra {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomUUID().replaceAll('-', '');
  const iss = `https://sts.windows.net/${tenantId}/`;
  return {
    tenantId,
    async accessToken(identity, resource, lifetimeSeconds = day) {
      const now = epochSeconds();
      const exp = now + lifetimeSeconds;
      const claims = {
        aud: resource,
        iss,
        iat: now,
        nbf: now,
        exp,
        appid: identity.clientId,
        appidacr: '2',
        idp: iss,
        idtyp: 'app',
        oid: identity.principalId,
        sub: identity.principalId,
        tid: tenantId,
        uti: randomUUID(),
        ver: '1.0',
        ...(identity.resourceId ? { xms_mirid: identity.resourceId } : {}),
      };
      return { token: await signJwt({ alg: 'RS256', kid, x5t: kid }, claims, privateKey), expiresOn: exp };
    },
    async verify(token, audiences) {
      const claims = (await verifyJwt(token, publicKey, 'RS256')) as EntraClaims | undefined;
      const allowed = audiences.map(bare);
      return claims?.iss === iss && allowed.includes(bare(claims.aud)) ? claims : undefined;
    },
  };
}
