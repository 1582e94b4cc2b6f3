/** A secret could not be read from a vault; the message says which, and what is missing. */
export class VaultError extends Error {
  override name = 'VaultError';
  /** Worth another try: the vault was busy or could not be reached. */
  readonly transient: boolean;
  /** Seconds, where the vault said so. */
  readonly retryAfter: number | undefined;
  constructor(message: string, options: { transient: boolean; retryAfter?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.transient = options.transient;
    this.retryAfter = options.retryAfter;
  }
}

/** Secrets that are kept elsewhere and read when they are needed. */
export interface Vault {
  /**
   * The value of a secret.
   * @param uri `https://contoso.vault.azure.net/secrets/name`, with or without a version
   * @param clientId who asks; undefined is the app's own identity
   * @throws VaultError
   */
  secret(uri: string, clientId: string | undefined): Promise<string>;
}
