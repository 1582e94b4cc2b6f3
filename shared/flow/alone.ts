import type { Fault } from '../model/scan.ts';
import type { Unread } from '../ports/store.ts';
import { messageOf } from './start/postpone.ts';

/**
 * Does one thing of several: where it fails, that is written down with its reason and the others go on.
 * @returns undefined where it failed
 */
export async function alone<T>(
  what: string,
  faults: Fault[],
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    faults.push({ what, reason: messageOf(error) });
    return undefined;
  }
}

/** Writes down the rows that a listing left out. */
export const unreadIn =
  (faults: Fault[]): Unread =>
  (error) =>
    faults.push({ what: 'a row of the store', reason: error.message });
