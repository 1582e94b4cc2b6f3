import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks again and again until the answer is not undefined, and gives it back.
 * @param what what is waited for, named in the error when limitMs pass without it
 */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  limitMs = 15_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`Waited ${limitMs / 1000} s in vain for ${what}`);
    await wait(50);
  }
}
