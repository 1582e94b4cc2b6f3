import { PlinthError } from '../names/plinthError.ts';
/** Whether the network's own error below is that a host name does not exist. */
export function isUnknownHost(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if ((at as { code?: unknown }).code === 'ENOTFOUND') return true;
  return false;
}

/** Worth another try: the other side was busy or could not be reached. */
export const isTransient = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.transient;

/** Refused for a role that is missing, or does not count yet. */
export const isRoleMissing = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.isRoleMissing;

/** How loud it is logged: a fault of Plinth itself is an error. */
export const loudness = (error: unknown) =>
  isTransient(error) || isRoleMissing(error) ? 'warning' : 'error';

/** What a person has to put right: the same try would end the same. */
export const isFault = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && !error.transient && !error.isRoleMissing;
