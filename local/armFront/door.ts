import type { Entra, EntraClaims } from '../entra.ts';
import type { Action, Roles } from '../roles.ts';
import { ArmError } from '../runEngine/armError.ts';
import { notAuthorized } from './work.ts';

/** Tokens for ARM carry either of its two addresses. */
const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** Whoever calls ARM with a token that the tenant signed. */
export interface Caller {
  claims: EntraClaims;
  may(action: Action, scope: string): boolean;
  /** @throws ArmError 403 in ARM's words, for whoever has no role that allows it */
  must(action: Action, scope: string): void;
}

/** Who calls, by the request's bearer token. @throws ArmError 401 */
export function callerOf(authorization: string | undefined, entra: Entra, roles: Roles): Caller {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (!token)
    throw new ArmError(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
    );
  const claims = entra.verify(token, audiences);
  if (!claims)
    throw new ArmError(
      401,
      'InvalidAuthenticationToken',
      'The access token is invalid: another tenant signed it, its time is over, or it is not for https://management.azure.com.',
    );
  const may = (action: Action, scope: string) => roles.allows(claims.oid, scope, action);
  return {
    claims,
    may,
    must(action, scope) {
      if (may(action, scope)) return;
      throw new ArmError(
        403,
        'AuthorizationFailed',
        notAuthorized(`'${claims.appid}' with object id '${claims.oid}'`, action, scope),
      );
    },
  };
}
