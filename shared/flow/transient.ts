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

const networkCodes = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|REQUEST_SEND_ERROR)$/;

/**
 * Whether the other side was busy, late or away, also by an error as an SDK throws it, of storage or of an identity: it
 * has a `statusCode`, a `code`, or these in a `cause`. A host that does not exist is not away for a moment.
 */
export function isPassing(error: unknown): boolean {
  if (isUnknownHost(error)) return false;
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { statusCode = 0, code = '' } = at as { statusCode?: number; code?: unknown };
    if (isTransient(at) || at.name === 'LateError' || networkCodes.test(String(code))) return true;
    if ([408, 429].includes(statusCode) || statusCode >= 500) return true;
  }
  return false;
}

/** Refused for a role that is missing, or does not count yet. */
export const isRoleMissing = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.isRoleMissing;

/** How loud it is logged: a fault of Plinth itself is an error. */
export const loudness = (error: unknown) =>
  isTransient(error) || isRoleMissing(error) ? 'warning' : 'error';

/** What a person has to put right: the same try would end the same. */
export const isFault = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && !error.transient && !error.isRoleMissing;
