import type { TaskStep } from '../taskFile/readTask.ts';

/**
 * Runs each step when those it waits for have ended, side by side where the file lets them. The first that fails ends
 * the others.
 * @param run rejects when the step failed
 * @throws what the first failing step threw
 */
export async function runInOrder(
  steps: readonly TaskStep[],
  outer: AbortSignal,
  run: (step: TaskStep, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const ends = new Map<string, Promise<void>>();
  let first: { error: unknown } | undefined;
  const start = async (step: TaskStep): Promise<void> => {
    await Promise.all(step.after.map((id) => endOf(id)));
    signal.throwIfAborted();
    try {
      await run(step, signal);
    } catch (error) {
      first ??= { error };
      failed.abort(error);
      throw error;
    }
  };
  const byId = new Map(steps.map((step) => [step.id, step]));
  const endOf = (id: string): Promise<void> => {
    const end = ends.get(id) ?? start(byId.get(id)!);
    ends.set(id, end);
    return end;
  };
  await Promise.allSettled(steps.map(({ id }) => endOf(id)));
  outer.throwIfAborted();
  if (first) throw first.error;
}
