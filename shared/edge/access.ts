import type { Role } from '../api/operations.ts';
import { Refusal } from '../flow/refusal.ts';

interface Principal {
  claims: { typ: string; val: string }[];
}

/** Who App Service has signed in. */
export interface Caller {
  /** A person's address or an app's id, as far as the token has one. */
  name?: string;
  roles: string[];
}

/** Claims that name a person or an app, the first that is there; in the short form and in App Service's long one. */
const nameClaims = [
  'preferred_username',
  'upn',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
  'name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  'azp',
  'appid',
];

/** A token's `roles`, of users and of apps alike; some versions of App Service write the claim's long name. */
const roleClaims = ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'];

/**
 * Whether the caller that App Service signed in has a role. The header is App Service's: it takes away one that a
 * client sends, and is the only way to the app.
 * @throws Refusal 401 without a principal, 403 without the role
 */
export function allowed(header: string | null, role: Role): Caller {
  const principal = header ? decode(header) : undefined;
  if (!principal)
    throw new Refusal(401, 'AuthenticationFailed', 'Sign in: the API takes an Entra access token.');
  const roles = principal.claims.filter(({ typ }) => roleClaims.includes(typ)).map(({ val }) => val);
  const name = nameClaims.flatMap((typ) => principal.claims.find((claim) => claim.typ === typ)?.val ?? [])[0];
  if (roles.includes(role)) return { roles, ...(name && { name }) };
  throw new Refusal(
    403,
    'AuthorizationFailed',
    `This needs the app role ${role}. Assign it to the caller at the API's enterprise application in Entra.`,
  );
}

/**
 * Refuses what a browser sends for a page of another origin: the session's cookie would sign it. Reads are left alone,
 * since no other origin gets to see their answers; clients that are no browsers send no such header.
 * @param site the header `sec-fetch-site`, which no script can set
 * @throws Refusal 403
 */
export function refuseForeign(method: string, site: string | null): void {
  if (method === 'GET' || site === null || site === 'same-origin') return;
  throw new Refusal(
    403,
    'AuthorizationFailed',
    `A browser sent this for a page of another origin (sec-fetch-site: ${site}). Only the app's own page may change anything.`,
  );
}

/** Undefined for whatever App Service does not write. */
function decode(header: string): Principal | undefined {
  try {
    const { claims } = JSON.parse(Buffer.from(header, 'base64').toString()) as { claims?: unknown };
    if (!Array.isArray(claims)) return undefined;
    return {
      claims: claims.filter((claim) => typeof claim?.typ === 'string' && typeof claim.val === 'string'),
    };
  } catch {
    return undefined;
  }
}
