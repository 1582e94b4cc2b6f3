import { PlinthError } from '../names/plinthError.ts';

/** `status` and `errorCode` as those of an identity have them. */
type Failed = Error & { statusCode?: number; status?: number; code?: unknown; errorCode?: string };

/** An error and its causes, as errors of the network, of an SDK and of Plinth have them; no deeper, as they may go round. */
function withCauses(error: unknown): Failed[] {
  const all: Error[] = [];
  for (let at = error; at instanceof Error && all.length < 5; at = at.cause) all.push(at);
  return all;
}

/** Whether the network's own error below is that a host name does not exist. */
export const isUnknownHost = (error: unknown): boolean =>
  withCauses(error).some(({ code }) => code === 'ENOTFOUND');

/** Worth another try: the other side was busy or could not be reached. */
export const isTransient = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.transient;

const networkCodes = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|REQUEST_SEND_ERROR)$/;

/**
 * Whether the other side was busy, late or away, also by an error as an SDK throws it, of storage or of an identity: it
 * has a `statusCode`, a `status`, a `code`, or these in a `cause`. A host that does not exist is not away for a moment.
 */
export const isPassing = (error: unknown): boolean =>
  !isUnknownHost(error) &&
  withCauses(error).some(
    (at) =>
      isTransient(at) ||
      at.name === 'LateError' ||
      networkCodes.test(String(at.code)) ||
      isBusy(at.statusCode ?? at.status) ||
      at.errorCode === 'network_error',
  );

const isBusy = (status = 0) => status === 408 || status === 429 || status >= 500;

/** Refused for a role that is missing, or does not count yet. */
export const isRoleMissing = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.isRoleMissing;

/** How loud it is logged: a fault of Plinth itself is an error. */
export const loudness = (error: unknown) =>
  isTransient(error) || isRoleMissing(error) ? 'warning' : 'error';

/** What a person has to put right: the same try would end the same. */
export const isFault = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && !error.transient && !error.isRoleMissing;
