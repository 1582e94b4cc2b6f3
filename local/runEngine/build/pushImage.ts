import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OutputImage, type PushedImage, type RunCommon, RunFailure } from '../types.ts';
import type { Buildah } from './buildahTool.ts';
import { showing } from './buildahTool.ts';
import { locationOf } from './builderFiles.ts';

/** What a push of a run needs. */
export interface Pusher {
  buildah: Buildah;
  /** buildah's options for logins and certificates. */
  access: string[];
  work: RunCommon;
}

/**
 * Pushes an image of the run's store.
 * @param local its name in the store
 * @param key distinguishes this push from others of the run
 * @throws RunFailure
 */
export async function pushImage(
  { buildah, access, work }: Pusher,
  local: string,
  image: OutputImage,
  key: string,
  signal?: AbortSignal,
): Promise<PushedImage> {
  const { endpoints, dir, log } = work;
  const name = `${image.registry}/${image.repository}:${image.tag}`;
  const endpoint = endpoints.get(image.registry) ?? `https://${image.registry}`;
  const digestFile = join(dir, `digest-${key}`);
  // A push goes to the registry of its name; registries.conf redirects pulls only.
  const to = `docker://${locationOf(endpoint)}/${image.repository}:${image.tag}`;
  const plain = endpoint.startsWith('http://') ? ['--tls-verify=false'] : [];
  let last = '';
  const code = await buildah(
    ['push', ...access, ...plain, '--digestfile', digestFile, local, to],
    {},
    (line) => {
      last = line;
      const blob = /^Copying blob sha256:([0-9a-f]{12})/.exec(line)?.[1];
      return blob === undefined ? Promise.resolve() : log(`${blob}: Pushing`);
    },
    signal,
  );
  if (code !== 0) {
    const why = showing(endpoints)(last.replace(/^Error: /, ''));
    throw new RunFailure(
      `Pushing ${name} failed: ${why}. Check that the registry is up and the run may push to it.`,
    );
  }
  const digest = (await readFile(digestFile, 'utf8')).trim();
  await log(`${image.tag}: digest: ${digest}`);
  await log(`Successfully pushed image: ${name}`);
  return { ...image, digest };
}
