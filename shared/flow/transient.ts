import { RegistryError } from '../ports/registry.ts';
import { RunEngineError } from '../ports/runEngine.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { VaultError } from '../ports/vault.ts';

/** Whether a host name was asked for that does not exist, as the network's own error below says. */
export function isUnknownHost(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if ((at as { code?: unknown }).code === 'ENOTFOUND') return true;
  return false;
}

/** Worth another try: the other side was busy or could not be reached. `retryAfter` is in seconds. */
export function isTransient(error: unknown): error is Error & { retryAfter?: number } {
  const known =
    error instanceof RegistryError ||
    error instanceof RunEngineError ||
    error instanceof SourceError ||
    error instanceof VaultError;
  return known && error.transient;
}
