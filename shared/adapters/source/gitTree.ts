import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { linkProblem } from '../../names/contextPaths.ts';
import { SourceError } from '../../ports/sourceContext.ts';
import { maxEntries, tooMany } from './archiveGuard.ts';
import { followLinks, partsAtOnce, slash, within, writeFault } from './contextLinks.ts';
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
/** Linux takes no longer target (PATH_MAX, less its end), and so git checks none out. */
const longestTarget = 4095;
const leadsOut = 'is a symbolic link that leads out of the repository or in a circle';

/**
 * Finds a folder of a tree, also through symbolic links inside the repository, as ACR's runner does.
 * @param limits the signal ends it between two parts of a path
 * @throws SourceError FolderNotFound
 */
export async function findFolder(
  objects: GitObjects,
  root: string,
  folder: string,
  { what, signal }: { what: string; signal: AbortSignal },
): Promise<{ path: string; tree: string }> {
  const missing = (why: string) =>
    new SourceError('FolderNotFound', `${what}: the folder "${folder}" ${why}.`);
  const entryOf = entriesOf(objects);
  const above: { name: string; tree: string }[] = [];
  const tree = () => above.at(-1)?.tree ?? root;
  const pathTo = (name: string) => [...above.map((one) => one.name), name].join('/');
  let rest = folder.split('/').reverse();
  for (let hops = 0, parts = 1; rest.length > 0; parts++) {
    // All of it may be in memory already: without a pause no timer would come.
    if (parts % partsAtOnce === 0) await setImmediate();
    signal.throwIfAborted();
    const name = rest.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (above.pop() === undefined) throw missing(leadsOut);
      continue;
    }
    const entry = await entryOf(tree(), name);
    if (entry === undefined) throw missing(`is not there: there is no "${pathTo(name)}"`);
    if (isFolder(entry)) above.push({ name, tree: entry.oid });
    else if (isLink(entry)) {
      const bytes = await objects.blob(entry.oid);
      const target = Buffer.from(bytes).toString('utf8');
      if (++hops > maxHops || bytes.length > longestTarget || linkProblem(pathTo(name), target) !== undefined)
        throw missing(leadsOut);
      rest = rest.concat(target.split('/').reverse());
    } else throw missing('is a file');
  }
  return { path: above.map(({ name }) => name).join('/'), tree: tree() };
}

/** Finds an entry of a tree by its name; each tree is read once. */
function entriesOf(objects: GitObjects): (tree: string, name: string) => Promise<TreeEntry | undefined> {
  const known = new Map<string, Map<string, TreeEntry>>();
  const byBytes = (bytes: Buffer) => bytes.toString('latin1');
  return async (tree, name) => {
    if (!known.has(tree))
      known.set(tree, new Map((await objects.tree(tree)).map((entry) => [byBytes(entry.path), entry])));
    return known.get(tree)!.get(byBytes(Buffer.from(name)));
  };
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
