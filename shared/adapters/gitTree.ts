import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linkProblem } from '../contextPaths.ts';
import { SourceError } from '../ports/sourceContext.ts';
import type { GitObjects, TreeEntry } from './gitObjects.ts';
import { tooLarge } from './sourceHttp.ts';

export interface WrittenTree {
  bytes: number;
  /** Paths of the submodules, whose folders stay empty. */
  submodules: string[];
}

const isFolder = (entry: TreeEntry) => entry.mode === '040000';
const isLink = (entry: TreeEntry) => entry.mode === '120000';
const maxHops = 40;

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
    const entry = (await objects.tree(tree)).find((candidate) => candidate.path === name);
    if (entry === undefined) throw missing(`is not there: there is no "${[...path, name].join('/')}"`);
    if (isFolder(entry)) {
      path.push(name);
      tree = entry.oid;
      rest = later;
    } else if (isLink(entry)) {
      const target = Buffer.from(await objects.blob(entry.oid)).toString('utf8');
      if (++hops > maxHops || linkProblem([...path, name].join('/'), target) !== undefined)
        throw missing('is a symbolic link that leads out of the repository or in a circle');
      const up = target.split('/').filter((part) => part === '..').length;
      const down = target.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
      rest = [...path.slice(0, path.length - up), ...down, ...later];
      path = [];
      tree = root;
    } else throw missing('is a file');
  }
  return { path: path.join('/'), tree };
}

/**
 * Writes a tree's files as they are in the repository: no line ends changed, no filters, executable bits kept.
 * `path` is where the tree lies in the repository and below `root`, so that links to its neighbours keep their meaning.
 * @throws SourceError TooLarge, BadArchive for a link out of the repository
 */
export async function writeTree(
  objects: GitObjects,
  root: string,
  at: { path: string; tree: string },
  limits: { what: string; maxBytes: number; signal: AbortSignal },
): Promise<WrittenTree> {
  const written: WrittenTree = { bytes: 0, submodules: [] };
  const { what, maxBytes, signal } = limits;

  const writeEntry = async (entry: TreeEntry, path: string) => {
    signal.throwIfAborted();
    const file = join(root, path);
    if (isFolder(entry)) return writeFolder(entry.oid, path);
    if (entry.mode === '160000') {
      written.submodules.push(path);
      return void (await mkdir(file));
    }
    const content = await objects.blob(entry.oid);
    written.bytes += content.length;
    if (written.bytes > maxBytes) throw tooLarge(what, maxBytes);
    if (!isLink(entry))
      return writeFile(file, content, { mode: entry.mode === '100755' ? 0o755 : 0o644, flag: 'wx' });
    const target = Buffer.from(content).toString('utf8');
    const problem = linkProblem(path, target);
    if (problem !== undefined)
      throw new SourceError(
        'BadArchive',
        `${what}: the symbolic link ${path} ${problem}. A context may hold links within the repository only.`,
      );
    await symlink(target, file);
  };
  const writeFolder = async (tree: string, path: string): Promise<void> => {
    await mkdir(join(root, path), { recursive: path === at.path });
    for (const entry of await objects.tree(tree))
      await writeEntry(entry, path === '' ? entry.path : `${path}/${entry.path}`);
  };
  await writeFolder(at.tree, at.path);
  return written;
}
