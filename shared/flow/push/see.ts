import type { Ports } from '../../ports/ports.ts';
import type { ImageEdges } from '../../ports/store.ts';
import { type Standing, standingOf, type Terms } from '../../rules/bases/admission.ts';
import { type Look, withSeen } from '../../rules/bases/sightings.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

type Flow = Pick<Ports, 'store' | 'clock' | 'settings'>;

/** What decides now which digests may be built on. */
export const termsNow = async ({ store, clock, settings }: Flow): Promise<Terms> => ({
  policies: settings.policies,
  judgements: (await store.judgements())?.value.judgements ?? [],
  now: clock.now(),
});

/**
 * Remembers what was seen of a base image, and says which digest of it counts. Nothing is written where nothing is new.
 * @param edges of the image, where they were just read
 * @param isKept false where the look leaves nothing behind
 * @param terms where they were just read
 * @returns with whether the look has shown anything new
 */
export async function see(
  look: Look,
  ports: Flow,
  { edges, isKept = true, terms }: { edges?: ImageEdges; isKept?: boolean; terms?: Terms } = {},
): Promise<Standing & { isNews: boolean }> {
  let justRead = edges;
  const { seen, isNews } = await retryOnConflict(async () => {
    const stored = justRead ? justRead.sightings : await ports.store.sightings(look.image);
    justRead = undefined;
    const { value, etag } = stored ?? {};
    const seen = withSeen(value, look, ports.clock.now());
    const isNews = seen !== value;
    if (isNews && isKept) await ports.store.putSightings(seen, etag);
    return { seen, isNews };
  });
  return { ...standingOf(seen, terms ?? (await termsNow(ports))), isNews };
}

/** A digest that is gone from its registry counts no more: the next older one does. */
export function forget(image: string, digest: string, { store }: Flow): Promise<void> {
  return retryOnConflict(async () => {
    const { value, etag } = (await store.sightings(image)) ?? {};
    const digests = value?.digests.filter((one) => one.digest !== digest);
    if (digests && digests.length < value!.digests.length) await store.putSightings({ image, digests }, etag);
  });
}
