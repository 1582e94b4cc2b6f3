import { chmod, mkdir, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { describeUrl } from '../../names/sourceLocation.ts';
import { type FetchedSource, SourceError } from '../../ports/sourceContext.ts';
import { archiveGuard, maxEntries } from './archiveGuard.ts';
import { followLinks, writeFault } from './contextLinks.ts';
import { answeredBadly, limited, type SourceResponse, sourceRequest } from './sourceHttp.ts';
import { entryFault, tarUnpacker } from './unpackTar.ts';

/**
 * Downloads and unpacks a tar or tar.gz. A token is used only when it is a SAS for a URL that has none, as ACR takes
 * it.
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
    throw refusal(response, what);
  }
  return unpackArchive(response.body, workDir, { what, ...options });
}

function withSas(url: string, token: string | undefined): string {
  const signed = new URL(url);
  if (token && signed.search === '' && /(^|[?&])sig=/.test(token)) signed.search = token;
  return signed.href;
}

function refusal(response: SourceResponse, what: string): SourceError {
  const { status } = response;
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
  return answeredBadly(what, response);
}

/**
 * Unpacks a tar or tar.gz below `workDir`. Refused as a whole: paths and links out of it, anything below a link, names
 * that are no UTF-8 or no path, devices, sparse files, a file in place of a folder with files, anything below a file,
 * more than 100,000 entries, more than maxBytes of files, however small it is compressed.
 * @throws SourceError TooLarge, BadArchive
 */
export async function unpackArchive(
  archive: AsyncIterable<Uint8Array>,
  workDir: string,
  limits: { what: string; maxBytes: number; signal: AbortSignal },
): Promise<Omit<FetchedSource, 'dispose'>> {
  const { what, maxBytes, signal } = limits;
  const dir = join(workDir, 'context');
  await mkdir(dir);
  const guard = archiveGuard(what, maxBytes);
  const unpacker = await tarUnpacker(dir, guard);
  const unpacked = (chunks: AsyncIterable<Uint8Array>) => unpacker.write(chunks, signal);
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
    await unpacker.stop();
    throw guard.problem ?? unpackFault(cause, limits, guard.bad);
  }
  for (const [path, mode] of guard.seen.modes) {
    signal.throwIfAborted();
    await chmod(join(dir, path), mode);
  }
  await makeLinks(dir, guard, signal);
  if (guard.seen.isEmpty)
    throw new SourceError('BadArchive', `${what} is an archive without files, or not a tar archive.`);
  return { dir, bytes: guard.seen.bytes, warnings: [] };
}

/** The error for an archive that was not read to its end; a fault of this machine stays as it is. */
function unpackFault(
  cause: unknown,
  { what, signal }: { what: string; signal: AbortSignal },
  bad: ReturnType<typeof archiveGuard>['bad'],
): unknown {
  if (signal.aborted) return signal.reason;
  if (cause instanceof SourceError) return cause;
  const ofEntry = entryFault(cause, bad);
  if (ofEntry) return ofEntry;
  const { syscall } = cause as NodeJS.ErrnoException;
  if (syscall !== undefined) return cause;
  return new SourceError(
    'BadArchive',
    `${what} is not a tar or tar.gz archive, or is damaged. A git repository's context ends in .git.`,
    { cause },
  );
}

/** Made last, so that nothing was written through one. @throws SourceError */
async function makeLinks(
  dir: string,
  guard: ReturnType<typeof archiveGuard>,
  signal: AbortSignal,
): Promise<void> {
  for (const [path, target] of guard.seen.links) {
    signal.throwIfAborted();
    await makeLink(join(dir, path), target).catch((cause) => {
      const why = writeFault(cause);
      throw why === undefined ? cause : guard.bad(path, why, cause);
    });
  }
  const leaves = followLinks(dir, signal);
  for (const path of guard.seen.links.keys())
    if (await leaves(Buffer.from(path)))
      throw guard.bad(path, 'is a symbolic link that leads out of the context over others');
}

async function makeLink(place: string, target: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  // The last entry of a name stands; an empty folder or a file may have come before.
  await rmdir(place).catch(() => unlink(place).catch(() => {}));
  await symlink(target, place);
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
    try {
      if (first.length > 0) yield first;
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
