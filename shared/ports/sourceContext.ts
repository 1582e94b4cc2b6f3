import { PlinthError } from '../names/plinthError.ts';
import type { SourceLocation } from '../names/sourceLocation.ts';

export type SourceErrorCode =
  | 'NotFound'
  | 'Unauthorized'
  | 'RefNotFound'
  | 'FolderNotFound'
  | 'TooLarge'
  | 'Unreachable'
  | 'Refused'
  | 'BadArchive';

/**
 * A context could not be had. The message is for people: which one, why, what to do; never a token or a query string.
 */
export class SourceError extends PlinthError {
  readonly code: SourceErrorCode;
  /** Of TooLarge: what there is too much of. */
  readonly limit: 'bytes' | 'entries';
  /** @param code transient where the server did not answer; all others need a change by a person */
  constructor(
    code: SourceErrorCode,
    message: string,
    {
      limit,
      ...options
    }: {
      cause?: unknown;
      limit?: 'entries';
      retryAfter?: number | undefined;
      busyServer?: string | undefined;
    } = {},
  ) {
    super(message, { ...options, transient: code === 'Unreachable' });
    this.code = code;
    this.limit = limit ?? 'bytes';
  }
}

export interface FetchOptions {
  /** The task's contextAccessToken. */
  token?: string;
  /** Limit of the download, and of the files it holds; TooLarge when either passes it. */
  maxBytes: number;
  /** Ends the fetch; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A context on disk. Nothing in it leads out of it, no link either, so a path without `..` may be read plainly. */
export interface FetchedSource {
  /** Root of the build context: the folder of the location is applied. */
  dir: string;
  /** Full id of the commit of a git context. */
  commit?: string;
  /** Branch of a git context, also when it is the default one; none for a tag or a commit. */
  branch?: string;
  /** Sum of the sizes of files and links. */
  bytes: number;
  /** For the run's log: submodules that were not fetched and the like. */
  warnings: string[];
  /** Removes the files. May be called again. */
  dispose(): Promise<void>;
}

export interface SourceContext {
  /** @throws SourceError */
  fetch(location: SourceLocation, options: FetchOptions): Promise<FetchedSource>;
}
