import { linkProblem, pathProblem } from '../contextPaths.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { tooLarge } from './sourceHttp.ts';

/** An entry's header as the reader of the archive has it; the guard writes its paths anew. */
interface Entry {
  path: string;
  type: string;
  size: number;
  linkpath?: string | undefined;
  mode?: number | undefined;
}

export const maxEntries = 100_000;
/** Linux takes no longer path (PATH_MAX, less its end). */
const longestPath = 4095;

/**
 * Looks at every entry's header before anything of it is written. Symbolic links are only kept here: they are made when
 * all else is written, so that nothing is ever written through one.
 */
export function archiveGuard(what: string, maxBytes: number) {
  const links = new Map<string, string>();
  const files = new Set<string>();
  const modes = new Map<string, number>();
  const guard = {
    entries: 0,
    bytes: 0,
    problem: undefined as SourceError | undefined,
    /** Path and target, the last of a path. */
    links,
    /** Of files and folders, where the process's umask could have taken bits away. */
    modes,
    bad: (path: string, why: string, cause?: unknown) =>
      new SourceError(
        'BadArchive',
        `${what}: the entry ${JSON.stringify(path)} ${why.replace(/\.$/, '')}. Nothing was built.`,
        { cause },
      ),
    /** Whether an entry is to be unpacked. */
    takes(entry: Entry): boolean {
      if (guard.problem !== undefined) return false;
      const taken = check(entry);
      if (taken instanceof SourceError) guard.problem = taken;
      return taken === true;
    },
  };
  const { bad } = guard;

  function check(entry: Entry): SourceError | boolean {
    guard.entries += 1;
    guard.bytes += entry.size;
    const { path: given } = entry;
    if (Math.max(given.length, entry.linkpath?.length ?? 0) > longestPath)
      return bad(`${given.slice(0, 80)}…`, `has a name or a target of more than ${longestPath} characters`);
    if (guard.entries > maxEntries) return bad(given, `is one too many: at most ${maxEntries} are taken`);
    if (guard.bytes > maxBytes) return tooLarge(what, maxBytes);
    const path = plainPath(given);
    if (path === '' && entry.type === 'Directory') return false;
    const problem = pathProblem(given.startsWith('/') ? given : path);
    if (problem) return bad(given, problem);
    const target = entry.linkpath ?? '';
    // The reader puts it where the bytes of a name are no UTF-8; another name would be built then.
    if (`${path}${target}`.includes('\ufffd')) return bad(given, 'or its target is not UTF-8; rename it');
    const parts = path.split('/');
    const through = parts
      .slice(0, -1)
      .map((_, index) => parts.slice(0, index + 1).join('/'))
      .find((part) => links.has(part));
    if (through !== undefined) return bad(path, `lies below the symbolic link ${through}`);
    links.delete(path);
    modes.delete(path);
    // What its owner could not read, this process could not pack or remove.
    entry.mode = (entry.mode ?? 0o644) | (entry.type === 'Directory' ? 0o700 : 0o400);
    if (/File$|^Directory$/.test(entry.type) && (entry.mode & 0o7022) !== 0)
      modes.set(path, entry.mode & 0o7777);
    entry.path = entry.type === 'Directory' ? `${path}/` : path;
    switch (entry.type) {
      case 'SymbolicLink': {
        const wrong = linkProblem(path, target);
        if (wrong !== undefined) return bad(path, `is a symbolic link that ${wrong}`);
        files.delete(path);
        links.set(path, target);
        return false;
      }
      case 'Link': {
        const linked = plainPath(target);
        const link = links.get(linked);
        if (link !== undefined) {
          const wrong = linkProblem(path, link);
          if (wrong !== undefined) return bad(path, `is a symbolic link that ${wrong}`);
          links.set(path, link);
          return false;
        }
        if (!files.has(linked) || target.startsWith('/'))
          return bad(path, 'is a hard link to what is not a file of the archive before it');
        entry.linkpath = linked;
        files.add(path);
        return linked !== path;
      }
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        files.add(path);
        return true;
      case 'Directory':
      case 'GNUDumpDir':
        return true;
      default:
        return bad(path, `is a ${entry.type}, which a context may not hold`);
    }
  }
  return guard;
}

/** Without what changes nothing of a path: `./a//b/` is `a/b`. */
const plainPath = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
