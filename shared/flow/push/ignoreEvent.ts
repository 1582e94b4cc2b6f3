import type { IgnoredEvent } from '../../events/acrEvent.ts';
import type { Ports } from '../../ports/ports.ts';

const longestExample = 300;

/** An event that is not taken is answered as taken; one that ought not to have come is counted, for people to see. */
export async function ignoreEvent(
  { ignored, kind }: IgnoredEvent,
  { store, clock, log }: Pick<Ports, 'store' | 'clock' | 'log'>,
): Promise<void> {
  log(kind ? 'warning' : 'information', `event ignored: ${ignored}`);
  if (kind) await store.countIgnored(kind, ignored.slice(0, longestExample), clock.now().toISOString());
}
