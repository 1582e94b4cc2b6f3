import { once } from 'node:events';
import { chmod, mkdir, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { type FetchedSource, SourceError } from '../ports/sourceContext.ts';
import { describeUrl } from '../sourceLocation.ts';
import { archiveGuard, maxEntries } from './archiveGuard.ts';
import { leavesContext, writeFault } from './contextLinks.ts';
import { limited, sourceRequest } from './sourceHttp.ts';

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
 * Unpacks a tar or tar.gz below `workDir`. Refused as a whole: paths and links out of it, anything below a link, names that are no UTF-8,
 * devices,
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
  // An archive of links alone leaves it nothing to write, and it ends before a pipeline listens.
  const finished = once(unpack as never, 'finish');
  finished.catch(() => {});
  const unpacked = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks)
      if (!unpack.write(Buffer.from(chunk)))
        await Promise.race([once(unpack as never, 'drain', { signal }), finished]);
    unpack.end();
    await finished;
  };
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
      await pipeline(Readable.from(source.all), createGunzip(), checked, unpacked, { signal });
    else await pipeline(source.all, checked, unpacked, { signal });
  } catch (cause) {
    if (guard.problem) throw guard.problem;
    if (cause instanceof SourceError || signal.aborted) throw signal.aborted ? signal.reason : cause;
    throw new SourceError(
      'BadArchive',
      `${what} is not a tar or tar.gz archive, or is damaged. A git repository's context ends in .git.`,
      { cause },
    );
  }
  try {
    for (const [path, mode] of guard.modes) await chmod(join(dir, path), mode);
    await makeLinks(dir, guard);
  } catch (cause) {
    const why = writeFault(cause);
    throw why === undefined
      ? cause
      : new SourceError('BadArchive', `${what}: a symbolic link ${why}`, { cause });
  }
  if (guard.entries === 0)
    throw new SourceError('BadArchive', `${what} is an archive without files, or not a tar archive.`);
  return { dir, bytes: guard.bytes, warnings: [] };
}

/** Made last, so that nothing was written through one. @throws SourceError */
async function makeLinks(dir: string, guard: ReturnType<typeof archiveGuard>): Promise<void> {
  for (const [path, target] of guard.links) {
    const place = join(dir, path);
    await mkdir(dirname(place), { recursive: true });
    // The last entry of a name stands; an empty folder or a file may have come before.
    await rmdir(place).catch(() => unlink(place).catch(() => {}));
    await symlink(target, place);
  }
  for (const path of guard.links.keys())
    if (await leavesContext(dir, Buffer.from(path)))
      throw guard.bad(path, 'is a symbolic link that leads out of the context over others');
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
