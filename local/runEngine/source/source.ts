import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RegistryBlobs } from '../run/blobs.ts';
import type { Mask } from '../run/mask.ts';
import { RunFailure } from '../types.ts';
import { download, shownUrl } from './download.ts';
import { fetchGit } from './gitSource.ts';
import type { SourceLocation } from './sourceLocation.ts';
import { type TarLimits, untar } from './untar.ts';

interface SourceOptions {
  blobs: RegistryBlobs;
  limits: TarLimits;
  /** The certificates trusted: as text and as a file, PEM. */
  ca: string;
  caBundle: string;
  /** An empty directory to use. */
  dir: string;
  mask: Mask;
  signal: AbortSignal;
  log(line: string): Promise<void>;
}

/**
 * Brings a source to this machine.
 * @returns an absolute path without symbolic links
 * @throws RunFailure when it cannot be had
 */
export async function fetchContext(location: SourceLocation, options: SourceOptions): Promise<string> {
  const { blobs, limits, ca, dir, signal, log } = options;
  const root = join(dir, 'source');
  await mkdir(root, { recursive: true });
  await log('Downloading source code...');
  let folder = '';
  if (location.kind === 'git') {
    await fetchGit(location.url, location.ref, root, { ...options, home: dir });
    folder = location.folder;
  } else if (location.kind === 'archive') {
    await untar(await download(location.url, ca, signal), root, dir, limits, signal);
  } else {
    const upload = await blobs.readSource(location.relativePath, signal);
    if (upload === undefined)
      throw new RunFailure(
        `Nothing was uploaded to ${location.relativePath}. PUT the tar.gz to the uploadUrl of listBuildSourceUploadUrl first.`,
      );
    await untar(upload, root, dir, limits, signal);
  }
  await log('Finished downloading source code');
  const contextDir = await inside(root, folder);
  if (contextDir === undefined || !(await stat(contextDir)).isDirectory())
    throw new RunFailure(
      `There is no folder ${folder} in ${placeOf(location)}. Check the folder behind #ref: of sourceLocation.`,
    );
  return contextDir;
}

const placeOf = (location: SourceLocation) =>
  location.kind === 'upload' ? 'the uploaded source' : shownUrl(location.url);

/**
 * Brings a build's source to this machine.
 * @param dockerFilePath relative to the source's root
 * @returns absolute paths without symbolic links
 * @throws RunFailure when it cannot be had, or the Dockerfile is not in it
 */
export async function fetchSource(location: SourceLocation, dockerFilePath: string, options: SourceOptions) {
  const contextDir = await fetchContext(location, options);
  const dockerfile = await inside(contextDir, dockerFilePath);
  const folder = location.kind === 'git' ? location.folder : '';
  if (dockerfile === undefined || !(await stat(dockerfile)).isFile())
    throw new RunFailure(
      `There is no Dockerfile ${dockerFilePath} in ${placeOf(location)}${folder ? `, folder ${folder}` : ''}. Check dockerFilePath; it is relative to the context's root, and a link to outside of it is not followed.`,
    );
  return { contextDir, dockerfile };
}

/** The real path of something below a directory; undefined when it is not there, or a link leads out. */
export async function inside(dir: string, path: string): Promise<string | undefined> {
  const base = await realpath(dir);
  const real = await realpath(join(base, path)).catch(() => undefined);
  return real === base || real?.startsWith(base + sep) ? real : undefined;
}
