import { beatSeconds } from '../../rules/timing.ts';

/**
 * Writes at every beat, one write at a time, while something takes long.
 * @param write gives false to beat no more; what it throws goes to `failed`, and the next beat writes again
 * @returns ends it, once the write under way has ended
 */
export function startBeat(
  write: () => Promise<boolean>,
  failed: (error: Error) => void,
): () => Promise<void> {
  let beating: Promise<void> | undefined;
  const timer = setInterval(() => {
    beating ??= write()
      .then((goesOn) => {
        if (!goesOn) clearInterval(timer);
      })
      .catch(failed)
      .finally(() => {
        beating = undefined;
      });
  }, beatSeconds * 1000);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await beating;
  };
}
