import type { Policy } from '../model/bases/policy.ts';
import type { RunStatus } from '../model/run.ts';
import type { NewerDigest, OpenRun, TaskState, VerdictCounts } from '../model/state.ts';
import type { Platform } from '../model/task.ts';
import type { heldBecause } from './heldOf.ts';
import type { because } from './staleOf.ts';

/*
 * What the operations over all registries answer, for the page and for scripts. Types only, so that a browser can
 * import them; `shared/api/graph/` holds the same as schemas. Instants are ISO 8601 in UTC, images normalised
 * references. No answer has a time of its own, so that its ETag stays while nothing changes.
 */

/** `GET /registries`: what the app serves, and who asks. */
export interface RegistriesAnswer {
  registries: { name: string; id: string; loginServer: string }[];
  /** Runs that each registry may have at once. */
  runsAtOnce: number;
  /** What must be true of base images before a run builds on them. */
  policies: Policy[];
  you: {
    /** As the sign-in has it; absent with a function key. */
    name?: string;
    by: 'Entra' | 'FunctionKey';
    /** With a function key all of them. */
    roles: string[];
  };
}

/** `GET /graph?registry=`: tasks of one registry as they stand, by their names. */
export interface GraphAnswer {
  registry: string;
  /** Every image that a task of this page names; tasks name it by its index. */
  images: string[];
  tasks: GraphTask[];
  /** `after` of the next page; absent on the last. */
  next?: string;
  /** Sentences about tasks that cannot be read. */
  unread?: string[];
}

/** A task without what is the usual: enabled, for linux/amd64, with the trigger Runtime, nothing open. */
export interface GraphTask {
  task: string;
  disabled?: true;
  trigger?: 'All' | 'Disabled';
  /** Where it is another than linux/amd64. */
  platform?: Platform;
  bases: GraphBase[];
  /** Indexes of the images that it makes. */
  outputs?: number[];
  open?: OpenRun[];
  last?: Omit<NonNullable<TaskState['last']>, 'inputs'>;
  /** The newest success; absent where there was none. */
  built?: { runId: string; seconds?: number };
}

/** A base image of a task. Digests are cut to `sha256:` and twelve digits. */
export interface GraphBase {
  image: number;
  buildTime?: true;
  /** What the newest run was pinned to, whatever it came to. */
  digest: string;
  pinnedAt: string;
  /** What the newest success is built on, where that is another or none of this image (an empty text). */
  builtOn?: string;
  newer?: NewerDigest;
}

/** `GET /live`: what runs and waits in all registries. */
export interface LiveAnswer {
  registries: LiveRegistry[];
}

export interface LiveRegistry {
  name: string;
  /** Set where it could not be read; its lists are empty then. */
  fault?: string;
  /** Runs that have a slot. */
  running: string[];
  /** The first of its queue, in order. */
  queued: { runId: string; automatic: boolean; waiting: boolean }[];
  /** Its queue is longer. */
  more?: true;
  /** The newest runs, newest first. */
  runs: LiveRun[];
}

export interface LiveRun {
  runId: string;
  /** Absent for a build of its own. */
  task?: string;
  status: RunStatus;
  createTime: string;
  startTime?: string;
  finishTime?: string;
  /** The id of the push that it was started for. */
  push?: string;
  /** What that push moved, with the digest cut, and when. */
  pushed?: { image: string; digest?: string; time: string };
  /** Why a queued run waits. */
  waits?: string;
  nextTry?: string;
  givenUpAt?: string;
}

/** `GET /pushes?day=`: the pushes of a day on which tasks were built, newest first. */
export interface PushesAnswer {
  value: PushOfDay[];
  nextLink?: string;
}

/** A push with what was decided on it, counted; recorded by an older version it has its id only. */
export interface PushOfDay {
  id: string;
  image?: string;
  digest?: string;
  time?: string;
  decided?: VerdictCounts;
}

/** A base image whose newest digest is not built on, and why. */
export interface HeldBase {
  image: string;
  /** The newest digest, whole. */
  digest: string;
  since: string;
  because: (typeof heldBecause)[number];
  reason: string;
  /** When it will be built on, where that is a matter of time. */
  until?: string;
  /** The newest digest that may be built on, whole; absent where there is none. */
  admissible?: string;
  /** Those for which it is held, `linux/arm64`, where it is not for all. */
  platforms?: string[];
}

/** `GET /held`: of all registries. */
export interface HeldAnswer {
  value: HeldBase[];
  /** Patterns of tasks of which nothing automatic starts, and why; absent where there is none. */
  pausedTasks?: { tasks: string; reason: string }[];
  /** What was said of digests and counts, the newest first. */
  judgements: { image: string; digest: string; verdict: string; reason: string; time: string }[];
  /** Base images that could not be looked at, so that it is not known what is newest. */
  notSeen: { image: string; reason: string }[];
}

/** A task that is not built on its newest base images, or on an image whose maker is not. */
export interface StaleTask {
  registry: string;
  task: string;
  /** The images that it makes. */
  images: string[];
  /** The base image; with `maker` the one that is stale itself. */
  base: string;
  /** The digests, cut; absent with `maker`. */
  builtOn?: string;
  now?: string;
  since: string;
  push?: string;
  because: (typeof because)[number];
  /** The same in a sentence. */
  says: string;
  /** The run that is queued, goes on, or came last. */
  runId?: string;
  /** The earliest instant of the next automatic try. */
  nextTry?: string;
  /** With `held`: when the newest digest will be built on, where that is a matter of time. */
  until?: string;
  /** With `maker`: the task that makes the base image. */
  maker?: { registry: string; task: string };
}

/** `GET /registries/{registry}/stale`, the longest stale first. */
export interface StaleAnswer {
  value: StaleTask[];
  /** Sentences about what cannot be read. */
  unread: string[];
}

/** `GET /registries/{registry}/tasks/{task}/why`: from the task up to the first cause. */
export interface WhyAnswer {
  registry: string;
  task: string;
  fresh: boolean;
  says: string;
  /** The task, its maker, and so on up to the first cause; where it is fresh, what is held above it. */
  steps: StaleTask[];
}

export interface PlanTask {
  registry: string;
  task: string;
  /** The image whose move rebuilds it. */
  image: string;
  seconds?: number;
}

/** `POST plan`: what a push would rebuild. */
export interface PlanAnswer {
  /** What may start together; each wave after the one before. */
  waves: { tasks: PlanTask[]; seconds?: number }[];
  skipped: { registry: string; task: string; reason: string }[];
  /**
   * Tasks for which a digest is held, and why; absent where there are none. Those with an instant are in the waves too,
   * which begin then.
   */
  held?: { registry: string; task: string; reason: string; until?: string }[];
  /** By the newest builds and the runs that a registry may have at once; absent where no task was built yet. */
  seconds?: number;
  tooMany: boolean;
  /** Where no task is built from the image: that, in words. */
  message?: string;
}
