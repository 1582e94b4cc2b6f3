import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';

/** Whether an identity gave no token because its endpoint is busy or does not answer, which another try may find over. */
export function isIdentityBusy(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { errorCode, status = 0 } = at as { errorCode?: string; status?: number };
    // MSAL trips over an answer without a body.
    if (at instanceof TypeError || errorCode === 'network_error') return true;
    if ([408, 429].includes(status) || status >= 500) return true;
  }
  return false;
}

/**
 * The credential of a managed identity, one for each client id for the life of the process, as it keeps its tokens.
 * Without a client id it is whatever the process has: in Azure the app's own identity.
 */
export function createCredentials(ownClientId: string | undefined): (clientId?: string) => TokenCredential {
  const credentials = new Map<string | undefined, TokenCredential>();
  return (clientId = ownClientId) => {
    let credential = credentials.get(clientId);
    if (!credential) {
      credential = clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
      credentials.set(clientId, credential);
    }
    return credential;
  };
}
