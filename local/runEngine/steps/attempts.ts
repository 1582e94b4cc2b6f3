import { setTimeout as after } from 'node:timers/promises';
import type { TaskStep } from '../taskFile/readTask.ts';
import { RunFailure } from '../types.ts';

/**
 * Runs a step as often as it is defined: `repeat` more times, each with `retries` more tries, all within its `timeout`.
 * @param once rejects with RunFailure when the step failed
 * @param log takes one line
 * @throws RunFailure
 */
export async function withAttempts(
  step: TaskStep,
  signal: AbortSignal,
  once: (signal: AbortSignal) => Promise<void>,
  log: (line: string) => Promise<void>,
): Promise<void> {
  const { id, timeout, startDelay, repeat } = step;
  if (startDelay > 0) {
    await log(`Waiting ${startDelay} seconds before executing step ID: ${id}`);
    await after(startDelay * 1000, undefined, { signal });
  }
  const timer = new AbortController();
  const timing = setTimeout(() => timer.abort(), timeout * 1000);
  const both = AbortSignal.any([signal, timer.signal]);
  try {
    for (let round = 0; round <= repeat; round++) await withRetries(step, both, once, log);
  } catch (error) {
    signal.throwIfAborted();
    if (timer.signal.aborted)
      throw new RunFailure(`step ${id} took longer than its timeout of ${timeout} seconds`);
    throw error;
  } finally {
    clearTimeout(timing);
  }
}

async function withRetries(
  { id, retries, retryDelay }: TaskStep,
  signal: AbortSignal,
  once: (signal: AbortSignal) => Promise<void>,
  log: (line: string) => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await log(`Launching container with name: ${id}`);
      await once(signal);
      await log(`Successfully executed container: ${id}`);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunFailure) || attempt === retries) throw error;
      await log(`Container failed during run: ${id}, waiting ${retryDelay} seconds before retrying...`);
      await after(retryDelay * 1000, undefined, { signal });
    }
  }
}
