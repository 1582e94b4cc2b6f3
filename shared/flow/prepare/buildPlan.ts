import type { KnownRegistry } from '../../model/registry.ts';
import type { Pin, Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildWork } from '../../ports/runEngine.ts';
import type { FetchedSource } from '../../ports/sourceContext.ts';

/** A run of a task that is to be planned; the task's and the run's secrets are in the clear. */
export interface Job {
  task: Task;
  run: Run;
  registry: KnownRegistry;
  ports: Ports;
}

/** A source that was fetched; `engine` where only the engine can read it, `none` where there is none. */
export type Readable = FetchedFiles | 'engine' | 'none';
export type FetchedFiles = Pick<FetchedSource, 'dir' | 'commit' | 'branch'>;

/** The properties of a run's source, where it was fetched. */
export const fetchedOf = (source: Readable): FetchedFiles | undefined =>
  typeof source === 'string' ? undefined : source;

/** What the run of a step comes to: what the engine is asked, and on which base images it stands. */
export interface BuildPlan {
  work: BuildWork;
  /** Files of the context in their pinned form. */
  replace: { path: string; content: string }[];
  /** Every base image with its digest; undefined where they could not be found. */
  bases: Pin[] | undefined;
  /** The registries of which the engine needs a login; undefined where that is not known. */
  servers: string[] | undefined;
  /** Lines for people. */
  notes: string[];
  /** The images of the task with a stable name: one that is new with each run can have no dependents. */
  outputs: string[];
  standsOn?: NonNullable<Run['standsOn']>;
}
