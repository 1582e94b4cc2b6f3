import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerRegistryContentClient } from '@azure/container-registry';
import { create } from 'tar';
import type { Stack } from '../../../local/stack.ts';

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * Pushes an image of one layer with one file, `/text`, as the stack's owner and by the registry's own API: nobody
 * builds it. Another text is another digest.
 * @returns the manifest's digest
 */
export async function pushImage(
  stack: Stack,
  registry: string,
  image: string,
  text: string,
): Promise<string> {
  const [repository = '', tag = 'latest'] = image.split(':');
  const client = new ContainerRegistryContentClient(
    stack.registries[registry]!.endpoint,
    repository,
    {
      async getToken() {
        const { token, expiresOn } = await stack.entra.accessToken(
          stack.owner,
          'https://containerregistry.azure.net',
        );
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    },
    { tlsOptions: { ca: stack.tls.ca } },
  );
  const layer = await layerWith(text);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      // A builder that makes one image on another counts the layers by it.
      history: [{ created_by: 'pushImage' }],
    }),
  );
  for (const blob of [layer, config]) await client.uploadBlob(blob);
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length },
    ],
  };
  const { digest } = await client.setManifest(manifest, { tag });
  return digest;
}

async function layerWith(text: string): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-layer-'));
  try {
    await writeFile(join(dir, 'text'), text);
    const packed = create({ cwd: dir, portable: true, mtime: new Date(0), sync: true }, ['text']);
    return Buffer.from(packed.read()!);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
