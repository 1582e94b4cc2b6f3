import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLocation, type SourceLocation } from '../../names/sourceLocation.ts';
import {
  type FetchedSource,
  type FetchOptions,
  type SourceContext,
  SourceError,
} from '../../ports/sourceContext.ts';
import { sourceSeconds } from '../../rules/timing.ts';
import { fetchArchive, unpackArchive } from './archiveSource.ts';
import { fetchGit } from './gitSource.ts';

interface SourceContextOptions {
  /** The bytes of an upload, undefined when there is none of that name. Without it uploads are refused. */
  readUpload?: (relativePath: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Limit of one fetch in seconds, `sourceSeconds` by default. */
  timeoutSeconds?: number;
  /** Checks the address of every connection: tasks name the hosts. */
  fetch: typeof fetch;
}

/** Contexts from git, archives and uploads, each in a directory of its own below os.tmpdir(). */
export function createSourceContext(options: SourceContextOptions): SourceContext {
  const timeoutSeconds = options.timeoutSeconds ?? sourceSeconds;
  return {
    async fetch(location, { token, maxBytes, signal }: FetchOptions): Promise<FetchedSource> {
      const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
      // Aborted at the end, whatever it is: a reader that gave up in the middle may have left an answer open.
      const over = new AbortController();
      const until = AbortSignal.any([...(signal ? [signal] : []), timeout, over.signal]);
      until.throwIfAborted();
      const workDir = await mkdtemp(join(tmpdir(), 'plinth-source-'));
      const dispose = () => rm(workDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      const how = { token, maxBytes, signal: until, fetch: options.fetch };
      try {
        return { ...(await fetchOne(location, workDir, how, options)), dispose };
      } catch (cause) {
        // The fetch's own error is thrown, even where files are left in the system's temporary directory.
        await dispose().catch(() => {});
        if (!timeout.aborted || signal?.aborted) throw cause;
        const slow = `${describeLocation(location)} was not fetched within ${timeoutSeconds} s`;
        throw new SourceError('Unreachable', `${slow}. Make the context smaller, or try again later.`, {
          cause,
        });
      } finally {
        over.abort();
      }
    },
  };
}

type How = { token: string | undefined; maxBytes: number; signal: AbortSignal; fetch: typeof fetch };

async function fetchOne(
  location: SourceLocation,
  workDir: string,
  how: How,
  options: SourceContextOptions,
): Promise<Omit<FetchedSource, 'dispose'>> {
  switch (location.kind) {
    case 'git':
      return fetchGit(location, workDir, how);
    case 'archive':
      return fetchArchive(location.url, workDir, how);
    case 'none':
      return { dir: workDir, bytes: 0, warnings: [] };
    case 'upload': {
      const what = describeLocation(location);
      const bytes = await options.readUpload?.(location.relativePath, how.signal);
      if (bytes === undefined)
        throw new SourceError(
          'NotFound',
          `${what} is not there. Uploads are kept for a while only; upload it again.`,
        );
      return unpackArchive(bytes, workDir, { what, ...how });
    }
  }
}
