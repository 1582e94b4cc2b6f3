import { platformText, usualPlatform } from '../../model/platform.ts';
import type { TaskState } from '../../model/state.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import { partsOf } from '../../rules/bases/sightings.ts';
import { mapAtMost } from '../concurrency.ts';
import { loginTo } from './counted.ts';

const readsAtOnce = 32;
/** Of the base images of tasks that are yet to come. */
const usualPlatforms = [usualPlatform, 'linux/arm64'];

/**
 * The manifests of a digest, and what they are by config and layers, for the platforms of tasks. Its registry is asked;
 * nothing is known where it does not answer.
 */
export async function holdsOf(
  image: string,
  digest: string,
  states: TaskState[],
  ports: Pick<Ports, 'store' | 'registry' | 'settings' | 'seal' | 'vault' | 'log'>,
): Promise<string[]> {
  const { registry, repository } = parseImageRef(image);
  const platforms = new Set([...usualPlatforms, ...states.map(({ platform }) => platformText(platform))]);
  const user = states.find(({ bases }) => bases.some((base) => base.image === image));
  try {
    const login = await loginTo(registry, user, ports);
    const reference = { registry, repository, digest };
    return [...new Set(partsOf(await ports.registry.contentsOf(reference, login, [...platforms])))];
  } catch (error) {
    ports.log('information', `what ${digest} of ${image} holds is not known: ${(error as Error).message}`);
    return [];
  }
}

/**
 * The images by which a digest, or one that is known to hold the same, concerns tasks: they are built on it, or on what was
 * seen before it. One call for each base image of which that is not clear from the states.
 * @param texts the digest, and what it holds
 */
export async function imagesWith(
  texts: string[],
  states: Pick<TaskState, 'bases'>[],
  { store }: Pick<Ports, 'store'>,
): Promise<string[]> {
  const wanted = new Set(texts);
  const builtOn = new Map<string, Set<string>>();
  for (const base of states.flatMap(({ bases }) => bases))
    builtOn.set(base.image, (builtOn.get(base.image) ?? new Set()).add(base.digest));
  const found = await mapAtMost([...builtOn], readsAtOnce, async ([image, digests]) => {
    if ([...digests].some((digest) => wanted.has(digest))) return [image];
    const seen = (await store.sightings(image))?.value.digests ?? [];
    const since = seen.findIndex(({ digest }) => digests.has(digest));
    const isOne = seen
      .slice(Math.max(0, since))
      .some((one) => [one.digest, ...partsOf(one)].some((text) => wanted.has(text)));
    return isOne ? [image] : [];
  });
  return found.flat();
}
