import type { DockerBuildRequest, TaskFileRequest } from './api/runRequest.ts';

/** What a caller wants to do with a registry's runs; the names follow ARM's operations. */
export type EngineAction =
  | 'scheduleRun'
  | 'readRuns'
  | 'cancelRun'
  | 'uploadSource'
  | 'readTaskRuns'
  | 'writeTaskRuns'
  | 'deleteTaskRuns';

/** Authorization is elsewhere; the message of a refusal is shown to the caller. */
interface Verdict {
  status: 200 | 401 | 403;
  message?: string;
}
export type Authorize = (
  token: string,
  resourceId: string,
  action: EngineAction,
) => Verdict | Promise<Verdict>;

export interface Login {
  username: string;
  password: string;
}

/** A registry whose runs this engine carries out. */
export interface EngineRegistry {
  name: string;
  /** ARM id: /subscriptions/…/registries/NAME. */
  resourceId: string;
  /** The canonical name in image references, `baseacr.azurecr.io`. */
  loginServer: string;
  /** Where its socket really is: `https://localhost:PORT`, or `http://…` for one without TLS. */
  endpoint: string;
  /** The login of a run that uses `sourceRegistry.loginMode` Default; undefined when none is needed. */
  pushCredentials(): Login | undefined | Promise<Login | undefined>;
}

const runStatuses = [
  'Queued',
  'Started',
  'Running',
  'Succeeded',
  'Failed',
  'Canceled',
  'Error',
  'Timeout',
] as const;
export type RunStatus = (typeof runStatuses)[number];
export type EndStatus = Extract<RunStatus, 'Succeeded' | 'Failed' | 'Canceled' | 'Error' | 'Timeout'>;

export interface OutputImage {
  /** Login server. */
  registry: string;
  repository: string;
  tag: string;
}
export interface PushedImage extends OutputImage {
  digest: string;
}

/** What every executor is given to carry out one run. */
export interface RunCommon {
  runId: string;
  /** Logins by login server. */
  logins: ReadonlyMap<string, Login>;
  /** The real place of a login server or of a path prefix in one, with scheme: `https://localhost:5211`. */
  endpoints: ReadonlyMap<string, string>;
  /** An empty directory, removed after the run. */
  dir: string;
  /** Writes one line; resolves when more may be written. */
  log(line: string): Promise<void>;
  /** Marks the start of the build itself. */
  running(): void;
  /** Fired by cancel, timeout and stop: whatever runs is to end at once. */
  signal: AbortSignal;
}

/** A build of one Dockerfile. */
export interface RunWork extends RunCommon {
  request: DockerBuildRequest;
  /** The images to make, with the run's values filled in. */
  images: OutputImage[];
  /** Fetches the source; the paths are absolute, and the Dockerfile is a plain file inside the context. */
  source(): Promise<{ contextDir: string; dockerfile: string }>;
}

/** The steps of a task file. */
export interface TaskWork extends RunCommon {
  request: TaskFileRequest;
  registry: Pick<EngineRegistry, 'name' | 'loginServer'>;
  createTime: Date;
  /** Fetches the source; gives its absolute path, an empty directory where the run has none. */
  source(): Promise<string>;
  /** Fetches another source, that of a build step, into a directory that is to be made. */
  fetch(sourceLocation: string, dir: string): Promise<string>;
}

/** Carries out a run and gives the images pushed. Throws RunFailure when the build is at fault. */
export type Executor = (work: RunWork) => Promise<PushedImage[]>;
export type TaskExecutor = (work: TaskWork) => Promise<PushedImage[]>;

/** The run failed by its own fault (source, Dockerfile, registry); the message is its runErrorMessage. */
export class RunFailure extends Error {
  override name = 'RunFailure';
}
