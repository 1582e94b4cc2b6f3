import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { linkProblem } from '../../names/contextPaths.ts';
import { SourceError } from '../../ports/sourceContext.ts';
import { maxEntries, tooMany } from './archiveGuard.ts';
import { followLinks, slash, within, writeFault } from './contextLinks.ts';
import type { GitObjects, TreeEntry } from './gitObjects.ts';
import { tooLarge } from './sourceHttp.ts';

interface WrittenTree {
  bytes: number;
  /** Paths of the submodules, whose folders stay empty. */
  submodules: string[];
}

const isFolder = (entry: TreeEntry) => entry.mode === '040000';
const isLink = (entry: TreeEntry) => entry.mode === '120000';
const maxHops = 40;
const leadsOut = 'is a symbolic link that leads out of the repository or in a circle';

/**
 * Finds a folder of a tree, also through symbolic links inside the repository, as ACR's runner does.
 * @throws SourceError FolderNotFound
 */
export async function findFolder(
  objects: GitObjects,
  root: string,
  folder: string,
  what: string,
): Promise<{ path: string; tree: string }> {
  const missing = (why: string) =>
    new SourceError('FolderNotFound', `${what}: the folder "${folder}" ${why}.`);
  let rest = folder.split('/');
  let path: string[] = [];
  let tree = root;
  for (let hops = 0; rest.length > 0; ) {
    const [name, ...later] = rest as [string, ...string[]];
    if (name === '' || name === '.') {
      rest = later;
      continue;
    }
    if (name === '..') {
      if (path.length === 0) throw missing(leadsOut);
      rest = [...path.slice(0, -1), ...later];
      path = [];
      tree = root;
      continue;
    }
    const entry = (await objects.tree(tree)).find((candidate) => candidate.path.equals(Buffer.from(name)));
    if (entry === undefined) throw missing(`is not there: there is no "${[...path, name].join('/')}"`);
    if (isFolder(entry)) {
      path.push(name);
      tree = entry.oid;
      rest = later;
    } else if (isLink(entry)) {
      const target = Buffer.from(await objects.blob(entry.oid)).toString('utf8');
      if (++hops > maxHops || linkProblem([...path, name].join('/'), target) !== undefined)
        throw missing(leadsOut);
      rest = [...target.split('/'), ...later];
    } else throw missing('is a file');
  }
  return { path: path.join('/'), tree };
}

/**
 * Writes a tree's files as they are in the repository: no line ends changed, no filters, executable bits kept.
 * `path` is where the tree lies in the repository and below `root`, so that links to its neighbours keep their meaning.
 * @throws SourceError TooLarge, also for more than 100,000 entries; BadArchive for a link out of the repository
 */
export async function writeTree(
  objects: GitObjects,
  root: string,
  at: { path: string; tree: string },
  limits: { what: string; maxBytes: number; signal: AbortSignal },
): Promise<WrittenTree> {
  const written: WrittenTree = { bytes: 0, submodules: [] };
  const { what, maxBytes, signal } = limits;
  const links: Buffer[] = [];
  let entries = 0;
  const refused = (path: Buffer, why: string, cause?: unknown) =>
    new SourceError('BadArchive', `${what}: ${JSON.stringify(path.toString())} ${why}`, { cause });

  const outward = (path: Buffer, why: string) =>
    new SourceError(
      'BadArchive',
      `${what}: the symbolic link ${path} ${why}. A context may hold links within the repository only.`,
    );

  const writeEntry = async (entry: TreeEntry, path: Buffer) => {
    signal.throwIfAborted();
    const file = within(root, path);
    if (isFolder(entry)) return writeFolder(entry.oid, path);
    if (entry.mode === '160000') {
      written.submodules.push(path.toString());
      return void (await mkdir(file));
    }
    const content = Buffer.from(await objects.blob(entry.oid));
    written.bytes += content.length;
    if (written.bytes > maxBytes) throw tooLarge(what, maxBytes);
    if (!isLink(entry))
      return writeFile(file, content, { mode: entry.mode === '100755' ? 0o755 : 0o644, flag: 'wx' });
    const problem = linkProblem(path.toString(), content.toString());
    if (problem !== undefined) throw outward(path, problem);
    await symlink(content, file);
    links.push(path);
  };
  const writeFolder = async (tree: string, path: Buffer): Promise<void> => {
    const isTop = path.toString() === at.path;
    if (path.length > 0) await mkdir(within(root, path), { recursive: isTop });
    const found = await objects.tree(tree);
    entries += found.length;
    if (entries > maxEntries) throw tooMany(what, path.toString());
    for (const entry of found) {
      const below = path.length === 0 ? entry.path : Buffer.concat([path, slash, entry.path]);
      await writeEntry(entry, below).catch((cause) => {
        const why = writeFault(cause);
        throw why === undefined ? cause : refused(below, why, cause);
      });
    }
  };
  await writeFolder(at.tree, Buffer.from(at.path));
  const leaves = followLinks(root, signal);
  for (const path of links)
    if (await leaves(path)) throw outward(path, 'leads out of the context over others');
  return written;
}
