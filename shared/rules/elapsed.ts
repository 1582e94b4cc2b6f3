import { clockToleranceMs } from './timing.ts';

/**
 * Milliseconds since an instant that a clock of the app has written; without end where that clock was ahead and was set
 * right since: what waits would wait for as long as it was wrong. Pure.
 */
export function elapsedMs(since: string, now: Date): number {
  const elapsed = now.getTime() - Date.parse(since);
  return elapsed < -clockToleranceMs ? Number.POSITIVE_INFINITY : elapsed;
}
