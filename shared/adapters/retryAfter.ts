/** No server is left alone for longer, whatever it says: a date far away would be a way to stop Plinth. */
const longestSeconds = 86_400;

/**
 * Seconds that a server asks to be left alone: `Retry-After` holds them, or a date.
 * @returns undefined where it asks for nothing that can be understood
 */
export function retryAfterSeconds(header: string | null | undefined, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return seconds > 0 ? Math.min(Math.ceil(seconds), longestSeconds) : undefined;
}
