import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredTag {
  name: string;
  digest: string;
  createdTime: Date;
  lastUpdateTime: Date;
}

export interface StoredManifest {
  digest: string;
  bytes: number;
  mediaType: string;
  createdTime: Date;
  configMediaType?: string;
  os?: string;
  architecture?: string;
}

export interface RegistryStorage {
  /** Names of the repositories that hold a manifest, sorted. */
  repositories(): Promise<string[]>;
  /** Sorted by name; empty for a repository that is not there. */
  tags(repository: string): Promise<StoredTag[]>;
  /** The tagged and the untagged, sorted by digest. */
  manifests(repository: string): Promise<StoredManifest[]>;
}

/**
 * Reads what docker-registry keeps, from its folder: its HTTP API shows neither times nor untagged manifests. The
 * layout is the one of the `filesystem` driver, distribution 2.x: `repositories/NAME/_manifests/{revisions,tags}` hold
 * links, `blobs/sha256/XX/HEX/data` the bytes.
 */
export function openRegistryStorage(dir: string): RegistryStorage {
  const root = join(dir, 'docker', 'registry', 'v2');
  const inRepository = (name: string, ...path: string[]) =>
    join(root, 'repositories', ...name.split('/'), '_manifests', ...path);
  const readBlob = async (digest: string): Promise<Buffer | undefined> => {
    const hex = digest.replace('sha256:', '');
    return readFile(join(root, 'blobs', 'sha256', hex.slice(0, 2), hex, 'data')).catch(absent);
  };

  async function walk(folder: string, prefix: string): Promise<string[]> {
    const names = (await list(folder)).filter((name) => !name.startsWith('_'));
    const found = await Promise.all(
      names.map(async (name) => {
        const path = `${prefix}${name}`;
        const own = (await list(inRepository(path, 'revisions', 'sha256'))).length > 0 ? [path] : [];
        return [...own, ...(await walk(join(folder, name), `${path}/`))];
      }),
    );
    return found.flat();
  }

  return {
    repositories: async () => (await walk(join(root, 'repositories'), '')).sort(),

    async tags(repository) {
      const names = (await list(inRepository(repository, 'tags'))).sort();
      const tags = await Promise.all(
        names.map(async (name): Promise<StoredTag[]> => {
          const link = inRepository(repository, 'tags', name, 'current', 'link');
          const digest = await readFile(link, 'utf8').catch(absent);
          if (!digest) return [];
          const { birthtime, mtime } = await stat(link);
          return [{ name, digest: digest.trim(), createdTime: birthtime, lastUpdateTime: mtime }];
        }),
      );
      return tags.flat();
    },

    async manifests(repository) {
      const revisions = inRepository(repository, 'revisions', 'sha256');
      const manifests = await Promise.all(
        (await list(revisions)).sort().map(async (hex): Promise<StoredManifest[]> => {
          const linked = await stat(join(revisions, hex, 'link')).catch(absent);
          const body = linked && (await readBlob(`sha256:${hex}`));
          if (!linked || !body) return [];
          const described = await describe(body, readBlob);
          return [{ digest: `sha256:${hex}`, bytes: body.length, createdTime: linked.mtime, ...described }];
        }),
      );
      return manifests.flat();
    },
  };
}

async function describe(
  body: Buffer,
  readBlob: (digest: string) => Promise<Buffer | undefined>,
): Promise<Pick<StoredManifest, 'mediaType' | 'configMediaType' | 'os' | 'architecture'>> {
  const manifest: {
    mediaType?: string;
    manifests?: unknown;
    config?: { digest: string; mediaType: string };
  } = JSON.parse(body.toString());
  // OCI lets a manifest leave its own media type out
  const kind = manifest.manifests ? 'index' : 'manifest';
  const mediaType = manifest.mediaType ?? `application/vnd.oci.image.${kind}.v1+json`;
  if (!manifest.config) return { mediaType };
  const config = JSON.parse((await readBlob(manifest.config.digest))?.toString() ?? '{}');
  return {
    mediaType,
    configMediaType: manifest.config.mediaType,
    ...(config.os ? { os: config.os, architecture: config.architecture } : {}),
  };
}

const absent = (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};

const list = async (folder: string): Promise<string[]> => (await readdir(folder).catch(absent)) ?? [];
