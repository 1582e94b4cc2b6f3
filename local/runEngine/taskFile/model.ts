/** What every step has. Times are in seconds. */
export interface StepCommon {
  id: string;
  /** Where it begins in the file. */
  line: number;
  /** The steps that must have ended before it. */
  after: string[];
  timeout: number;
  startDelay: number;
  retries: number;
  retryDelay: number;
  repeat: number;
  ignoreErrors: boolean;
  /** The step's own, then those of the task. */
  env: { name: string; value: string }[];
  workingDirectory?: string;
  /** Properties that this engine may not be able to do, with their line. */
  options: Map<string, { value: unknown; line: number }>;
  /** What only a shell understands in its command, outside of quotes. */
  operators: string[];
}

/** An option of a docker command, by its long name. */
export interface DockerOption {
  name: string;
  value?: string;
}

export interface BuildStep extends StepCommon {
  kind: 'build';
  command: BuildCommand;
}

/** The arguments of `docker build`. */
export interface BuildCommand {
  tags: string[];
  /** `-f`, relative to the working directory. */
  file?: string;
  buildArgs: DockerOption[];
  target?: string;
  platform?: string;
  noCache: boolean;
  pull: boolean;
  labels: string[];
  /** A path in the workspace, or the address of a source. */
  context: string;
  others: DockerOption[];
}

export interface PushStep extends StepCommon {
  kind: 'push';
  /** Each with a tag, none twice. */
  push: string[];
}

export interface CmdStep extends StepCommon {
  kind: 'cmd';
  command: RunCommand;
  disableWorkingDirectoryOverride: boolean;
  entryPoint?: string;
  user?: string;
  pull: boolean;
}

/** The arguments of `docker run`. */
export interface RunCommand {
  image: string;
  args: string[];
  flags: DockerOption[];
}

export type TaskStep = BuildStep | PushStep | CmdStep;

/** A task file as the engine runs it. */
export interface AcrTask {
  steps: TaskStep[];
  /** Those that a Key Vault keeps. */
  secrets: { id: string; line: number }[];
  /** Properties of the task that this engine may not be able to do, with their line. */
  options: Map<string, { line: number }>;
}
