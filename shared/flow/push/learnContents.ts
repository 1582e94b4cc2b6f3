import type { Answered, Sightings } from '../../model/bases/sightings.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import type { RegistryLogin } from '../../ports/registry.ts';
import { contentFor, withContents } from '../../rules/bases/sightings.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

type Flow = Pick<Ports, 'store' | 'registry' | 'log'>;

/** Digests that are asked for at once; tasks are rarely built on more than one or two. */
const maxAsked = 4;

/**
 * What was seen of a base image, with what some of its digests are for some platforms. Its registry is asked for what is not
 * known, and its answers are kept. Where it does not answer, that stays unknown: what may have changed is built.
 * @param platforms `linux/arm64`
 */
export async function learnContents(
  seen: Sightings,
  { digests, platforms }: { digests: string[]; platforms: string[] },
  loginOf: () => Promise<RegistryLogin>,
  ports: Flow,
): Promise<Sightings> {
  const { image } = seen;
  const unknown = seen.digests.filter(
    ({ digest }) =>
      digests.includes(digest) && platforms.some((one) => contentFor(seen, digest, one) === undefined),
  );
  if (unknown.length === 0) return seen;
  const read = new Map<string, Answered>();
  try {
    const login = await loginOf();
    const { registry, repository } = parseImageRef(image);
    for (const { digest } of unknown.slice(-maxAsked).toReversed())
      read.set(digest, await ports.registry.contentsOf({ registry, repository, digest }, login, platforms));
  } catch (error) {
    ports.log('information', `whether ${image} has changed is not known: ${(error as Error).message}`);
  }
  if (read.size === 0) return seen;
  return retryOnConflict(async () => {
    const stored = await ports.store.sightings(image);
    if (!stored) return withContents(seen, read);
    const value = withContents(stored.value, read);
    await ports.store.putSightings(value, stored.etag);
    return value;
  });
}
