import { RegistryError } from '../ports/registry.ts';
import { RunEngineError } from '../ports/runEngine.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { VaultError } from '../ports/vault.ts';

/** Worth another try: the other side was busy or could not be reached. `retryAfter` is in seconds. */
export function isTransient(error: unknown): error is Error & { retryAfter?: number } {
  const known =
    error instanceof RegistryError ||
    error instanceof RunEngineError ||
    error instanceof SourceError ||
    error instanceof VaultError;
  return known && error.transient;
}
