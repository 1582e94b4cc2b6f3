import type { ImageDescriptor, Pin, RunStatus } from '../model/run.ts';
import type { Platform } from '../model/task.ts';
import { PlinthError } from '../names/plinthError.ts';

/** An argument of a build, or a value of a task file. */
interface BuildValue {
  name: string;
  value: string;
  isSecret: boolean;
}

/** The login for a registry with which a build pulls and pushes. */
export interface BuildLogin {
  userName: string;
  password: string;
}

/** What every build says besides its work. */
export interface BuildTerms {
  /** Seconds. */
  timeout: number;
  platform: Platform;
  cpu?: number;
  /** Of the engine's machines, where it has several kinds. */
  pool?: string;
  /** Whether the build may use the registry that it is of with the rights that the engine has there. */
  usesOwnRegistry: boolean;
  /** By login server: all that the build needs besides, as far as that is known. */
  logins: Record<string, BuildLogin>;
  /** An image in which the log is kept, and whether the run is: words of a task that are passed on. */
  logTemplate?: string;
  isArchiveEnabled: boolean;
}

/** The build of one Dockerfile. */
export interface DockerfileWork {
  kind: 'Dockerfile';
  /**
   * A name that begins with no login server belongs to the registry that the build is of; `library/` is Docker Hub's.
   */
  imageNames: string[];
  isPushEnabled: boolean;
  noCache: boolean;
  /** In the source. */
  dockerFilePath: string;
  target?: string;
  arguments: BuildValue[];
}

/** The steps of a task file, given as its text. */
interface TaskFileWork {
  kind: 'TaskFile';
  text: string;
  values: BuildValue[];
}

/** The steps of a task file in a source that only the engine can read. */
interface UnreadTaskFileWork {
  kind: 'UnreadTaskFile';
  taskFilePath: string;
  valuesFilePath?: string;
  values: BuildValue[];
}

export type BuildWork = DockerfileWork | TaskFileWork | UnreadTaskFileWork;

/** A build as it is asked for; its source is the place that `upload` gave, or an address that the engine reads. */
export type BuildRequest = BuildTerms & BuildWork & { source?: string };

/**
 * A build under a key, which is the same for each try to start it and of no other build: 5 to 50 letters, digits and
 * hyphens.
 */
export type KeyedBuild = BuildRequest & { key: string };

/** A run as the engine tells of it. */
export interface EngineRun {
  runId: string;
  status: RunStatus;
  startTime?: string;
  finishTime?: string;
  outputImages: ImageDescriptor[];
  runErrorMessage?: string;
}

/** What an ended build stood on, as far as the engine tells. */
export interface ToldBases {
  /** Each base image by tag with the digest that was used; undefined where the engine does not say. */
  pins: Pin[] | undefined;
  /** Whether the engine may say more a little later. */
  mayCome: boolean;
}

/** The engine refused or could not be asked; the message names the registry and what to do. */
export class RunEngineError extends PlinthError {
  /** Of HTTP, where it answered. */
  readonly status: number | undefined;
  /** @param options transient for 429, 5xx, no connection; a refusal is not */
  constructor(
    message: string,
    {
      status,
      ...options
    }: {
      transient: boolean;
      retryAfter?: number | undefined;
      isRoleMissing?: boolean;
      status?: number;
      cause?: unknown;
    },
  ) {
    super(message, { ...options, answer: [502, 'RunEngineFailed'] });
    this.status = status;
  }
}

/** What executes the builds of a registry, by the registry's name. All calls throw RunEngineError. */
export interface RunEngine {
  /** A place to PUT a tar.gz of at most a few GiB, and the name by which `schedule` finds it. */
  uploadUrl(registry: string): Promise<{ uploadUrl: string; relativePath: string }>;
  /** Puts a packed context into such a place; gives its relativePath. */
  upload(registry: string, archive: { path: string; size: number }): Promise<string>;
  /** Whether a start whose answer was lost is found by its key. Where it is not, another start is another build. */
  readonly keepsKeys: boolean;
  /** Starts a build. A key that may have been used is looked for first, by `find`. */
  schedule(registry: string, request: KeyedBuild): Promise<EngineRun>;
  /** The build that was started under a key; undefined where there is none, or the engine keeps no keys. */
  find(registry: string, key: string): Promise<EngineRun | undefined>;
  /** Removes what the engine keeps under a key; the build and its log stay. Does nothing where nothing is kept. */
  forget(registry: string, key: string): Promise<void>;
  /** The keys under which the engine keeps something for anyone, as far as it lists them; none where it keeps none. */
  keys(registry: string): Promise<string[]>;
  run(registry: string, engineRunId: string): Promise<EngineRun | undefined>;
  cancel(registry: string, engineRunId: string): Promise<void>;
  /** What a build that has succeeded stood on: asked where Plinth could not read its source. */
  bases(registry: string, engineRunId: string): Promise<ToldBases>;
  /** The log as far as it is written; undefined while there is none. */
  log(registry: string, engineRunId: string): Promise<EngineLog | undefined>;
}

export interface EngineLog {
  /** Bytes that can be read now. */
  length: number;
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Promise<Uint8Array>;
}
