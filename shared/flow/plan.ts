import type { Pin, Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineWork } from '../ports/runEngine.ts';
import type { FetchedSource } from '../ports/sourceContext.ts';

/** A run of a task that is to be planned; the task's and the run's secrets are in the clear. */
export interface Job {
  task: Task;
  run: Run;
  own: KnownRegistry;
  ports: Ports;
}

/** A source that was fetched; undefined where only the engine can read it, or there is none. */
export type Readable = Pick<FetchedSource, 'dir' | 'commit' | 'branch'> | undefined;

/** What the run of a step comes to: what the engine is asked, and on which base images it stands. */
export interface Plan {
  work: EngineWork;
  /** Files of the context in their pinned form. */
  replace: { path: string; content: string }[];
  /** Every base image with its digest; undefined where nobody could read which they are. */
  bases: Pin[] | undefined;
  /** The registries of which the engine needs a login; undefined where that is not known. */
  servers: string[] | undefined;
  /** Lines for people. */
  notes: string[];
  /** What the task makes under a name that stays: nobody can stand on a name that each run gives anew. */
  outputs: string[];
  standsOn?: NonNullable<Run['standsOn']>;
}
