import type { BaseImageList } from '../../../model/bases/baseImages.ts';
import type { KnownRegistry } from '../../../model/registry.ts';
import { without } from '../../../model/without.ts';
import type { Ports } from '../../../ports/ports.ts';
import { holdOn, standingOf } from '../../../rules/bases/admission.ts';
import { policyFor } from '../../../rules/bases/policies.ts';
import { trackedBases } from '../../../rules/decideOnFailure.ts';
import { mapAtMost } from '../../concurrency.ts';
import { imageNamed } from '../../imageNamed.ts';
import { termsNow } from '../../push/see.ts';

const readsAtOnce = 32;

type BaseImage = BaseImageList['value'][number];

/**
 * The policies, what was said of digests, and the base images of a registry's tasks: those of which the newest digest is
 * held or which are paused, or the one that is asked for, whether a task is built on it or not.
 * @param image with or without a server
 * @throws ImageRefError
 */
export async function heldBases(
  registry: KnownRegistry,
  image: string | undefined,
  ports: Pick<Ports, 'store' | 'settings' | 'clock'>,
): Promise<BaseImageList> {
  const terms = await termsNow(ports);
  const tracked = trackedBases(await ports.store.states(registry.name));
  const asked = image === undefined ? undefined : imageNamed(image, registry);
  const isAsked = (base: { image: string }) => base.image === asked;
  const bases = asked === undefined ? tracked : [tracked.find(isAsked) ?? { image: asked, tasks: [] }];
  const all = await mapAtMost(bases, readsAtOnce, async ({ image, tasks }): Promise<BaseImage> => {
    const seen = (await ports.store.sightings(image))?.value;
    const policy = policyFor(image, terms.policies);
    const known = { image, ...(policy && { policy }), tasks: tasks.length };
    if (!seen?.digests.length) return { ...known, digests: [] };
    const { newest, admissible, held, paused } = standingOf(seen, terms);
    const digests = seen.digests.toReversed().map((sighting) => {
      const { digest, firstSeen, since } = sighting;
      const hold = holdOn(sighting, policy, terms);
      return { digest, firstSeen, since, ...(hold && { held: without(hold, 'digest') }) };
    });
    return {
      ...known,
      newest: newest.digest,
      ...(admissible && { admissible: admissible.digest }),
      ...(held && { held }),
      ...(paused && { paused }),
      digests,
    };
  });
  const value = asked === undefined ? all.filter(({ held, paused }) => held || paused) : all;
  return { policies: terms.policies, judgements: terms.judgements, value };
}
