import { longestRetryAfterSeconds } from '../../rules/timing.ts';
/**
 * Seconds that a server asks to be left alone: `Retry-After` holds them, or a date.
 * @returns undefined where it asks for nothing that can be understood
 */
export function retryAfterSeconds(header: string | null | undefined, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return seconds > 0 ? Math.min(Math.ceil(seconds), longestRetryAfterSeconds) : undefined;
}
