import type { PushOfDay } from '../graph/answers.ts';
import type { Judgements } from '../model/bases/policy.ts';
import type { Sightings } from '../model/bases/sightings.ts';
import type { Run } from '../model/run.ts';
import type { Ignored, Presence, Scan } from '../model/scan.ts';
import type { Decision, PushProgress, QueueEntry, Slots, TaskState, Waiter } from '../model/state.ts';
import type { Task } from '../model/task.ts';
import type { TaskRun } from '../model/taskRun.ts';
import type { Delivery, Webhook } from '../model/webhook.ts';
import { PlinthError } from '../names/plinthError.ts';
import type { TaskKey } from '../names/taskKey.ts';

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
  /** The version of the row, to replace it. */
  readonly etag: string | undefined;
  /** What the row is of: `task`, `state`, `run` … */
  readonly kind: string | undefined;
  constructor(message: string, { etag, kind }: { etag?: string | undefined; kind?: string } = {}) {
    super(message);
    this.etag = etag;
    this.kind = kind;
  }
}

/**
 * Called for each row that a listing leaves out because it cannot be read. A caller without one relies on the timer,
 * which reads the same rows and reports them.
 */
export type Unread = (fault: UnreadableError) => void;

/** Thrown when a document is larger than a row can hold. Nothing was written. */
export class TooLargeError extends PlinthError {
  constructor(message: string) {
    super(message, { answer: [413, 'RequestEntityTooLarge'] });
  }
}

/**
 * One part of an atomic change to one registry. Without `etag` a row must not exist yet; with `etag: '*'` any version
 * is replaced. Removing a row that is not there is a conflict.
 */
export type Write =
  | { put: 'task'; value: Task; etag?: string }
  | { put: 'state'; value: TaskState; etag?: string }
  | { put: 'run'; value: Run; etag?: string }
  | { put: 'taskRun'; value: TaskRun; etag?: string }
  | { put: 'pace'; value: Slots; etag?: string }
  | { put: 'place'; value: QueueEntry; replace?: boolean }
  | { put: 'waiter'; value: Waiter; replace: true }
  | { put: 'decision'; value: Decision; replace?: boolean }
  | { put: 'webhook'; value: Webhook; etag?: string }
  | { put: 'delivery'; value: Delivery }
  | { remove: 'webhook'; value: Webhook }
  | { remove: 'task'; task: string }
  | { remove: 'state'; task: string }
  | { remove: 'taskRun'; name: string }
  | { remove: 'place'; value: QueueEntry };

/**
 * The tasks that are built on an image (its dependents), those that make it (its producers), and the digests that it
 * was seen with.
 */
export interface ImageEdges {
  dependents: TaskKey[];
  producers: TaskKey[];
  sightings?: Stored<Sightings>;
  /** Where they were read in parts and there may be more: what `after` takes. */
  next?: string;
}

/** What a key stands for: a value, nothing, or a row that cannot be read. */
export type Asked<T> = Stored<T> | UnreadableError | undefined;

/** A part of a long list. */
export interface Paging {
  /** The key of the last of the part before. */
  after?: string | undefined;
  /** As many at most, and no more are read. */
  top: number;
}

/** A part of a list, and the key of its last where there may be more. */
export interface Part<T> {
  values: T[];
  next?: string;
}

/** A push as the list of its day has it; of one that an older version recorded only `id` and `key` are known. */
export interface RecordedPush extends PushOfDay {
  /** Of its row in the list. */
  key: string;
}

export interface RunQuery {
  task?: string;
  /** As runs have it. */
  status?: string;
  before?: string;
  /** So many are read at once; as many as the store gives, where not given. */
  atOnce?: number;
  unread?: Unread;
}

export interface QueueQuery {
  waiting?: boolean;
  /** As many, and no more are read. */
  top?: number;
}

/** The base images of a task and the images that it makes, by normalised reference. */
export interface Edges {
  bases: string[];
  outputs: string[];
}

export const noEdges: Edges = { bases: [], outputs: [] };

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
  /** Many at once, in the order of their names here; where they lie close together, by range and not one by one. */
  statesOf(registry: string, tasks: string[]): Promise<Asked<TaskState>[]>;
  /** In the order of the tasks' names, by which `after` goes. */
  statesPart(registry: string, paging: Paging, unread?: Unread): Promise<Part<TaskState>>;
  /** Only the states that have timers, so that the timer need not read the others. */
  statesWithTimers(registry: string): Promise<Stored<TaskState>[]>;
  run(registry: string, runId: string): Promise<Stored<Run> | undefined>;
  /** As statesOf. */
  runsOf(registry: string, runIds: string[]): Promise<Asked<Run>[]>;
  /** Newest first, a page at a time; of one task, and older than a run, where that is asked. */
  runs(registry: string, only?: RunQuery): AsyncIterable<Run>;
  /** The same with their versions. */
  storedRuns(registry: string, only?: RunQuery): AsyncIterable<Stored<Run>>;
  /** Removes a run as it was read. @throws ConflictError when it was changed since, or is gone */
  forgetRun(run: Stored<Run>): Promise<void>;
  /** Likewise. */
  forgetState(state: Stored<TaskState>): Promise<void>;
  taskRun(registry: string, name: string): Promise<Stored<TaskRun> | undefined>;
  taskRuns(registry: string, unread?: Unread): Promise<TaskRun[]>;
  pace(registry: string): Promise<Stored<Slots> | undefined>;
  /** The queued runs in the order they are to start; only the first ones, or those that wait, where that is asked. */
  places(registry: string, only?: QueueQuery): AsyncIterable<QueueEntry>;
  /** Those of a registry's queue that wait for a run (`registry/runId`), in the order they were asked for; or all. */
  waiters(registry: string, awaited?: string): Promise<Waiter[]>;
  /** May be done again. */
  forgetWaiters(registry: string, waiters: Waiter[]): Promise<void>;
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
  decisionsPart(registry: string, task: string, paging: Paging): Promise<Part<Decision>>;

  /**
   * Writes all or nothing; at most 100 parts, all of one registry.
   * @throws ConflictError TooLargeError
   */
  commit(registry: string, writes: Write[]): Promise<void>;
  /** Takes `count` run numbers in a row and gives the first; no number is given twice. */
  takeRunNumbers(registry: string, count: number): Promise<number>;

  /** All of them, or a part: dependents come first, in the order of their registries and names. */
  imageEdges(image: string, paging?: Paging): Promise<ImageEdges>;
  producers(image: string): Promise<TaskKey[]>;
  /** Adds and removes edges of one task; both may be done again. */
  changeEdges(task: TaskKey, add: Edges, remove: Edges): Promise<void>;

  /** The digests that an image was seen with; a row that cannot be read counts as none, and is replaced. */
  sightings(image: string): Promise<Stored<Sightings> | undefined>;
  /** @throws ConflictError when it is not the version that was read; without `etag` there must be none yet */
  putSightings(sightings: Sightings, etag: string | undefined): Promise<void>;

  /** What was said of digests; there is one row. */
  judgements(): Promise<Stored<Judgements> | undefined>;
  /** @throws ConflictError as putSightings */
  putJudgements(judgements: Judgements, etag: string | undefined): Promise<void>;

  /** The images that were noted as held, in any order. */
  heldImages(): Promise<string[]>;
  /** Both may be done again. */
  noteHeld(image: string): Promise<void>;
  forgetHeld(image: string): Promise<void>;

  /**
   * The ledger by push; the first decision for a task is kept.
   * @param isPart of a push that is decided in pages: putPushProgress enters it in the list of its day
   */
  recordPush(pushId: string, decisions: Decision[], isPart?: boolean): Promise<void>;
  /** How far a push is that is decided in pages. */
  pushProgress(pushId: string): Promise<PushProgress | undefined>;
  putPushProgress(progress: PushProgress): Promise<void>;
  push(pushId: string): Promise<Decision[]>;
  /** The pushes that were recorded on a day (`2026-11-23`), newest first. */
  pushesOf(day: string, paging: Paging): Promise<Part<RecordedPush>>;
  /** Takes a push and what was decided on it out of the ledger; may be done again. */
  forgetPush(day: string, push: RecordedPush): Promise<void>;

  /** The state of the scans over all base images; there is one. */
  scan(): Promise<Stored<Scan> | undefined>;
  /** @throws ConflictError when it is not the version that was read; without `etag` there must be none yet */
  putScan(scan: Scan, etag: string | undefined): Promise<void>;
  /** The apps that have ever worked on this storage. @throws where the table is not there */
  presences(): Promise<Presence[]>;
  /** Replaces what the app said before. */
  putPresence(presence: Presence): Promise<void>;
  /** Events that were not taken, by kind. */
  ignored(): Promise<Ignored[]>;
  countIgnored(kind: string, example: string, time: string): Promise<void>;
}
