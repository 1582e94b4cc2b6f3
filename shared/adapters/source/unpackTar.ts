import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { ReadEntry } from 'tar';
import type { SourceError } from '../../ports/sourceContext.ts';
import { type archiveGuard, plainPath } from './archiveGuard.ts';
import { writeFault } from './contextLinks.ts';

/** A faulty archive's writes under way are waited for so long, in milliseconds. */
const stillLimit = 10_000;
const pieceBytes = 32 * 1024;

/**
 * node-tar's reader below the directory `dir`, which writes several entries at a time and goes on with them after the
 * first that it could not write.
 */
export async function tarUnpacker(dir: string, guard: ReturnType<typeof archiveGuard>) {
  const { Unpack } = await import('tar');
  const unpack = new Unpack({
    cwd: dir,
    strict: true,
    preserveOwner: false,
    filter: (_path, entry) => guard.takes(entry as ReadEntry),
  });
  let failure: unknown;
  // Every error has a listener: one without ends the process.
  unpack.on('error', (cause) => {
    failure ??= cause;
  });
  unpack.on('meta', (header) => guard.described(header));
  unpack.on('entry', (entry) => guard.named(entry as ReadEntry));
  unpack.on('ignoredEntry', (entry) => guard.leftOut(entry as ReadEntry));
  // An archive of links alone leaves it nothing to write, and it ends before a pipeline listens.
  const finished = once(unpack as never, 'finish');
  finished.catch(() => {});
  const written = new Promise((resolve) => unpack.once('finish', resolve).once('abort', resolve));
  let stopped = false;
  return {
    /** @throws what `entryFault` explains, or the guard's problem */
    async write(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
      for await (const chunk of wholeCharacters(chunks)) {
        if (stopped) return;
        const goesOn = unpack.write(chunk);
        if (failure !== undefined) throw failure;
        if (!goesOn) await Promise.race([once(unpack as never, 'drain', { signal }), finished]);
      }
      unpack.end();
      await finished;
      if (guard.problem) throw guard.problem;
    },
    /** Gives up, and returns when nothing more is written, so that the directory can be removed. */
    async stop(): Promise<void> {
      stopped = true;
      unpack.end();
      const waited = new AbortController();
      const { signal } = waited;
      await Promise.race([written, setTimeout(stillLimit, undefined, { signal }).catch(() => {})]);
      waited.abort();
    },
  };
}

/**
 * node-tar decodes a pax header piece by piece, so no chunk may end within a character: the name would be lost, and the
 * short name before it be taken.
 */
async function* wholeCharacters(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of inPieces(chunks)) {
    const bytes = Buffer.concat([rest, chunk]);
    let end = bytes.length;
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back]!;
      if (byte < 0x80) break;
      if (byte < 0xc0) continue;
      if (back < lengthFrom(byte)) end = bytes.length - back;
      break;
    }
    rest = bytes.subarray(end);
    if (end > 0) yield bytes.subarray(0, end);
  }
  if (rest.length > 0) yield rest;
}

/** Of a character of UTF-8, by its first byte. */
function lengthFrom(first: number): number {
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** All entries of one chunk are written, even after a fault: a large one would be waited for long. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
}

/** Why one entry could not be written; undefined when the fault is none of an entry's name and place. */
export function entryFault(
  cause: unknown,
  bad: (path: string, why: string, cause?: unknown) => SourceError,
): SourceError | undefined {
  const { tarCode, entry, code, syscall, message } = cause as {
    tarCode?: string;
    entry?: { path: string };
  } & NodeJS.ErrnoException;
  if (entry === undefined || !tarCode?.startsWith('TAR_ENTRY_')) return undefined;
  const path = plainPath(entry.path);
  if (code === 'ENOTEMPTY')
    return bad(
      path,
      'takes the place of a folder that has files in the same archive. Leave one of them out',
      cause,
    );
  const why = writeFault(cause);
  if (why !== undefined) return bad(path, why, cause);
  return syscall === undefined
    ? bad(path, `cannot be unpacked: ${message.replace(/^TAR_\w+: /, '')}`, cause)
    : undefined;
}
