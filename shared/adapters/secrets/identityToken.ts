import {
  type AccessToken,
  DefaultAzureCredential,
  type GetTokenOptions,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import { type Fail, reasonOf } from '../http/ask.ts';
import { answerInTime, LateError } from '../http/timeLimit.ts';

/**
 * Whether an identity gave no token because its endpoint is busy or does not answer, which another try may find over.
 */
function isIdentityBusy(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { errorCode, status = 0 } = at as { errorCode?: string; status?: number };
    if (at instanceof LateError) return true;
    // MSAL trips over an answer without a body.
    if (at instanceof TypeError || errorCode === 'network_error') return true;
    if ([408, 429].includes(status) || status >= 500) return true;
  }
  return false;
}

/** A credential whose token comes in time or not at all: those of the SDK wait for as long as a connection is open. */
export const inTime = (credential: TokenCredential): TokenCredential => ({
  getToken: (scopes, options) => answerInTime('identity', () => credential.getToken(scopes, options)),
});

/**
 * A token of an identity.
 * @throws what `fail` makes of a fault: Silent where another try may find the identity's endpoint less busy, else
 * Unsent
 */
export async function tokenOf(
  credential: TokenCredential,
  scopes: string | string[],
  fail: Fail,
  options?: GetTokenOptions,
): Promise<AccessToken> {
  let given: AccessToken | null;
  try {
    given = await credential.getToken(scopes, options);
  } catch (cause) {
    throw fail({ kind: isIdentityBusy(cause) ? 'Silent' : 'Unsent', why: reasonOf(cause), cause });
  }
  if (given) return given;
  throw fail({ kind: 'Silent', why: 'no answer' });
}

/**
 * The credential of a managed identity, one for each client id for the life of the process, as it keeps its tokens.
 * Without a client id it is whatever the process has: in Azure the app's own identity. A token that does not come is a
 * LateError.
 */
export function createCredentials(ownClientId: string | undefined): (clientId?: string) => TokenCredential {
  const credentials = new Map<string | undefined, TokenCredential>();
  return (clientId = ownClientId) => {
    let credential = credentials.get(clientId);
    if (!credential) {
      credential = inTime(
        clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential(),
      );
      credentials.set(clientId, credential);
    }
    return credential;
  };
}
