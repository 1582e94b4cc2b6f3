const minimumMs = 100;

/**
 * How long a listener waits before it looks at an empty queue again: 100 ms at first, then twice as long each time
 * (give or take a fifth), never longer than maximumMs. From the storage extension's randomized back-off.
 * @param emptyLooks how many times in a row the queue was found empty, from 1
 * @param random 0 to 1
 */
export function pollingDelayMs(emptyLooks: number, maximumMs: number, random = Math.random()): number {
  const exponent = emptyLooks < 2 ? 0 : (0.8 + random * 0.4) * 2 ** Math.min(emptyLooks - 2, 30);
  return Math.min(minimumMs + exponent * minimumMs, Math.max(minimumMs, maximumMs));
}
