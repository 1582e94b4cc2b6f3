import { open } from 'node:fs/promises';
import { constants, inflateSync } from 'node:zlib';
import { SourceError } from '../../ports/sourceContext.ts';
import { tooLarge } from './sourceHttp.ts';

type Git = typeof import('isomorphic-git');

export interface TreeEntry {
  /** `040000`, `100644`, `100755`, `120000` or `160000`. */
  mode: string;
  /** One name, never `.`, `..` or `.git`, without a slash. Its bytes: git does not define how names are encoded. */
  path: Buffer;
  oid: string;
}

/** The objects of one pack. */
export interface GitObjects {
  /** A commit, also through an annotated tag. */
  commit(oid: string): Promise<{ oid: string; tree: string }>;
  tree(oid: string): Promise<TreeEntry[]>;
  blob(oid: string): Promise<Uint8Array>;
}

/**
 * Reads a pack file and indexes it. Memory: the pack twice while it is indexed, once after, and about four times its
 * largest object.
 * @throws SourceError TooLarge, BadArchive
 */
export async function openPack(git: Git, file: string, what: string, maxBytes: number): Promise<GitObjects> {
  const pack = await readWhole(file);
  await guardPack(pack, what, maxBytes);
  const fs = packOnlyFs(pack);
  const where = { fs, gitdir: '/git', cache: {} };
  await git.indexPack({ ...where, dir: '/git', filepath: packPath });
  return {
    async commit(oid) {
      const read = await git.readCommit({ ...where, oid });
      return { oid: read.oid, tree: read.commit.tree };
    },
    async tree(oid) {
      // isomorphic-git's own reader takes names for UTF-8 and refuses a backslash.
      const { object } = await git.readObject({ ...where, oid, format: 'content' });
      return treeEntries(Buffer.from(object as Uint8Array), what);
    },
    async blob(oid) {
      return (await git.readBlob({ ...where, oid })).blob;
    },
  };
}

/** @throws SourceError BadArchive */
function treeEntries(tree: Buffer, what: string): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < tree.length; ) {
    const space = tree.indexOf(0x20, at);
    const end = tree.indexOf(0, space);
    if (space < 0 || end < 0 || end + 21 > tree.length) throw badPack(what);
    const path = tree.subarray(space + 1, end);
    const shown = path.toString();
    if (/^(|\.|\.\.|\.git)$/i.test(shown) || shown.includes('/'))
      throw new SourceError(
        'BadArchive',
        `${what}: a folder has an entry named ${JSON.stringify(shown)}, which git itself does not check out.`,
      );
    const mode = tree.toString('latin1', at, space).padStart(6, '0');
    entries.push({ mode, path, oid: tree.toString('hex', end + 1, end + 21) });
    at = end + 21;
  }
  return entries;
}

async function readWhole(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file);
  try {
    const bytes = new Uint8Array((await handle.stat()).size);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

const packPath = 'objects/pack/pack-0.pack';

/** By the code isomorphic-git recognises that a file is not there. */
class NoEntryError extends Error {
  readonly code = 'ENOENT';
  constructor(path: string) {
    super(`ENOENT: ${path}`);
  }
}

/**
 * A file system with nothing but the pack and its index. The pack is handed out as its ArrayBuffer, the one form that
 * isomorphic-git does not copy on every read.
 */
function packOnlyFs(pack: Uint8Array<ArrayBuffer>) {
  const files = new Map<string, ArrayBuffer | Uint8Array>([[`/git/${packPath}`, pack.buffer]]);
  const stat = async (path: string) => {
    if (path !== '/git' && !files.has(path)) throw new NoEntryError(path);
    return { isFile: () => path !== '/git', isDirectory: () => path === '/git', isSymbolicLink: () => false };
  };
  const refused = async () => {
    throw new Error('read only');
  };
  return {
    promises: {
      async readFile(path: string) {
        const found = files.get(path);
        if (found === undefined) throw new NoEntryError(path);
        return found;
      },
      async writeFile(path: string, content: Uint8Array) {
        files.set(path, content);
      },
      readdir: async (dir: string) =>
        [...files.keys()]
          .filter((path) => path.startsWith(`${dir}/`))
          .map((path) => path.slice(dir.length + 1)),
      stat,
      lstat: stat,
      mkdir: async () => {},
      rmdir: refused,
      unlink: refused,
      readlink: refused,
      symlink: refused,
    },
  };
}

/** What the objects of a pack may hold together, by maxBytes: as far as work on a small pack can be driven. */
const inflatedTimes = 16;

/**
 * Walks a pack once before it is read in earnest, so that one which grows without end when inflated (a bomb) takes
 * neither memory nor time: no object over maxBytes, all of them not over 16 times that.
 */
async function guardPack(pack: Uint8Array, what: string, maxBytes: number): Promise<void> {
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  if (bytes.length < 32 || bytes.toString('latin1', 0, 4) !== 'PACK') throw badPack(what);
  let at = 12;
  let sum = 0;
  const count = (size: number) => {
    sum += size;
    if (size > maxBytes || sum > maxBytes * inflatedTimes) throw tooLarge(`An object of ${what}`, maxBytes);
  };
  let pause = Date.now();
  for (let left = bytes.readUInt32BE(8); left > 0; left--) {
    const header = readEntryHeader(bytes, at);
    if (header === undefined) throw badPack(what);
    count(header.size);
    const inflated = inflateAt(bytes.subarray(header.end, -20), header.size);
    if (inflated?.data.length !== header.size) throw badPack(what);
    // A delta begins with the sizes of what it starts from and of what it makes.
    if (header.delta) count(readSize(inflated.data, readSize(inflated.data, 0).end).value);
    at = header.end + inflated.used;
    if (Date.now() - pause > 50) {
      await new Promise(setImmediate);
      pause = Date.now();
    }
  }
}

/** gitformat-pack(5): type and size, then for a delta an offset or an id. */
function readEntryHeader(bytes: Buffer, start: number) {
  let at = start;
  let byte = bytes[at++];
  if (byte === undefined) return undefined;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte & 128; scale *= 128) {
    byte = bytes[at++];
    if (byte === undefined) return undefined;
    size += (byte & 127) * scale;
  }
  if (type === 6) while ((bytes[at++] ?? 0) & 128);
  if (type === 7) at += 20;
  return { size, delta: type >= 6, end: at };
}

function readSize(bytes: Uint8Array, start: number): { value: number; end: number } {
  let at = start;
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * scale;
    if ((byte & 128) === 0) return { value, end: at };
  }
}

function inflateAt(bytes: Uint8Array, size: number): { data: Uint8Array; used: number } | undefined {
  try {
    const result = inflateSync(bytes, {
      info: true,
      maxOutputLength: Math.max(size, 1),
      finishFlush: constants.Z_SYNC_FLUSH,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { data: result.buffer, used: result.engine.bytesWritten };
  } catch {
    return undefined;
  }
}

const badPack = (what: string) =>
  new SourceError(
    'BadArchive',
    `${what}: the server sent a pack that cannot be read. Try again; if it stays, run git fsck on the server.`,
  );
