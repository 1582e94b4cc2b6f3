import type { TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import { mapAtMost } from '../concurrency.ts';

const readsAtOnce = 32;

/**
 * The images by which tasks are built on a digest, or on an index that is known to hold it. One call for each base image
 * of which that is not clear from the states.
 */
export async function imagesWith(
  digest: string,
  states: Pick<TaskState, 'bases'>[],
  { store }: Pick<Ports, 'store'>,
): Promise<string[]> {
  const builtOn = new Map<string, Set<string>>();
  for (const base of states.flatMap(({ bases }) => bases))
    builtOn.set(base.image, (builtOn.get(base.image) ?? new Set()).add(base.digest));
  const found = await mapAtMost([...builtOn], readsAtOnce, async ([image, digests]) => {
    if (digests.has(digest)) return [image];
    const seen = (await store.sightings(image))?.value.digests ?? [];
    const holds = seen.some(
      (one) =>
        digests.has(one.digest) &&
        Object.values(one.manifests ?? {})
          .flat()
          .includes(digest),
    );
    return holds ? [image] : [];
  });
  return found.flat();
}
