import type { Entra, EntraClaims } from '../identity/entra.ts';
import { type Action, grants, type Permission } from '../identity/roleDefinitions.ts';
import type { Roles } from '../identity/roles.ts';
import { ArmError } from '../runEngine/api/armError.ts';
import { notAuthorized, operationNames } from './work.ts';

/** Tokens for ARM carry either of its two addresses. */
const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** A caller of ARM, with a token that the tenant signed. */
export interface Caller {
  claims: EntraClaims;
  may(action: Action, scope: string): boolean;
  /** @throws ArmError 403 in ARM's words, for a caller without a role that allows it */
  must(action: Action, scope: string): void;
  /** What the caller's roles allow in a scope, one for each role. */
  permissions(scope: string): Permission[];
  /** The same for any operation of Azure, by its own name. @throws ArmError 403 */
  mustDo(operation: string, scope: string): void;
}

/** The caller, by the request's bearer token. @throws ArmError 401 */
export async function callerOf(
  authorization: string | undefined,
  entra: Entra,
  roles: Roles,
): Promise<Caller> {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (!token)
    throw new ArmError(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
    );
  const claims = await entra.verify(token, audiences);
  if (!claims)
    throw new ArmError(
      401,
      'InvalidAuthenticationToken',
      'The access token is invalid: another tenant signed it, its time is over, or it is not for https://management.azure.com.',
    );
  const may = (action: Action, scope: string) => roles.allows(claims.oid, scope, action);
  const permissions = (scope: string) => roles.held(claims.oid, scope).map(({ permission }) => permission);
  const refused = (operation: string, scope: string) =>
    new ArmError(
      403,
      'AuthorizationFailed',
      notAuthorized(`'${claims.appid}' with object id '${claims.oid}'`, operation, scope),
    );
  return {
    claims,
    may,
    permissions,
    must(action, scope) {
      if (!may(action, scope)) throw refused(operationNames[action] ?? action, scope);
    },
    mustDo(operation, scope) {
      if (!grants(permissions(scope), operation)) throw refused(operation, scope);
    },
  };
}
