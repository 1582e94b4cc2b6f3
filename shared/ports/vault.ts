import { PlinthError } from '../names/plinthError.ts';
/** A secret could not be read from a vault; the message names the secret and what is missing. */
export class VaultError extends PlinthError {}

/** Secrets that are kept elsewhere and read when they are needed. */
export interface Vault {
  /**
   * The value of a secret.
   * @param uri `https://contoso.vault.azure.net/secrets/name`, with or without a version
   * @param clientId of the identity to use; undefined is the app's own
   * @throws VaultError
   */
  secret(uri: string, clientId: string | undefined): Promise<string>;
}
