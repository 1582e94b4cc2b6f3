import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Replacement {
  /** Relative to the context, with `/`; added when the context has no such file. */
  path: string;
  content: string | Uint8Array;
}

export interface PackedContext {
  /** A tar.gz file. */
  path: string;
  /** In bytes. */
  size: number;
  dispose(): Promise<void>;
}

/** All entries get it: the same files give the same bytes. Not 1970, as zip (and Python's wheel) begins in 1980. */
const mtime = new Date('2000-01-01T00:00:00Z');

/**
 * Packs a context directory as the run engine takes it, with some files replaced. Kept: modes, symbolic links, empty
 * folders, paths of any length. Left out: `.git` at the top. The same input gives the same bytes.
 */
export async function packContext(dir: string, replace: Replacement[]): Promise<PackedContext> {
  const { Header, Pack, ReadEntry } = await import('tar');
  const workDir = await mkdtemp(join(tmpdir(), 'plinth-packed-'));
  const path = join(workDir, 'context.tar.gz');
  const pack = new Pack({ cwd: dir, gzip: true, portable: true, mtime, noDirRecurse: true, strict: true });
  try {
    const replaced = new Map(replace.map((file) => [file.path, Buffer.from(file.content as string)]));
    const written = pipeline(pack as never, createWriteStream(path));
    // Left unhandled only until it is awaited below.
    written.catch(() => {});
    for (const entry of await listEntries(dir)) if (!replaced.has(entry)) pack.add(`./${entry}`);
    for (const [name, content] of [...replaced].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const header = new Header({ path: name, mode: 0o644, size: content.length, type: 'File', mtime });
      const entry = new ReadEntry(header);
      entry.end(content);
      pack.add(entry);
    }
    pack.end();
    await written;
    return { path, size: (await stat(path)).size, dispose: () => remove(workDir) };
  } catch (error) {
    await remove(workDir);
    throw error;
  }
}

const remove = (dir: string) => rm(dir, { recursive: true, force: true });

/** Every path below a directory, a folder before what it holds, links not followed. */
async function listEntries(dir: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(dir, below), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const paths: string[] = [];
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (path === '.git') continue;
    paths.push(path);
    if (entry.isDirectory()) paths.push(...(await listEntries(dir, path)));
  }
  return paths;
}
