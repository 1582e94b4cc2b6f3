import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readlink, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { slash, within } from './contextLinks.ts';
import { type TarEntry, tarEnd, tarHeader, tarPadding } from './tarEntry.ts';

interface Replacement {
  /** Relative to the context, with `/`; added when the context has no such file. */
  path: string;
  content: string | Uint8Array;
}

interface PackedFile {
  /** A tar.gz file. */
  path: string;
  /** In bytes. */
  size: number;
  dispose(): Promise<void>;
}

/**
 * Packs a context directory as the run engine takes it, with some files replaced. Kept: the bytes of names, modes,
 * symbolic links, empty folders, paths of any length. Left out: `.git` at the top. The same input gives the same bytes.
 */
export async function packContext(dir: string, replace: Replacement[]): Promise<PackedFile> {
  const workDir = await mkdtemp(join(tmpdir(), 'plinth-packed-'));
  const path = join(workDir, 'context.tar.gz');
  try {
    await pipeline(tarOf(dir, replace), createGzip(), createWriteStream(path));
    return { path, size: (await stat(path)).size, dispose: () => remove(workDir) };
  } catch (error) {
    await remove(workDir);
    throw error;
  }
}

const remove = (dir: string) => rm(dir, { recursive: true, force: true });

async function* tarOf(dir: string, replace: Replacement[]): AsyncGenerator<Buffer> {
  const replaced = new Map<string, Buffer>();
  for (const { path, content } of replace)
    replaced.set(await realPlace(dir, path), Buffer.from(content as string));
  for await (const path of listEntries(dir))
    if (!replaced.has(path.toString())) yield* fileEntry(within(dir, path), path);
  for (const [name, content] of [...replaced].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const mtime = timeOf(createHash('sha256').update(content));
    yield tarHeader({ path: Buffer.from(name), type: 'File', mode: 0o644, size: content.length, mtime });
    yield content;
    yield tarPadding(content.length);
  }
  yield tarEnd;
}

/** Below a linked folder a file goes where the link leads: nothing unpacks an entry below a link. */
async function realPlace(dir: string, path: string): Promise<string> {
  const folder = await realpath(join(dir, dirname(path))).catch(() => undefined);
  if (folder === undefined) return path;
  return relative(await realpath(dir), join(folder, basename(path)));
}

async function* fileEntry(file: Buffer, path: Buffer): AsyncGenerator<Buffer> {
  const found = await lstat(file);
  const entry = { path, mode: found.mode & 0o7777, size: 0, mtime: firstTime };
  if (found.isDirectory()) return yield tarHeader({ ...entry, type: 'Directory' });
  if (found.isSymbolicLink()) {
    const target = await readlink(file, 'buffer');
    return yield tarHeader({ ...entry, type: 'SymbolicLink', target });
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const header: TarEntry = { ...entry, type: 'File', size: found.size, mtime: timeOf(hash) };
  yield tarHeader(header);
  yield* createReadStream(file);
  yield tarPadding(found.size);
}

/** 2000-01-01: not 1970, as zip (and Python's wheel) begins in 1980. */
const firstTime = 946_684_800;
const twentyYears = 20 * 365 * 24 * 3600;

/**
 * A file's time, in seconds, by its content. Builders whose storage driver compares files by size and time (vfs) leave
 * a changed file out of a layer where both are alike; a content that differs gets another time.
 */
const timeOf = (hash: ReturnType<typeof createHash>) =>
  firstTime + (hash.digest().readUInt32BE(0) % twentyYears);

/** Every path below a directory, a folder before what it holds, links not followed. */
async function* listEntries(dir: string, below?: Buffer): AsyncGenerator<Buffer> {
  const folder = below === undefined ? Buffer.from(dir) : within(dir, below);
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    const path = below === undefined ? entry.name : Buffer.concat([below, slash, entry.name]);
    if (path.equals(Buffer.from('.git'))) continue;
    yield path;
    if (entry.isDirectory()) yield* listEntries(dir, path);
  }
}
