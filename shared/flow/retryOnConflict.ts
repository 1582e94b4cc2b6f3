import { ConflictError, type Stored, UnreadableError } from '../ports/store.ts';
import { maxConflicts } from '../rules/timing.ts';

/**
 * Optimistic locking: repeats a read-decide-write until no other write came between. The body reads again what it decides on.
 * @throws ConflictError when it never came through
 */
export async function retryOnConflict<T>(body: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === maxConflicts) throw error;
    }
  }
}

/** A row that cannot be read is no value, but has a version: it can be replaced. `unread` says why it cannot. */
export async function toReplace<T>(
  reading: Promise<Stored<T> | undefined>,
): Promise<{ value: T | undefined; etag: string; unread?: UnreadableError } | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof UnreadableError && error.etag)
      return { value: undefined, etag: error.etag, unread: error };
    throw error;
  }
}
