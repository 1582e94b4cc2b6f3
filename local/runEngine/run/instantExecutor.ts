import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { type RegistryApi, registryApi, sha256 } from '../build/registryApi.ts';
import { type Executor, type PushedImage, RunFailure, type RunWork } from '../types.ts';

interface Descriptor {
  mediaType: string;
  size: number;
  digest: string;
}
interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
  manifests?: (Descriptor & { platform?: { os: string; architecture: string } })[];
}
interface Config {
  architecture: string;
  os: string;
  config?: object;
  rootfs: { type: 'layers'; diff_ids: string[] };
}

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerConfig = 'application/vnd.docker.container.image.v1+json';
const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/**
 * An executor that runs no instruction: the image is the base of the Dockerfile's last FROM and one layer that holds the
 * run's id. Source, logins and pushes are real, so that a test can run the engine a thousand times.
 * @param ca authorities trusted, PEM
 */
export function instantExecutor(ca: string): Executor {
  return async (work) => {
    const { dockerfile } = await work.source();
    const base = lastFrom(await readFile(dockerfile, 'utf8'), work.request.arguments);
    work.running();
    await work.log(`Step 1/1 : FROM ${base}`);
    const opened = new Map<string, RegistryApi>();
    const registry = (server: string) => {
      const endpoint = work.endpoints.get(server) ?? `https://${server}`;
      const api = opened.get(server) ?? registryApi(endpoint, work.logins.get(server), ca, work.signal);
      opened.set(server, api);
      return api;
    };
    const from = base === 'scratch' ? undefined : await pull(base, registry, work);
    const content = layer(work.runId);
    const blob = gzipSync(content);
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        ...from?.config,
        history: undefined,
        created: new Date().toISOString(),
        rootfs: { type: 'layers', diff_ids: [...(from?.config.rootfs.diff_ids ?? []), sha256(content)] },
      }),
    );
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: dockerManifest,
        config: { mediaType: dockerConfig, size: config.length, digest: sha256(config) },
        layers: [
          ...(from?.layers ?? []).map((each) => ({ ...each, mediaType: dockerLayer })),
          { mediaType: dockerLayer, size: blob.length, digest: sha256(blob) },
        ],
      }),
    );
    const pushed: PushedImage[] = [];
    for (const image of work.request.isPushEnabled ? work.images : []) {
      const to = registry(image.registry);
      for (const { digest } of from?.layers ?? [])
        if (!(await to.hasBlob(image.repository, digest))) {
          const near = from!.server === image.registry;
          if (!near || !(await to.mountBlob(image.repository, digest, from!.repository)))
            await to.putBlob(image.repository, await registry(from!.server).blob(from!.repository, digest));
        }
      await to.putBlob(image.repository, blob);
      await to.putBlob(image.repository, config);
      const digest = await to.putManifest(image.repository, image.tag, dockerManifest, manifest);
      await work.log(`${image.tag}: digest: ${digest}`);
      pushed.push({ ...image, digest });
    }
    return pushed;
  };
}

async function pull(base: string, registry: (server: string) => RegistryApi, work: RunWork) {
  const [, server, repository, tag, digest] =
    /^([^/]+)\/([^:@]+)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(base) ?? [];
  if (!server || !repository) throw new RunFailure(`FROM ${base} names no image of a registry.`);
  const api = registry(server);
  const read = async (reference: string) =>
    JSON.parse((await api.manifest(repository, reference)).body.toString()) as Manifest;
  let manifest = await read(digest ?? tag ?? 'latest');
  const { architecture } = work.request.platform;
  const child = manifest.manifests?.find(({ platform }) => platform?.architecture === architecture);
  if (child) manifest = await read(child.digest);
  if (!manifest.layers) throw new RunFailure(`FROM ${base}: there is no image for ${architecture}.`);
  const config = JSON.parse((await api.blob(repository, manifest.config.digest)).toString()) as Config;
  return { server, repository, layers: manifest.layers, config };
}

/** The image under the last stage, its ARGs filled in. Only what a pinned Dockerfile holds is read. */
function lastFrom(dockerfile: string, given: { name: string; value: string }[]): string {
  const values = new Map<string, string>();
  const stages = new Map<string, string>();
  const fill = (text: string) =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, a, b) => values.get(a ?? b) ?? '');
  let last: string | undefined;
  for (const line of dockerfile.split('\n')) {
    const arg = /^\s*ARG\s+(\w+)(?:=(\S*))?/i.exec(line);
    if (arg && last === undefined) {
      const override = given.find(({ name }) => name === arg[1]);
      values.set(arg[1]!, override?.value ?? fill(arg[2] ?? '').replace(/^"(.*)"$/, '$1'));
    }
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line);
    if (!from) continue;
    const image = fill(from[1]!);
    last = stages.get(image.toLowerCase()) ?? image;
    if (from[2]) stages.set(from[2].toLowerCase(), last);
  }
  if (last === undefined) throw new RunFailure('The Dockerfile holds no FROM.');
  return last;
}

/** A tar of one file, `run-id`. */
function layer(runId: string): Buffer {
  const text = Buffer.from(runId);
  const header = new Header({
    path: 'run-id',
    type: 'File',
    mode: 0o644,
    size: text.length,
    mtime: new Date(0),
  });
  const head = Buffer.alloc(512);
  header.encode(head, 0);
  return Buffer.concat([head, text, Buffer.alloc(512 - text.length), Buffer.alloc(1024)]);
}
