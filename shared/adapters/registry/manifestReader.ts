import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Answered } from '../../model/bases/sightings.ts';
import { type ImagePlatform, RegistryError, type RegistryImage } from '../../ports/registry.ts';

/** Reads of one repository, however the registry is asked. */
export interface ManifestReader {
  /** A manifest or index by tag or digest; undefined when there is none. */
  manifest(reference: string): Promise<{ digest: string; body: unknown } | undefined>;
  blob(digest: string): Promise<unknown>;
}

/** A real index has a few dozen manifests at most. */
const maxManifests = 100;

const platform = {
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
};
const Index = z.object({
  manifests: z.array(z.object({ digest: z.string(), platform: z.object(platform).optional() })),
});
const Manifest = z.object({ config: z.object({ digest: z.string() }) });
const Content = Manifest.extend({ layers: z.array(z.object({ digest: z.string() })) });
const Config = z.object({
  ...platform,
  os: z.string().default('linux'),
  architecture: z.string().default('amd64'),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/**
 * The images that a reference stands for, one after the other: of an index each, those most like a platform first, so
 * that a caller that looks for that platform need not read the others.
 * @param name of the image, for the error
 * @throws RegistryError NotFound Invalid
 */
export async function* imagesOf(
  name: string,
  reference: string,
  like: ImagePlatform | undefined,
  reader: ManifestReader,
): AsyncGenerator<RegistryImage> {
  const top = await reader.manifest(reference);
  if (!top) throw new RegistryError('NotFound', `${name} is not in the registry`);
  const index = Index.safeParse(top.body);
  if (!index.success) {
    yield await readImage(name, top.body, reader);
    return;
  }
  // What an index holds besides images, as attestations, is for the platform unknown.
  const manifests = index.data.manifests.filter((manifest) => manifest.platform?.os !== 'unknown');
  const nearest = like
    ? manifests.toSorted((a, b) => likeness(b.platform, like) - likeness(a.platform, like))
    : manifests;
  for (const { digest } of nearest.slice(0, maxManifests))
    yield await readImage(name, (await reader.manifest(digest))?.body, reader);
}

/**
 * What an image is for some platforms, by the configs and layers that its manifests name. Where an index has several that a
 * builder may take for a platform, all of them count.
 * @throws RegistryError NotFound Invalid
 */
export async function contentsOf(
  name: string,
  reference: string,
  platforms: string[],
  reader: ManifestReader,
): Promise<Answered> {
  const top = await reader.manifest(reference);
  if (!top) throw new RegistryError('NotFound', `${name} is not in the registry`);
  const index = Index.safeParse(top.body);
  if (!index.success) return { contents: { '*': contentOf(name, [top.body]) } };
  const read = new Map<string, Promise<unknown>>();
  const bodyOf = (digest: string) => {
    const body = read.get(digest) ?? reader.manifest(digest).then((found) => found?.body);
    read.set(digest, body);
    return body;
  };
  const contents: Answered['contents'] = {};
  const manifests: Answered['manifests'] = {};
  for (const platform of platforms) {
    const digests = candidates(index.data.manifests, platform);
    if (digests.length === 0) continue;
    contents[platform] = contentOf(name, await Promise.all(digests.map(bodyOf)));
    manifests[platform] = digests;
  }
  return { contents, manifests };
}

/** The manifests for a platform: those of its variant, or where it has none, of any. */
function candidates(manifests: z.infer<typeof Index>['manifests'], wanted: string): string[] {
  const [os, architecture, variant] = wanted.split('/');
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === os && platform?.architecture === architecture,
  );
  const exact = fitting.filter(({ platform }) => platform?.variant === variant);
  return (variant !== undefined && exact.length > 0 ? exact : fitting)
    .slice(0, maxManifests)
    .map(({ digest }) => digest);
}

function contentOf(name: string, bodies: unknown[]): string {
  const hash = createHash('sha256');
  for (const body of bodies) {
    const { success, data, error } = Content.safeParse(body);
    if (!success) throw new RegistryError('Invalid', `${name} is not an image: ${error.message}`);
    hash.update([data.config.digest, ...data.layers.map(({ digest }) => digest), ''].join('\n'));
  }
  return hash.digest('hex');
}

async function readImage(name: string, body: unknown, reader: ManifestReader): Promise<RegistryImage> {
  const manifest = Manifest.safeParse(body);
  if (!manifest.success)
    throw new RegistryError('Invalid', `${name} is not an image: ${manifest.error.message}`);
  const config = Config.safeParse(await reader.blob(manifest.data.config.digest));
  if (!config.success)
    throw new RegistryError('Invalid', `${name} has no list of layers: ${config.error.message}`);
  const { rootfs, ...platform } = config.data;
  return { platform, layers: rootfs.diff_ids };
}

function likeness(given: ImagePlatform | undefined, like: ImagePlatform): number {
  if (!given || given.os !== like.os || given.architecture !== like.architecture) return 0;
  const sameVariant = given.variant === like.variant ? 2 : 0;
  return 1 + sameVariant + (given['os.version'] === like['os.version'] ? 1 : 0);
}
