import { useLayoutEffect } from 'preact/hooks';
import { liveEvery } from '../model/live.ts';
import { current, loads } from './data.ts';

/** All of it is read again after this long: what skipped a push shows in no run. */
const graphMs = 5 * 60_000;
const mostBackOffSeconds = 60;

let failures = 0;

/** Seconds to the next try after failures in a row: 1 after none, then 2, 4, 8 … 60. */
export const backOff = (count: number) => Math.min(mostBackOffSeconds, 2 ** count);

/** Reads what is due. */
async function read(): Promise<void> {
  const isDue = current.asOf === 0 || Date.now() - graphReadAt > graphMs;
  if (isDue) await loads.everything();
  else await loads.onlyLive();
  if (isDue && !current.trouble) graphReadAt = Date.now();
  failures = current.trouble ? failures + 1 : 0;
}

let graphReadAt = 0;

/** Reads all of it now. */
export async function refresh(): Promise<void> {
  graphReadAt = 0;
  await read();
}

/**
 * Keeps the data as new as it is worth while the tab is seen; a hidden tab asks nothing.
 * @param isWatched whether the view shows runs going on
 * @param isSignedOut nothing is asked then
 */
export function usePolling(isWatched: boolean, isSignedOut: boolean): void {
  // Not after the first frame: what is read first would be asked for that much later.
  useLayoutEffect(() => {
    if (isSignedOut) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    let isReading = false;
    const next = () => {
      isReading = false;
      if (ended) return;
      const seconds = current.trouble ? backOff(failures) : liveEvery(current.live, isWatched);
      if (current.trouble) loads.setNextTry(Date.now() + seconds * 1000);
      timer = setTimeout(go, seconds * 1000);
    };
    const go = () => {
      clearTimeout(timer);
      // Of a tab that is hidden and shown meanwhile, the one that is under way goes on.
      if (isReading || document.visibilityState !== 'visible') return;
      isReading = true;
      read().then(next, next);
    };
    document.addEventListener('visibilitychange', go);
    if (current.asOf === 0) go();
    else next();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', go);
    };
  }, [isWatched, isSignedOut]);
}
