import { z } from 'zod';
import type { Platform } from '../model/task.ts';
import { RegistryError } from '../ports/registry.ts';

/** Reads of one repository, however the registry is asked. */
export interface ManifestReader {
  /** A manifest or index by tag or digest; undefined when there is none. */
  manifest(reference: string): Promise<{ digest: string; body: unknown } | undefined>;
  blob(digest: string): Promise<unknown>;
}

const Index = z.object({
  manifests: z.array(
    z.object({
      digest: z.string(),
      platform: z
        .object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
        .optional(),
    }),
  ),
});
const Manifest = z.object({ config: z.object({ digest: z.string() }) });
const Config = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) });

/**
 * The diff_ids of an image's layers, base first; of an index, those of the manifest for the platform.
 * @param name of the image, for the error
 * @throws RegistryError NotFound Invalid
 */
export async function layersOf(
  name: string,
  reference: string,
  platform: Platform,
  reader: ManifestReader,
): Promise<string[]> {
  const top = await reader.manifest(reference);
  if (!top) throw new RegistryError('NotFound', `${name} is not in the registry`);
  const index = Index.safeParse(top.body);
  let body = top.body;
  if (index.success) {
    const child = index.data.manifests.find((manifest) => fits(manifest.platform, platform));
    const wanted = [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
    if (!child) throw new RegistryError('NotFound', `${name} has no image for ${wanted}`);
    body = (await reader.manifest(child.digest))?.body;
  }
  const manifest = Manifest.safeParse(body);
  if (!manifest.success)
    throw new RegistryError('Invalid', `${name} is not an image: ${manifest.error.message}`);
  const config = Config.safeParse(await reader.blob(manifest.data.config.digest));
  if (!config.success)
    throw new RegistryError('Invalid', `${name} has no list of layers: ${config.error.message}`);
  return config.data.rootfs.diff_ids;
}

/** ACR writes Linux and x86 where OCI has linux and 386. A variant that is not asked for does not matter. */
function fits(
  given: { os: string; architecture: string; variant?: string | undefined } | undefined,
  wanted: Platform,
): boolean {
  if (!given) return false;
  const architecture = wanted.architecture === 'x86' ? '386' : wanted.architecture;
  const variant =
    wanted.variant === undefined || given.variant === undefined || wanted.variant === given.variant;
  return given.os === wanted.os.toLowerCase() && given.architecture === architecture && variant;
}
