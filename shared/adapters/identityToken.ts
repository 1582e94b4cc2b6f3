import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';

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
