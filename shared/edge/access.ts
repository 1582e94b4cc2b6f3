import { Refusal } from '../flow/refusal.ts';

/** The app roles of the API's registration in Entra. */
export type Role = 'Tasks.Read' | 'Tasks.Write' | 'Tasks.ReadSecrets';

interface Principal {
  claims: { typ: string; val: string }[];
}

/** A token's `roles`, of users and of apps alike; some versions of App Service write the claim's long name. */
const roleClaims = ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'];

/**
 * Whether the caller that App Service signed in has a role. The header is App Service's: it takes away one that a
 * client sends, and is the only way to the app.
 * @throws Refusal 401 without a principal, 403 without the role
 */
export function allowed(header: string | null, role: Role): void {
  const principal = header ? decode(header) : undefined;
  if (!principal)
    throw new Refusal(401, 'AuthenticationFailed', 'Sign in: the API takes an Entra access token.');
  const roles = principal.claims.filter(({ typ }) => roleClaims.includes(typ)).map(({ val }) => val);
  if (roles.includes(role)) return;
  throw new Refusal(
    403,
    'AuthorizationFailed',
    `This needs the app role ${role}. Assign it to the caller at the API's enterprise application in Entra.`,
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
