import { linkProblem, pathProblem } from '../../names/contextPaths.ts';
import { SourceError } from '../../ports/sourceContext.ts';
import { tooLarge } from './sourceHttp.ts';

/** An entry's header as the reader of the archive has it; the guard replaces its paths. */
interface Entry {
  path: string;
  type: string;
  size: number;
  linkpath?: string | undefined;
  mode?: number | undefined;
}

export const maxEntries = 100_000;

/** The one message for more files, folders and links than this app takes; the run engine may take more. */
export const tooMany = (what: string, path: string) =>
  new SourceError(
    'TooLarge',
    `${what} has more than ${maxEntries} files, folders and links, the most this app takes; ${JSON.stringify(path)} is one too many.`,
    { limit: 'entries' },
  );
/** Linux takes no longer path (PATH_MAX, less its end). */
const longestPath = 4095;

/** What an archive has held so far. */
interface Seen {
  entries: number;
  /** Nothing but the context's own folder was in it. */
  isEmpty: boolean;
  bytes: number;
  files: Set<string>;
  /** Path and target, the last of a path. */
  links: Map<string, string>;
  /** Of files and folders, where the process's umask could have taken bits away. */
  modes: Map<string, number>;
}

/**
 * Looks at every entry's header before anything of it is written. Symbolic links are only kept here: they are made when
 * all else is written, so that nothing is ever written through one.
 */
export function archiveGuard(what: string, maxBytes: number) {
  const looked = new WeakSet<Entry>();
  /** What is wrong with the entry that comes next, by the pax headers before it. */
  let wrong: string | undefined;
  const seen: Seen = {
    entries: 0,
    isEmpty: true,
    bytes: 0,
    files: new Set(),
    links: new Map(),
    modes: new Map(),
  };
  const bad = (path: string, why: string, cause?: unknown) => badEntry(what, path, why, cause);
  const guard = {
    seen,
    problem: undefined as SourceError | undefined,
    bad,
    /** Whether an entry is to be unpacked. */
    takes(entry: Entry): boolean {
      looked.add(entry);
      if (guard.problem !== undefined) return false;
      const taken = check(entry);
      if (taken instanceof SourceError) guard.problem = taken;
      return taken === true;
    },
    /** Called for each header of names and attributes, in the order of the entries. */
    described(header: string): void {
      wrong ??= headerProblem(header);
    },
    /** Called for each entry, after the headers before it. */
    named(entry: Entry): void {
      if (wrong !== undefined) guard.problem ??= bad(plainPath(entry.path), wrong);
      wrong = undefined;
    },
    /** Called for each entry that the reader does not unpack, for whatever reason. */
    leftOut(entry: Entry): void {
      guard.named(entry);
      if (!looked.has(entry)) guard.problem ??= bad(entry.path, unsupported(entry.type));
    },
  };

  function check(entry: Entry): SourceError | boolean {
    seen.entries += 1;
    seen.bytes += entry.size;
    const { path: given } = entry;
    if (Math.max(given.length, entry.linkpath?.length ?? 0) > longestPath)
      return bad(given, `has a name or a target of more than ${longestPath} characters`);
    if (seen.entries > maxEntries) return tooMany(what, given);
    if (seen.bytes > maxBytes) return tooLarge(what, maxBytes);
    const path = plainPath(given);
    if (path === '' && entry.type === 'Directory') return false;
    seen.isEmpty = false;
    const problem = nameProblem(entry, path);
    if (problem !== undefined) return bad(given, problem);
    const taken = parentProblem(path, seen) ?? enter(entry, path, seen);
    return typeof taken === 'string' ? bad(path, taken) : taken;
  }
  return guard;
}

const badEntry = (what: string, path: string, why: string, cause: unknown) =>
  new SourceError(
    'BadArchive',
    `${what}: the entry ${JSON.stringify(shortened(path))} ${why.replace(/\.$/, '')}. Nothing was built.`,
    { cause },
  );

/** What is wrong with the name of an entry, or with the name that it points to. */
function nameProblem({ path: given, linkpath = '' }: Entry, path: string): string | undefined {
  if (/(?:^|\/)GNUSparseFile\.\d+\//.test(path)) return unsupported('SparseFile');
  const problem = pathProblem(given.startsWith('/') ? given : path);
  if (problem) return problem;
  // The reader puts it where the bytes of a name are no UTF-8; another name would be built then.
  return `${path}${linkpath}`.includes('\ufffd') ? 'or its target is not UTF-8; rename it' : undefined;
}

/** Why nothing can lie at a path: what the archive has above it is no folder. */
function parentProblem(path: string, { links, files }: Seen): string | undefined {
  const parts = path.split('/');
  const through = parts
    .slice(0, -1)
    .map((_, index) => parts.slice(0, index + 1).join('/'))
    .find((part) => links.has(part) || files.has(part));
  if (through === undefined) return undefined;
  return `lies below the ${links.has(through) ? 'symbolic link' : 'file'} ${through}`;
}

/**
 * Notes an entry in the place of what was at its path, and writes its path and mode as they are to be unpacked.
 * @returns whether it is to be unpacked, or why it cannot be taken
 */
function enter(entry: Entry, path: string, seen: Seen): boolean | string {
  seen.links.delete(path);
  seen.modes.delete(path);
  // What its owner could not read, this process could not pack or remove.
  entry.mode = (entry.mode ?? 0o644) | (entry.type === 'Directory' ? 0o700 : 0o400);
  if (/File$|^Directory$/.test(entry.type) && (entry.mode & 0o7022) !== 0)
    seen.modes.set(path, entry.mode & 0o7777);
  // With the dot, a name that begins like a drive of Windows keeps its beginning.
  entry.path = entry.type === 'Directory' ? `./${path}/` : `./${path}`;
  switch (entry.type) {
    case 'SymbolicLink': {
      const problem = enterLink(path, entry.linkpath ?? '', seen);
      if (problem === false) seen.files.delete(path);
      return problem;
    }
    case 'Link':
      return enterHardLink(entry, path, seen);
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      seen.files.add(path);
      return true;
    case 'Directory':
    case 'GNUDumpDir':
      seen.files.delete(path);
      return true;
    default:
      return unsupported(entry.type);
  }
}

/** Keeps a symbolic link for later. @returns false, as it is not to be unpacked, or why it cannot be taken */
function enterLink(path: string, target: string, { links }: Seen): false | string {
  const problem = linkProblem(path, target);
  if (problem !== undefined) return `is a symbolic link that ${problem}`;
  links.set(path, target);
  return false;
}

/** Notes a hard link to a file, or to a symbolic link, which is kept as one more of the same target. */
function enterHardLink(entry: Entry, path: string, seen: Seen): boolean | string {
  const target = entry.linkpath ?? '';
  const linked = plainPath(target);
  const link = seen.links.get(linked);
  if (link !== undefined) return enterLink(path, link, seen);
  if (!seen.files.has(linked) || target.startsWith('/'))
    return 'is a hard link to what is not a file of the archive before it';
  entry.linkpath = `./${linked}`;
  seen.files.add(path);
  return linked !== path;
}

const unsupported = (type: string) =>
  /Sparse/.test(type) ? sparse : `is a ${type}, which a context may not hold`;

const sparse = 'is a sparse file. Make the archive without --sparse';

/** Why a pax header's entry would be unpacked as another: the reader passes over each record here without a word. */
function headerProblem(header: string): string | undefined {
  if (/^\d+ GNU\.sparse\./m.test(header)) return sparse;
  const names = header.split('\n').filter((line) => /^\d+ (?:link)?path=/.test(line));
  const isWhole = (line: string) =>
    !line.includes('\0') && Number.parseInt(line, 10) === Buffer.byteLength(line) + 1;
  return names.every(isWhole)
    ? undefined
    : 'has a name or target with a NUL or a line break, or that is not UTF-8; rename it';
}

const shortened = (path: string) => (path.length > 200 ? `${path.slice(0, 80)}…` : path);

/** Without what changes nothing of a path: `./a//b/` is `a/b`. */
export const plainPath = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
