import type { Clock } from '../../ports/clock.ts';

interface Kept {
  until: number;
  value: Promise<unknown>;
}

/** More answers than that are not kept: pages of many thousand tasks, asked for in turn, would fill the memory. */
const maxKept = 64;

/** By the clock they go by, of which a process has one. */
const ofClock = new WeakMap<Clock, Map<string, Kept>>();

/** Nothing that was made before is answered any more: who has changed something is to see it. */
export const forgetKept = (clock: Clock): void => void ofClock.delete(clock);

/**
 * What was made within the last while, kept for the process: many that look at the same moment cost as one. A failure
 * is not kept; all that wait for the same value get it.
 * @param ms how long a value is good for
 */
export async function keptFor<T>(clock: Clock, ms: number, key: string, make: () => Promise<T>): Promise<T> {
  const kept = ofClock.get(clock) ?? new Map<string, Kept>();
  ofClock.set(clock, kept);
  const now = clock.now().getTime();
  const known = kept.get(key);
  // A clock that was set back does not keep it for longer.
  if (known && known.until > now && known.until <= now + ms) return known.value as Promise<T>;
  for (const [other, { until }] of kept) if (until <= now || kept.size >= maxKept) kept.delete(other);
  const value = make();
  kept.set(key, { until: now + ms, value });
  const forget = () => {
    if (kept.get(key)?.value === value) kept.delete(key);
  };
  try {
    const made = await value;
    // An app at rest does not hold the states of all tasks in its memory.
    setTimeout(forget, ms).unref();
    return made;
  } catch (error) {
    forget();
    throw error;
  }
}
