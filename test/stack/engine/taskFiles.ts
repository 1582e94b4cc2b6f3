import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { create } from 'tar';
import type { World } from '../whole/world.ts';

/** Uploads files as `az` does, and schedules a run of them. */
export async function quick(
  world: World,
  request: object,
  files?: Record<string, string>,
  withBusybox = false,
) {
  const { api } = world;
  let sourceLocation: string | undefined;
  if (files) {
    const place = await api.call('POST', '/registries/appacr/listBuildSourceUploadUrl');
    const headers = { 'x-ms-blob-type': 'BlockBlob' };
    const body = new Uint8Array(await pack(files, withBusybox));
    const put = await fetch(place.uploadUrl, { method: 'PUT', headers, body });
    assert.equal(put.status, 201);
    sourceLocation = place.relativePath;
  }
  const queued = await api.call('POST', '/registries/appacr/scheduleRun', {
    platform: { os: 'linux', architecture: 'amd64' },
    ...(sourceLocation && { sourceLocation }),
    ...request,
  });
  return world.ended(queued.name);
}

async function pack(files: Record<string, string>, withBusybox: boolean): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-pack-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
    if (withBusybox) await copyFile('/bin/busybox', join(dir, 'busybox'));
    const names = [...Object.keys(files), ...(withBusybox ? ['busybox'] : [])];
    return await buffer(create({ gzip: true, cwd: dir }, names) as unknown as NodeJS.ReadableStream);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A task file as `az` encodes it. */
export const encode = (text: string) => Buffer.from(text).toString('base64');
/**
 * A command in the image that `makeTools` makes. It ends a little after it has written: buildah's chroot isolation does not
 * wait until the last of its output is copied.
 */
export const sh = (script: string) => `$Registry/tools:1 sh -c 'trap "sleep 0.3" EXIT; ${script}'`;

/** Builds `tools:1` in appacr: a shell and its tools. */
export async function makeTools(world: World): Promise<void> {
  const run = await quick(
    world,
    { type: 'DockerBuildRequest', imageNames: ['tools:1'], dockerFilePath: 'Dockerfile' },
    {
      Dockerfile:
        'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n',
    },
    true,
  );
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
}
