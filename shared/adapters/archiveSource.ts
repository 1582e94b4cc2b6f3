import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { linkProblem, pathProblem } from '../contextPaths.ts';
import { type FetchedSource, SourceError } from '../ports/sourceContext.ts';
import { describeUrl } from '../sourceLocation.ts';
import { limited, sourceRequest, tooLarge } from './sourceHttp.ts';

export const maxEntries = 100_000;

/**
 * Downloads and unpacks a tar or tar.gz. A token is used only when it is a SAS for a URL that has none, as ACR takes it.
 * @throws SourceError
 */
export async function fetchArchive(
  url: string,
  workDir: string,
  options: { token?: string | undefined; maxBytes: number; signal: AbortSignal; fetch: typeof fetch },
): Promise<Omit<FetchedSource, 'dispose'>> {
  const what = describeUrl(url);
  const response = await sourceRequest({ ...options, url: withSas(url, options.token) });
  if (response.status !== 200) {
    await response.cancel();
    throw refusal(response.status, response.statusText, what);
  }
  return unpackArchive(response.body, workDir, { what, ...options });
}

function withSas(url: string, token: string | undefined): string {
  const signed = new URL(url);
  if (token && signed.search === '' && /(^|[?&])sig=/.test(token)) signed.search = token;
  return signed.href;
}

function refusal(status: number, statusText: string, what: string): SourceError {
  if (status === 401 || status === 403)
    return new SourceError(
      'Unauthorized',
      `${what} may not be read (${status}). Use a URL with a valid SAS (read permission, not expired).`,
    );
  if (status === 404 || status === 410)
    return new SourceError(
      'NotFound',
      `${what} does not exist. Check the address, or its SAS if it is a blob.`,
    );
  return new SourceError('Unreachable', `${what} answered ${status} ${statusText}. Try again later.`);
}

/**
 * Unpacks a tar or tar.gz below `workDir`. Refused as a whole: paths and links out of it, anything under a link, devices,
 * more than 100,000 entries, more than maxBytes of files, however small it is compressed.
 * @throws SourceError TooLarge, BadArchive
 */
export async function unpackArchive(
  archive: AsyncIterable<Uint8Array>,
  workDir: string,
  limits: { what: string; maxBytes: number; signal: AbortSignal },
): Promise<Omit<FetchedSource, 'dispose'>> {
  const { what, maxBytes, signal } = limits;
  const { Unpack } = await import('tar');
  const dir = join(workDir, 'context');
  await mkdir(dir);
  const guard = archiveGuard(what, maxBytes);
  const unpack = new Unpack({
    cwd: dir,
    strict: true,
    preserveOwner: false,
    filter: (_path, entry) => guard.takes(entry as ReadEntry),
  });
  // Entries' headers and padding come on top of their content.
  const tarBytes = maxBytes + maxEntries * 1536;
  const checked = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of limited(source, tarBytes, what)) {
      if (guard.problem) throw guard.problem;
      yield chunk;
    }
    if (guard.problem) throw guard.problem;
  };
  try {
    const source = await peek(limited(archive, maxBytes, what));
    if (source.first[0] === 0x1f && source.first[1] === 0x8b)
      await pipeline(Readable.from(source.all), createGunzip(), checked, unpack as never, { signal });
    else await pipeline(source.all, checked, unpack as never, { signal });
  } catch (cause) {
    if (guard.problem) throw guard.problem;
    if (cause instanceof SourceError || signal.aborted) throw signal.aborted ? signal.reason : cause;
    throw new SourceError(
      'BadArchive',
      `${what} is not a tar or tar.gz archive, or is damaged. A git repository's context ends in .git.`,
      { cause },
    );
  }
  if (guard.entries === 0)
    throw new SourceError('BadArchive', `${what} is an archive without files, or not a tar archive.`);
  return { dir, bytes: guard.bytes, warnings: [] };
}

/** Looks at every entry's header before anything of it is written. */
function archiveGuard(what: string, maxBytes: number) {
  const links = new Set<string>();
  const files = new Set<string>();
  const guard = {
    entries: 0,
    bytes: 0,
    problem: undefined as SourceError | undefined,
    takes(entry: ReadEntry): boolean {
      guard.problem ??= check(entry);
      return guard.problem === undefined;
    },
  };
  const bad = (path: string, why: string) =>
    new SourceError('BadArchive', `${what}: the entry ${JSON.stringify(path)} ${why}. Nothing was built.`);

  function check(entry: ReadEntry): SourceError | undefined {
    const path = entry.path.replace(/^(\.\/+)+/, '').replace(/\/+$/, '');
    guard.entries += 1;
    guard.bytes += entry.size;
    if (guard.entries > maxEntries) return bad(path, `is one too many: at most ${maxEntries} are taken`);
    if (guard.bytes > maxBytes) return tooLarge(what, maxBytes);
    if ((path === '' || path === '.') && entry.type === 'Directory') return undefined;
    const problem = pathProblem(path);
    if (problem) return bad(path, problem);
    const parts = path.split('/');
    const through = parts
      .map((_, index) => parts.slice(0, index + 1).join('/'))
      .find((part) => links.has(part));
    if (through !== undefined) return bad(path, `lies at or below the symbolic link ${through}`);
    const target = entry.linkpath ?? '';
    switch (entry.type) {
      case 'SymbolicLink': {
        links.add(path);
        const wrong = linkProblem(path, target);
        return wrong === undefined ? undefined : bad(path, `is a symbolic link that ${wrong}`);
      }
      case 'Link':
        return files.has(target.replace(/^(\.\/+)+/, ''))
          ? undefined
          : bad(path, 'is a hard link to what is not a file of the archive before it');
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        files.add(path);
        return undefined;
      case 'Directory':
      case 'GNUDumpDir':
        return undefined;
      default:
        return bad(path, `is a ${entry.type}, which a context may not hold`);
    }
  }
  return guard;
}

async function peek(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let first: Uint8Array = Buffer.alloc(0);
  let done = false;
  while (first.length < 2 && !done) {
    const next = await iterator.next();
    done = next.done === true;
    if (!next.done) first = Buffer.concat([first, next.value]);
  }
  const all = (async function* () {
    if (first.length > 0) yield first;
    try {
      while (true) {
        const next = await iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
  return { first, all };
}
