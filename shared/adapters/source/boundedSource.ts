import { type FetchedSource, type SourceContext, SourceError } from '../../ports/sourceContext.ts';

/** Most contexts are smaller than this, and so many bytes of them are in hand at once. */
const smallBytes = 4 * 2 ** 20;
const smallBytesAtOnce = 32 * 2 ** 20;

/**
 * A process fetches as much at once as its memory and its disk hold, whatever messages it is given: small contexts side
 * by side, and one large one at a time beside them. A context is in hand until it is disposed of. Whether one is large
 * shows only while it comes: it is then let go and fetched again in its turn.
 */
export function boundedSource(source: SourceContext): SourceContext {
  const small = createLane(smallBytesAtOnce);
  const large = createLane(1);
  return {
    async fetch(location, options) {
      const first = { ...options, maxBytes: Math.min(options.maxBytes, smallBytes) };
      try {
        return await inLane(small, smallBytes, () => source.fetch(location, first));
      } catch (error) {
        const isLarge = error instanceof SourceError && error.code === 'TooLarge';
        if (!isLarge || first.maxBytes === options.maxBytes) throw error;
      }
      return inLane(large, 1, () => source.fetch(location, options));
    },
  };
}

async function inLane(
  lane: Lane,
  weight: number,
  fetch: () => Promise<FetchedSource>,
): Promise<FetchedSource> {
  const leave = await lane(weight);
  try {
    const fetched = await fetch();
    return {
      ...fetched,
      dispose: () => fetched.dispose().finally(leave),
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/**
 * A weighted semaphore: admits callers in order as long as their weights fit. The returned release may be called
 * again.
 */
type Lane = (weight: number) => Promise<() => void>;

function createLane(capacity: number): Lane {
  let free = capacity;
  const waiting: { weight: number; enter: () => void }[] = [];
  const admit = () => {
    while (waiting[0] && waiting[0].weight <= free) {
      const { weight, enter } = waiting.shift()!;
      free -= weight;
      enter();
    }
  };
  return async (weight) => {
    await new Promise<void>((enter) => {
      waiting.push({ weight, enter });
      admit();
    });
    let left = false;
    return () => {
      if (left) return;
      left = true;
      free += weight;
      admit();
    };
  };
}
