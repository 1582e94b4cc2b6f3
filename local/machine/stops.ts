import { setTimeout as after } from 'node:timers/promises';

/** How what was started is stopped. */
export interface Stops {
  add(undo: () => Promise<unknown>): void;
  /** Stops all, the last first; whatever one does, the others follow. What fails or lasts too long is printed. */
  stop(): Promise<void>;
}

/** Milliseconds; the app alone may take 40 s, for what it has begun. */
const stopLimitMs = 45_000;

/** @param limitMs that each has to stop, in milliseconds */
export function createStops(limitMs = stopLimitMs): Stops {
  const stops: (() => Promise<unknown>)[] = [];
  return {
    add: (undo) => void stops.push(undo),
    async stop() {
      for (const undo of stops.splice(0).reverse())
        await inTime(undo, limitMs).catch((error) => console.error(error));
    },
  };
}

async function inTime(undo: () => Promise<unknown>, limitMs: number): Promise<void> {
  const over = new AbortController();
  const late = after(limitMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`A part did not stop within ${limitMs / 1000} s`);
  });
  late.catch(() => {});
  await Promise.race([undo(), late]).finally(() => over.abort());
}
