import { open, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { runContained } from '../build/contained.ts';
import { RunFailure } from '../types.ts';

export interface TarLimits {
  /** Bytes when unpacked. */
  bytes: number;
  entries: number;
}

const plain = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link']);
const leadsOut = (path: string) => posix.isAbsolute(path) || posix.normalize(path).split('/')[0] === '..';

/**
 * Why an entry may not be unpacked, or undefined. A symbolic link may have any target: it is only ever followed by the
 * builder, within the context, or in a container. The first entry of `az acr build` is a nameless directory, `/` here.
 */
function fault(links: Set<string>, path: string, entry: Pick<ReadEntry, 'type' | 'linkpath'>) {
  const shown = JSON.stringify(path);
  if (!plain.has(entry.type))
    return `${shown} is a ${entry.type}; only files, directories and links may be in it`;
  if (path.split('/').includes('..') || (posix.isAbsolute(path) && path !== '/'))
    return `${shown} lies outside the context`;
  const place = posix.normalize(path).replace(/\/$/, '');
  for (let folder = posix.dirname(place); folder !== '.' && folder !== '/'; folder = posix.dirname(folder))
    if (links.has(folder)) return `${shown} lies below the symbolic link ${JSON.stringify(folder)}`;
  if (entry.type === 'SymbolicLink') links.add(place);
  else links.delete(place);
  if (entry.type === 'Link' && leadsOut(entry.linkpath ?? ''))
    return `${shown} links outside the context (${JSON.stringify(entry.linkpath)})`;
  return undefined;
}

/**
 * Unpacks a tar.gz into an empty directory, with the machine's own tar, which keeps names whatever their bytes. Nothing
 * is ever written outside it.
 * @param home a directory for the unpacked bytes of the archive itself
 * @throws RunFailure for what is no tar.gz, holds paths that lead out, or devices, or is larger than the limits
 */
export async function untar(
  source: NodeJS.ReadableStream,
  dir: string,
  home: string,
  limits: TarLimits,
  signal: AbortSignal,
) {
  const file = posix.join(home, 'context.tar');
  try {
    await readWhole(source, file, limits, signal);
    const said: string[] = [];
    const command = ['tar', '-x', '-f', file, '-C', dir, '--no-same-owner', '--same-permissions'];
    const code = await runContained(command, {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      cwd: dir,
      signal,
      output: (text) => void said.push(text),
    });
    if (code !== 0) throw refusal(`tar: ${said.join('').trim().slice(-500)}`);
  } finally {
    await rm(file, { force: true });
  }
}

const refusal = (why: string) =>
  new RunFailure(`The source context was refused: ${why}. Pack it again and schedule another run.`);

/** Keeps the tar and looks at every entry of it. @throws RunFailure */
async function readWhole(
  source: NodeJS.ReadableStream,
  file: string,
  limits: TarLimits,
  signal: AbortSignal,
): Promise<void> {
  let refused: string | undefined;
  let bytes = 0;
  let entries = 0;
  const links = new Set<string>();
  const parser = new Parser({
    onReadEntry: (entry) => {
      refused ??= fault(links, entry.path, entry);
      if (++entries > limits.entries) refused ??= `it holds more than ${limits.entries} entries`;
      entry.resume();
    },
    onwarn: (code, message) => {
      // An archive without entries has a message of its own below.
      if (code !== 'TAR_ENTRY_INFO' && code !== 'TAR_BAD_ARCHIVE')
        refused ??= String(message).replace(/^Error: /, '');
    },
  });
  const refuse = (error: unknown) => {
    refused ??= `it is not a whole tar.gz (${(error as Error).message})`;
  };
  // What is compressed in a tar.gz it unpacks on its own time; an unhandled error would end the process.
  parser.on('error', refuse);
  // Counts what comes out of gunzip, so that trailing zeros and skipped entries count too.
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limits.bytes) refused ??= `it is larger than ${limits.bytes} bytes when unpacked`;
      try {
        parser.write(chunk);
      } catch (error) {
        refuse(error);
      }
      done(refused === undefined ? null : new RunFailure(refused), chunk);
    },
    flush(done) {
      parser.end();
      done();
    },
  });
  // Opened before anything fails: a stream that opens it itself may do so after it was removed.
  const kept = (await open(file, 'w')).createWriteStream();
  try {
    await pipeline(source, createGunzip(), meter, kept, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as { code?: string; message: string };
    if (refused === undefined && !/^(Z|TAR)_/.test(code ?? '')) throw error;
    refused ??= `it is not a whole tar.gz (${message})`;
  }
  if (refused !== undefined) throw refusal(refused);
  if (entries === 0) throw refusal('it holds nothing, or is no tar');
}
