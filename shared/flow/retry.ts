import { ConflictError, type Stored, UnreadableError } from '../ports/store.ts';

/** More than enough: each turn means that another worker got something done. */
const turns = 25;

/**
 * Runs a read-decide-write until no other write came between. The body must read anew what it decides on.
 * @throws ConflictError when it never came through
 */
export async function untilUndisturbed<T>(body: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof ConflictError) || turn === turns) throw error;
    }
  }
}

/** A row that cannot be read is no value, but has a version: it can be replaced. */
export async function toReplace<T>(
  reading: Promise<Stored<T> | undefined>,
): Promise<{ value: T | undefined; etag: string } | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof UnreadableError && error.etag) return { value: undefined, etag: error.etag };
    throw error;
  }
}

/** Applies an async function to all items, at most `atOnce` at a time, answers in order. */
export async function mapAtMost<T, R>(
  items: T[],
  atOnce: number,
  apply: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await apply(items[at]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** Parts of at most `size`. */
export function chunks<T>(items: T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}
