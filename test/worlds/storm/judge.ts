import assert from 'node:assert/strict';
import { ConflictError } from '../../../shared/ports/store.ts';
import { Died } from '../workers.ts';
import { isInjected, type World } from '../world.ts';

/** Whether a piece of work may end so in a storm: its worker died, another was faster, or it met what the test injected. */
export function isHonest(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isHonest);
  if (!(error instanceof Error)) return false;
  return error instanceof Died || error instanceof ConflictError || isInjected(error);
}

/** What a chore could not do is told, and swallowed with its kind: these are the sentences of what is honest. */
const honestReasons = [
  /was disturbed$/,
  /was changed$/,
  /its worker died$/,
  /asks to slow down$/,
  /is busy$/,
  /did not answer$/,
];

/** Nothing went wrong unseen: no error in the log, and nothing that a chore left out without an honest reason. */
export function nothingWasSwallowed({ log }: World): void {
  const told = log.filter(
    ({ level, message }) =>
      (level === 'error' || message.includes(' is left out: ')) &&
      !honestReasons.some((reason) => reason.test(message)),
  );
  assert.deepEqual(told, []);
}
