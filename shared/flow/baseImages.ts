import { parseImageRef } from '../imageRef.ts';
import type { Pin } from '../model/run.ts';
import type { Platform } from '../model/task.ts';
import { ociPlatform } from '../platform.ts';
import { BuildFault } from './buildFault.ts';
import { loginFor } from './logins.ts';
import type { Job } from './plan.ts';

/**
 * The digests of base images. A run that was claimed before keeps the digests that were recorded then.
 * @throws BuildFault for an image that is not there, RegistryError
 */
export function pinAll(images: Omit<Pin, 'digest'>[], job: Job): Promise<Pin[]> {
  const recorded = new Map(job.run.pins?.map((pin) => [pin.image, pin.digest]));
  return Promise.all(
    images.map(async ({ image, type }) => ({
      image,
      digest: recorded.get(image) ?? (await digestOf(image, job)),
      type,
    })),
  );
}

async function digestOf(image: string, { task, own, ports }: Job): Promise<string> {
  const reference = parseImageRef(image);
  if (reference.digest) return reference.digest;
  const login = loginFor(reference.registry, own, task.properties.credentials);
  const digest = await ports.registry.digestOf(reference, login);
  if (digest) return digest;
  throw new BuildFault(`Base image ${image} does not exist. Is the name right, and was it pushed?`);
}

/** `linux/arm/v7`, as BuildKit writes a platform. */
export function platformText(platform: Platform): string {
  const { os, architecture, variant } = ociPlatform(platform);
  return [os, architecture, variant].filter(Boolean).join('/');
}

export const baseNotes = (pins: Pin[]) =>
  pins.map(({ image, digest, type }) => `Base image (${type}): ${image}@${digest}`);
