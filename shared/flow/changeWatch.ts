import { newWatch, type Watch } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { untilUndisturbed } from './retry.ts';

/**
 * Changes what the clock remembers. Several of its chores write there at once, so each makes its change from what is
 * there at that moment.
 * @param change gives undefined where there is nothing to change; it may be called again
 */
export function changeWatch(
  { store }: Pick<Ports, 'store'>,
  change: (watch: Watch) => Watch | undefined,
): Promise<void> {
  return untilUndisturbed(async () => {
    const read = await store.watch();
    const watch = change(read?.value ?? newWatch);
    if (watch) await store.putWatch(watch, read?.etag);
  });
}
