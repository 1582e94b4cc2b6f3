import { newScan, type Scan } from '../../model/scan.ts';
import type { Ports } from '../../ports/ports.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

/**
 * Changes the timer's stored state. Several of its chores write it at once, so each makes its change from what is
 * there at that moment.
 * @param change gives undefined where there is nothing to change; it may be called again
 */
export function changeScan(
  { store }: Pick<Ports, 'store'>,
  change: (scan: Scan) => Scan | undefined,
): Promise<void> {
  return retryOnConflict(async () => {
    const read = await store.scan();
    const scan = change(read?.value ?? newScan);
    if (scan) await store.putScan(scan, read?.etag);
  });
}
