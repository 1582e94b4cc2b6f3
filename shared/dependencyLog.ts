import { formatImageRef, ImageRefError } from './imageRef.ts';
import type { Pin } from './model/run.ts';

const heading = 'The following dependencies were found:';

/**
 * The base images that ACR's runner prints at the end of a build's log (Azure/acr-builder, `ImageDependencies`), for a
 * build whose context Plinth has not seen. Of several images with the same bases each base is given once; one that
 * names no tag, or a name that is none, is left out.
 * @param log the end of the log, from wherever
 * @returns undefined where the log does not say what was found
 */
export function parseDependencies(log: string): Pin[] | undefined {
  if (!log.includes(heading)) return undefined;
  const pins = new Map<string, Pin>();
  let type: Pin['type'] | undefined;
  let found: Record<string, string> = {};
  const take = () => {
    const image = type && referenceOf(found);
    if (image && found.digest && !pins.has(image))
      pins.set(image, { image, type: type!, digest: found.digest });
    found = {};
  };
  for (const line of log.slice(log.lastIndexOf(heading)).split(/\r?\n/)) {
    const section = /^[\s-]*(image|runtime-dependency|buildtime-dependency|git):\s*$/.exec(line)?.[1];
    const [, dash, key, value] = /^\s*(- )?(registry|repository|tag|digest):\s*(\S*)\s*$/.exec(line) ?? [];
    if (section || dash) take();
    if (section)
      type = { 'runtime-dependency': 'RunTime', 'buildtime-dependency': 'BuildTime' }[section] as Pin['type'];
    if (key) found[key] = value!;
  }
  take();
  return [...pins.values()];
}

/** ACR writes Docker Hub as registry.hub.docker.com. */
function referenceOf({ registry, repository, tag }: Record<string, string>): string | undefined {
  if (!registry || !repository || !tag) return undefined;
  try {
    return formatImageRef({
      registry: registry === 'registry.hub.docker.com' ? 'docker.io' : registry,
      repository,
      tag,
    });
  } catch (error) {
    if (error instanceof ImageRefError) return undefined;
    throw error;
  }
}
