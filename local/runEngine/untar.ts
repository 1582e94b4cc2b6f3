import { posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type ReadEntry } from 'tar';
import { RunFailure } from './types.ts';

export interface TarLimits {
  /** Bytes when unpacked. */
  bytes: number;
  entries: number;
}

const plain = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link']);
const leadsOut = (path: string) => posix.isAbsolute(path) || posix.normalize(path).split('/')[0] === '..';

/** Why an entry may not be unpacked, or undefined. The first entry of `az acr build` is a nameless directory, `/` here. */
function fault(path: string, entry: Pick<ReadEntry, 'type' | 'linkpath'>): string | undefined {
  const shown = JSON.stringify(path);
  if (!plain.has(entry.type))
    return `${shown} is a ${entry.type}; only files, directories and links may be in it`;
  if (path.split('/').includes('..') || (posix.isAbsolute(path) && path !== '/'))
    return `${shown} lies outside the context`;
  const link = entry.linkpath ?? '';
  const target = entry.type === 'SymbolicLink' ? posix.join(posix.dirname(path), link) : link;
  const isLink = entry.type === 'SymbolicLink' || entry.type === 'Link';
  if (isLink && (posix.isAbsolute(link) || leadsOut(target)))
    return `${shown} links outside the context (${JSON.stringify(link)})`;
  return undefined;
}

/**
 * Unpacks a tar.gz into an empty directory. Nothing is ever written outside it.
 * @throws RunFailure for what is no tar.gz, holds paths or links that lead out, or devices, or is larger than the limits
 */
export async function untar(
  source: NodeJS.ReadableStream,
  dir: string,
  limits: TarLimits,
  signal: AbortSignal,
) {
  let refused: string | undefined;
  let bytes = 0;
  let entries = 0;
  const refuse = (why: string) => {
    refused ??= why;
    return false;
  };
  // Counts what comes out of gunzip, so that trailing zeros and skipped entries count too.
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limits.bytes) refuse(`it is larger than ${limits.bytes} bytes when unpacked`);
      done(refused === undefined ? null : new RunFailure(refused), chunk);
    },
  });
  const unpack = extract({
    cwd: dir,
    chmod: true,
    processUmask: 0,
    preserveOwner: false,
    filter: (path, entry) => {
      const why = fault(path, entry as ReadEntry);
      if (why) return refuse(why);
      if (++entries > limits.entries) return refuse(`it holds more than ${limits.entries} entries`);
      return refused === undefined;
    },
    onwarn: (code, message) => {
      if (code !== 'TAR_ENTRY_INFO') refuse(String(message).replace(/^Error: /, ''));
    },
  });
  try {
    await pipeline(source, createGunzip(), meter, unpack, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as { code?: string; message: string };
    if (refused === undefined && !/^(Z|TAR)_/.test(code ?? '')) throw error;
    refused ??= `it is not a whole tar.gz (${message})`;
  }
  if (refused !== undefined)
    throw new RunFailure(
      `The source context was refused: ${refused}. Pack it anew and schedule the run again.`,
    );
  if (entries === 0)
    throw new RunFailure(
      'The source context was refused: it holds nothing. Pack it anew and schedule the run again.',
    );
}
