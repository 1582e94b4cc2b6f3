import type { BuildCommand } from './buildCommand.ts';
import type { EnvironmentEntry } from './nodes.ts';
import type { RunCommand } from './runCommand.ts';

/** What every step has. Times are in seconds. */
export interface StepCommon {
  id: string;
  /** Its first line in the source. */
  line: number;
  /** The steps that must end before it; none to begin at once. */
  after: string[];
  timeout: number;
  startDelay: number;
  retries: number;
  retryDelay: number;
  repeat: number;
  ignoreErrors: boolean;
  /** The step's own and the task's, the step's first. */
  env: EnvironmentEntry[];
  workingDirectory?: string;
  /** The step's other properties with their lines: options that a container engine may or may not have. */
  options: Map<string, { value: unknown; line: number }>;
}

export interface BuildStep extends StepCommon {
  kind: 'build';
  build: string;
  command: BuildCommand;
}

export interface PushStep extends StepCommon {
  kind: 'push';
  push: string[];
}

export interface CmdStep extends StepCommon {
  kind: 'cmd';
  cmd: string;
  command: RunCommand;
  /** What only a shell understands, outside of quotes. */
  operators: string[];
  disableWorkingDirectoryOverride: boolean;
  entryPoint?: string;
  user?: string;
  pull: boolean;
}

export type TaskFileStep = BuildStep | PushStep | CmdStep;

/** A secret of the file's `secrets`: where in a Key Vault it is. */
export interface FileSecret {
  id: string;
  line: number;
  /** The address of the secret. */
  keyvault: string;
  clientID?: string;
}

/** An acr-task.yaml, checked. */
export interface TaskFile {
  version: string;
  steps: TaskFileStep[];
  secrets: FileSecret[];
  /** Properties of the task that a container engine may or may not do, with their line. */
  options: Map<string, { value: unknown; line: number }>;
  /** The templates without a value, which become an empty text. */
  absent: readonly string[];
  /** What the engine takes, but its author hardly meant: sentences. */
  warnings: string[];
}

/** ACR's: 600 s for a step, 5 s between two tries. */
export const defaultStepTimeout = 600;
export const defaultRetryDelay = 5;
