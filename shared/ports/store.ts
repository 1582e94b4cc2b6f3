import type { Run } from '../model/run.ts';
import type { Decision, Pace, Place, TaskState } from '../model/state.ts';
import type { Task } from '../model/task.ts';
import type { Ignored, Watch } from '../model/watch.ts';
import type { Delivery, Webhook } from '../model/webhook.ts';

/** A value and the version of it that was read; a write that names the version fails if another came between. */
export interface Stored<T> {
  value: T;
  etag: string;
}

/** Thrown when a write met another version than it was made from. Read again and decide again. */
export class ConflictError extends Error {
  override name = 'ConflictError';
}

/** Thrown when a row is there and this version cannot read it: written by hand, cut short, or by a newer version. */
export class UnreadableError extends Error {
  override name = 'UnreadableError';
  /** The version of the row, for whoever is to replace it. */
  readonly etag: string | undefined;
  constructor(message: string, etag?: string) {
    super(message);
    this.etag = etag;
  }
}

/**
 * Is told of each row that a listing leaves out because it cannot be read. Whoever gives none relies on the clock, whose
 * round reads the same rows and tells people.
 */
export type Unread = (fault: UnreadableError) => void;

/** Thrown when a document is larger than a row can hold. Nothing was written. */
export class TooLargeError extends Error {
  override name = 'TooLargeError';
}

/**
 * One part of an atomic change to one registry. Without `etag` a row must not exist yet; with `etag: '*'` any version
 * is replaced. Removing a row that is not there is a conflict.
 */
export type Write =
  | { put: 'task'; value: Task; etag?: string }
  | { put: 'state'; value: TaskState; etag?: string }
  | { put: 'run'; value: Run; etag?: string }
  | { put: 'pace'; value: Pace; etag?: string }
  | { put: 'place'; value: Place; replace?: boolean }
  | { put: 'decision'; value: Decision; replace?: boolean }
  | { put: 'webhook'; value: Webhook; etag?: string }
  | { put: 'delivery'; value: Delivery }
  | { remove: 'webhook'; value: Webhook }
  | { remove: 'task'; task: string }
  | { remove: 'state'; task: string }
  | { remove: 'run'; runId: string }
  | { remove: 'place'; value: Place };

export interface TaskKey {
  registry: string;
  task: string;
}

/** Who has to do with an image: the tasks that stand on it and those that make it. */
export interface Standing {
  dependents: TaskKey[];
  producers: TaskKey[];
}

export interface RunFilter {
  task?: string;
  before?: string;
  /** So many are read at once; as many as the store gives, where not given. */
  atOnce?: number;
  unread?: Unread;
}

export interface PlaceFilter {
  waiting?: boolean;
  /** As many, and no more are read. */
  top?: number;
}

/** What a task stands on and what it makes, by normalised reference. */
export interface Edges {
  bases: string[];
  outputs: string[];
}

/**
 * A row that cannot be read costs a listing nothing but itself; asked for by its key it throws UnreadableError.
 *
 * Tasks, runs, their state and the edges between images and tasks. Whatever belongs to one registry can be changed
 * together, all or nothing.
 */
export interface Store {
  task(registry: string, task: string): Promise<Stored<Task> | undefined>;
  tasks(registry: string, unread?: Unread): Promise<Task[]>;
  state(registry: string, task: string): Promise<Stored<TaskState> | undefined>;
  states(registry: string, unread?: Unread): Promise<TaskState[]>;
  /** Only the states that have timers, so that the clock need not read the others. */
  statesWithTimers(registry: string): Promise<Stored<TaskState>[]>;
  run(registry: string, runId: string): Promise<Stored<Run> | undefined>;
  /** Newest first, a page at a time; of one task, and older than a run, where that is asked. */
  runs(registry: string, only?: RunFilter): AsyncIterable<Run>;
  pace(registry: string): Promise<Stored<Pace> | undefined>;
  /** The queued runs in the order they are to start; only the first ones, or those that wait, where that is asked. */
  places(registry: string, only?: PlaceFilter): AsyncIterable<Place>;
  webhook(registry: string, task: string, trigger: string): Promise<Stored<Webhook> | undefined>;
  /** Of one task, or of all. */
  webhooks(registry: string, task?: string): Promise<Stored<Webhook>[]>;
  /** Those whose `nextAttempt` has come. */
  dueWebhooks(registry: string, now: Date, unread?: Unread): Promise<Stored<Webhook>[]>;
  /** The run that a delivery has started; undefined when it has started none. */
  delivery(registry: string, task: string, trigger: string, key: string): Promise<string | undefined>;
  /** Removes what was delivered before an instant, at most `top`; gives how many. */
  forgetDeliveries(registry: string, before: Date, top: number): Promise<number>;
  /** Newest first. */
  decisions(registry: string, task: string): AsyncIterable<Decision>;

  /**
   * Writes all or nothing; at most 100 parts, all of one registry.
   * @throws ConflictError TooLargeError
   */
  commit(registry: string, writes: Write[]): Promise<void>;
  /** Takes `count` run numbers in a row and gives the first; no number is given twice. */
  takeRunNumbers(registry: string, count: number): Promise<number>;

  standing(image: string): Promise<Standing>;
  /** Adds and removes edges of one task; both may be done again. */
  changeEdges(task: TaskKey, add: Edges, remove: Edges): Promise<void>;

  /** The ledger by push; what was said of a task first, stays. */
  recordPush(pushId: string, decisions: Decision[]): Promise<void>;
  push(pushId: string): Promise<Decision[]>;
  /** The ids of the pushes that were recorded on a day (`2026-11-23`), at most `top`. */
  pushesOf(day: string, top: number): Promise<string[]>;
  /** Takes a push and what was decided on it out of the ledger; may be done again. */
  forgetPush(day: string, pushId: string): Promise<void>;

  /** What the rounds over all base images remember; there is one. */
  watch(): Promise<Stored<Watch> | undefined>;
  /** @throws ConflictError when it is not the version that was read; without `etag` there must be none yet */
  putWatch(watch: Watch, etag: string | undefined): Promise<void>;
  /** Events that were not taken, by kind. */
  ignored(): Promise<Ignored[]>;
  countIgnored(kind: string, example: string, time: string): Promise<void>;
}
