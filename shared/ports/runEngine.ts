import type { ImageDescriptor, RunStatus } from '../model/run.ts';
import type { Platform } from '../model/task.ts';

/** What every request to ACR's run engine says besides its work. */
export interface EngineTerms {
  timeout: number;
  platform: Platform;
  agentConfiguration?: { cpu: number };
  credentials: {
    sourceRegistry?: { loginMode?: 'None' | 'Default'; identity?: string };
    customRegistries?: Record<
      string,
      { userName: { type: 'Opaque'; value: string }; password: { type: 'Opaque'; value: string } }
    >;
  };
  isArchiveEnabled: boolean;
  agentPoolName?: string;
  logTemplate?: string;
}

export interface EngineValue {
  name: string;
  value: string;
  isSecret: boolean;
}

/** The work of a `DockerBuildRequest`. */
export interface DockerBuildWork {
  type: 'DockerBuildRequest';
  imageNames: string[];
  isPushEnabled: boolean;
  noCache: boolean;
  dockerFilePath: string;
  target?: string;
  arguments: EngineValue[];
}

/** The work of an `EncodedTaskRunRequest`: the file is base64. */
export interface EncodedTaskWork {
  type: 'EncodedTaskRunRequest';
  encodedTaskContent: string;
  values: EngineValue[];
}

/** The work of a `FileTaskRunRequest`: the file is in a source that only the engine can read. */
export interface FileTaskWork {
  type: 'FileTaskRunRequest';
  taskFilePath: string;
  valuesFilePath?: string;
  values: EngineValue[];
}

export type EngineWork = DockerBuildWork | EncodedTaskWork | FileTaskWork;

/** A RunRequest as ACR's run engine takes it; only a task file that is encoded needs no source. */
export type EngineRequest = EngineTerms &
  (
    | (DockerBuildWork & { sourceLocation: string })
    | (FileTaskWork & { sourceLocation: string })
    | (EncodedTaskWork & { sourceLocation?: string })
  );

/** A run as the engine tells of it. */
export interface EngineRun {
  runId: string;
  status: RunStatus;
  startTime?: string;
  finishTime?: string;
  outputImages: ImageDescriptor[];
  runErrorMessage?: string;
}

/** The engine refused or could not be asked; the message names the registry and what to do. */
export class RunEngineError extends Error {
  override name = 'RunEngineError';
  /** Worth another try: 429, 5xx, no connection. A refusal is not. */
  readonly transient: boolean;
  /** Seconds, where the engine said so. */
  readonly retryAfter: number | undefined;
  /** Of HTTP, where it answered. */
  readonly status: number | undefined;
  constructor(
    message: string,
    options: { transient: boolean; retryAfter?: number; status?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.transient = options.transient;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
  }
}

/** ACR's run engine of one registry, by the registry's name. All calls throw RunEngineError. */
export interface RunEngine {
  /** A place to PUT a tar.gz of at most a few GiB, and the name by which scheduleRun finds it. */
  uploadUrl(registry: string): Promise<{ uploadUrl: string; relativePath: string }>;
  /** Puts a packed context into such a place; gives its relativePath. */
  upload(registry: string, archive: { path: string; size: number }): Promise<string>;
  schedule(registry: string, request: EngineRequest): Promise<EngineRun>;
  run(registry: string, engineRunId: string): Promise<EngineRun | undefined>;
  cancel(registry: string, engineRunId: string): Promise<void>;
  /** The log as far as it is written; undefined while there is none. */
  log(registry: string, engineRunId: string): Promise<EngineLog | undefined>;
}

export interface EngineLog {
  /** Bytes that can be read now. */
  length: number;
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Promise<Uint8Array>;
}
