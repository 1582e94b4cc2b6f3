import { Refusal } from '../flow/refusal.ts';

/** The app roles of the API's registration in Entra. */
export type Role = 'Tasks.Read' | 'Tasks.Write' | 'Tasks.ReadSecrets';

interface Principal {
  claims?: { typ?: string; val?: string }[];
}

/**
 * Whether the caller that App Service signed in has a role. The header is App Service's: it takes away one that a
 * client sends.
 * @throws Refusal 401 without a principal, 403 without the role
 */
export function allowed(header: string | null, role: Role): void {
  const principal = header && decode(header);
  if (!principal)
    throw new Refusal(401, 'AuthenticationFailed', 'Sign in: the API takes an Entra access token.');
  const roles = (principal.claims ?? []).filter(({ typ }) => typ === 'roles').map(({ val }) => val);
  if (roles.includes(role)) return;
  throw new Refusal(403, 'AuthorizationFailed', `This needs the app role ${role}.`);
}

function decode(header: string): Principal | undefined {
  try {
    return JSON.parse(Buffer.from(header, 'base64').toString()) as Principal;
  } catch {
    return undefined;
  }
}
