/** A role that an identity lacks. */
interface MissingRole {
  /** The identity's object id in Entra. */
  principalId: string;
  role: string;
  /** A resource id, or the command that prints it: `$(az acr show …)`. */
  scope: string;
}

/** The command that gives the role, ready to be run. */
export const assignRole = ({ principalId, role, scope }: MissingRole) =>
  `az role assignment create --assignee-object-id ${principalId} --assignee-principal-type ServicePrincipal --role "${role}" --scope "${scope}"`;

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Whose a token of Entra is: the object id of a managed identity, which a role is given to. It is for a message, and
 * nothing is decided by it, so the signature is not looked at.
 * @returns undefined for a token that does not say
 */
export function principalOf(token: string): string | undefined {
  try {
    const { oid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      oid?: unknown;
    };
    return typeof oid === 'string' && guid.test(oid) ? oid : undefined;
  } catch {
    return undefined;
  }
}
