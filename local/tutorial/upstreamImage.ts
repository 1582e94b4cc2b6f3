import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ContainerRegistryContentClient, type OciImageManifest } from '@azure/container-registry';
import type { Entra, LocalIdentity } from '../identity/entra.ts';
import { runCommand } from '../machine/command.ts';
import type { Tls } from '../machine/tls.ts';

interface UpstreamImage {
  /** An OCI image layout: `oci-layout`, `index.json`, `blobs/sha256/…`; `buildah pull oci:DIR` reads it. */
  layout: string;
  /** Digest of the manifest. */
  digest: string;
}

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Makes an image that can run a Node program, of what this machine has: busybox, this very node without its symbols, and
 * the libraries that it needs; no npm. The same machine always gives the same digest: no time gets into it. Made once, it
 * is taken from `dir` until node or busybox change.
 */
export async function makeUpstreamImage(dir: string): Promise<UpstreamImage> {
  const sources = { node: process.execPath, busybox: await find('busybox') };
  const layout = join(dir, await fingerprint(Object.values(sources)));
  if (!(await exists(join(layout, 'index.json')))) {
    await mkdir(dir, { recursive: true });
    const making = await mkdtemp(join(dir, 'making-'));
    try {
      await writeLayout(join(making, 'layout'), await packRoot(join(making, 'root'), sources));
      // another process may have made the same meanwhile
      await rename(join(making, 'layout'), layout).catch(() => {});
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  }
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  return { layout, digest: index.manifests[0].digest };
}

/** Pushes an image from its layout to a registry, as an identity that may. */
export async function pushUpstream(
  image: UpstreamImage,
  to: { registry: { endpoint: string }; repository: string; tag: string },
  as: { identity: LocalIdentity; entra: Entra; tls: Tls },
): Promise<void> {
  const getToken = async (scopes: string | string[]) => {
    const resource = [scopes].flat()[0]!.replace(/\/\.default$/, '');
    const { token, expiresOn } = await as.entra.accessToken(as.identity, resource);
    return { token, expiresOnTimestamp: expiresOn * 1000 };
  };
  const client = new ContainerRegistryContentClient(
    to.registry.endpoint,
    to.repository,
    { getToken },
    {
      tlsOptions: { ca: as.tls.ca },
    },
  );
  const blob = (digest: string) => readFile(blobFile(image.layout, digest));
  const manifest: OciImageManifest = JSON.parse((await blob(image.digest)).toString());
  for (const { digest } of [manifest.config, ...manifest.layers]) await client.uploadBlob(await blob(digest));
  await client.setManifest(await blob(image.digest), { tag: to.tag, mediaType: mediaTypes.manifest });
}

/** Gives the layer's tar, the same bytes for the same programs. */
async function packRoot(root: string, sources: { node: string; busybox: string }): Promise<Buffer> {
  const place = async (from: string, to: string) => {
    await mkdir(join(root, dirname(to)), { recursive: true });
    await copyFile(from, join(root, to));
    await chmod(join(root, to), 0o755);
  };
  await place(sources.busybox, 'bin/busybox');
  await place(sources.node, 'usr/local/bin/node');
  await runCommand('strip', [join(root, 'usr/local/bin/node')]);
  for (const library of await libraries(Object.values(sources))) await place(library, library);
  const { stdout } = await runCommand(sources.busybox, ['--list']);
  for (const applet of stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox'))
    await symlink('busybox', join(root, 'bin', applet));
  for (const folder of ['dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var'])
    await mkdir(join(root, folder), { recursive: true });
  await symlink('../../bin/busybox', join(root, 'usr/bin/env'));
  await chmod(join(root, 'tmp'), 0o1777);
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await runCommand('tar', [
    ...[
      '--create',
      '--file',
      `${root}.tar`,
      '--directory',
      root,
      '--format=ustar',
      '--sort=name',
      '--mtime=@0',
    ],
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=go-w', '.'],
  ]);
  return readFile(`${root}.tar`);
}

async function writeLayout(layout: string, tar: Buffer): Promise<void> {
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  const put = async (content: Buffer | object, mediaType: string) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = sha256(bytes);
    await writeFile(blobFile(layout, digest), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  // the fastest level: the layer is made once and read on this machine only
  const layer = await put(await promisify(gzip)(tar, { level: 1 }), mediaTypes.layer);
  const created = new Date(0).toISOString();
  const config = await put(
    {
      created,
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: [`PATH=${path}`], Cmd: ['node'] },
      rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
      history: [{ created, created_by: 'busybox and node of this machine' }],
    },
    mediaTypes.config,
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
  const described = await put(manifest, mediaTypes.manifest);
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [described] }));
}

async function libraries(programs: string[]): Promise<Set<string>> {
  const lists = await Promise.all(
    programs.map((program) =>
      runCommand('ldd', [program]).then(
        ({ stdout }) => [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file!),
        // ldd fails for a static program, which needs none
        () => [],
      ),
    ),
  );
  return new Set(lists.flat());
}

async function fingerprint(files: string[]): Promise<string> {
  const facts = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return `${file} ${size} ${mtimeMs}`;
    }),
  );
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 16);
}

async function find(program: string): Promise<string> {
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/bin', '/usr/bin'])
    if (await exists(join(folder, program))) return join(folder, program);
  throw new Error(`${program} is not on this machine. Install it with: apt-get install -y ${program}-static`);
}

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const blobFile = (layout: string, digest: string) => join(layout, 'blobs', ...digest.split(':'));

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
