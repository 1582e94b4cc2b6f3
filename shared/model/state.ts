import { z } from 'zod';
import { Pin, RunStatus } from './run.ts';
import { Platform, stepTypes } from './task.ts';

/** The newest digest of a base image that a task was notified of and no success of it is built on. */
const NewerDigest = z.object({
  digest: z.string(),
  /** When the first digest was pushed that no success is built on. */
  since: z.iso.datetime(),
  /** When this one was pushed; where a run found it, the instant before that run asked. */
  at: z.iso.datetime(),
  /** The id of its push; absent where a run found it. */
  push: z.string().optional(),
});
export type NewerDigest = z.infer<typeof NewerDigest>;

/** One base image as the newest run of a task was pinned to it. */
export const TrackedBase = Pin.extend({
  /** The instant before that run asked for the digest: a push before it has been seen. */
  pinnedAt: z.iso.datetime(),
  newer: NewerDigest.optional(),
});
export type TrackedBase = z.infer<typeof TrackedBase>;

/** A run of the task that has not ended. */
export const OpenRun = z.object({
  runId: z.string(),
  /** Queued: its digests are still to be read. Pinned: they are fixed, a later push needs another run. */
  phase: z.enum(['Queued', 'Pinned']),
  /** Started by an update, a commit or a timer, not by a person. */
  automatic: z.boolean(),
  /** Builds the task as it is defined, without overrides: what it makes stands for the task. */
  canonical: z.boolean(),
});
export type OpenRun = z.infer<typeof OpenRun>;

/** An enabled timer, as the clock needs it. */
export const Timer = z.object({
  name: z.string(),
  schedule: z.string(),
  /** The newest occurrence that was dealt with; at first the instant from which the timer counts. */
  last: z.iso.datetime(),
});
export type Timer = z.infer<typeof Timer>;

/** How the newest run of a task ended. */
const LastRun = z.object({
  runId: z.string(),
  status: RunStatus,
  /** What it was built on, or tried to. */
  inputs: z.string(),
  /** How often in a row these same inputs have failed; none once the task was changed. */
  failures: z.number().int(),
  /** Started by an update, a commit or a timer, not by a person. */
  automatic: z.boolean(),
  /** It did not end well, and its image is there. */
  pushed: z.boolean().optional(),
  endedAt: z.iso.datetime(),
});

/**
 * The state of a task beyond its definition; one row, so that one conditional write decides. `bases` is of the
 * newest pinned run, ended well or not; `built` of the newest that succeeded.
 */
export const TaskState = z.object({
  registry: z.string(),
  task: z.string(),
  enabled: z.boolean(),
  /** Docker by default. */
  stepType: z.enum(stepTypes).optional(),
  trigger: z.enum(['Runtime', 'All', 'Disabled']),
  platform: Platform,
  cpu: z.number().int().optional(),
  timeout: z.number().int(),
  bases: z.array(TrackedBase),
  open: z.array(OpenRun),
  /** Open ones whose rows cannot be read: nothing waits for them until they can be. */
  aside: z.array(OpenRun).optional(),
  /** `seconds`: how long the build took, for the next plan. */
  built: z
    .object({ runId: z.string(), pins: z.array(Pin), seconds: z.number().nonnegative().optional() })
    .optional(),
  /** A run that came after `built` did not end well, but may have pushed its image all the same. */
  unsure: z.boolean().optional(),
  /** The run that was queued last, of whatever kind; absent where none was since this is written down. */
  newest: z.string().optional(),
  /** The newest ended run of the task as it is defined. */
  last: LastRun.optional(),
  /** The images with a stable name that the task makes; their dependents wait for it. */
  outputs: z.array(z.string()),
  /** The task was deleted; the state stays until its edges are removed, as only it names them. */
  deleted: z.boolean().optional(),
  /** Its enabled timers; absent when there is none. */
  timers: z.array(Timer).optional(),
});
export type TaskState = z.infer<typeof TaskState>;

/** What follows from pushes is decided on this much: of a row of the store, or of what the graph's answer shows of it. */
export type PlanState = Pick<
  TaskState,
  'registry' | 'task' | 'enabled' | 'trigger' | 'bases' | 'open' | 'outputs' | 'built' | 'deleted'
> & {
  last?: Omit<NonNullable<TaskState['last']>, 'inputs'> | undefined;
  /** linux/amd64 where it is absent. */
  platform?: TaskState['platform'];
};

/** A queued run's place in its registry's queue: manual runs come before automatic ones, those that wait after both. */
export interface QueueEntry {
  registry: string;
  runId: string;
  automatic: boolean;
  /**
   * Set while a free slot is not for it: the run whose end sends its start message, `registry/runId`; none where it
   * waits for something else.
   */
  waitsFor?: string[];
}

/** A queued run that waits for the end of another, `registry/runId`, found by that one. It may have stopped to wait. */
export interface Waiter {
  registry: string;
  runId: string;
  awaited: string;
}

/** Where a queued run stands among those of its registry, for people. */
export interface QueuePlace {
  /** From 1; undefined far back in a long queue. */
  position: number | undefined;
  reason: string;
}

/** The runs of a registry that the engine has now; bounded by the setting for runs at once. */
export const Slots = z.object({
  registry: z.string(),
  running: z.array(z.string()),
  /** Queued runs that were sent a start message when a slot became free, and have not started since. */
  called: z.array(z.object({ runId: z.string(), at: z.iso.datetime(), by: z.string() })).optional(),
  /** For each host that answered 429 the queued run that asks it again; the row of that run says whether it still does. */
  asking: z.array(z.object({ server: z.string(), runId: z.string() })).optional(),
  /** Those whose rows cannot be read: they take no slot until they can be. */
  unread: z.array(z.string()).optional(),
  /** Queued runs whose rows cannot be read: those behind them go first. */
  skipped: z.array(z.string()).optional(),
});
export type Slots = z.infer<typeof Slots>;

/** A tag moved in some registry. `image` is `registry/repository:tag`, normalised. */
export const Push = z.object({
  id: z.string(),
  image: z.string(),
  digest: z.string(),
  timestamp: z.iso.datetime(),
});
export type Push = z.infer<typeof Push>;

/** One that goes on as a message. `named`: its digest is spoken of, and was not pushed just now. */
export const NamedPush = Push.extend({ how: z.literal('named').optional() });
export type NamedPush = z.infer<typeof NamedPush>;

/** `held`: the newest digest of the base image may not be built on, or not yet. */
export const Verdict = z.enum(['started', 'merged', 'waits', 'skipped', 'held']);
type Verdict = z.infer<typeof Verdict>;

/** Tasks by what was decided on them. */
export const VerdictCounts = z.record(Verdict, z.number().int());
export type VerdictCounts = z.infer<typeof VerdictCounts>;

/** @returns every verdict, with 0 for those that none has */
export const countVerdicts = (decisions: { verdict: Verdict }[]) =>
  Object.fromEntries(
    Verdict.options.map((verdict) => [verdict, decisions.filter((one) => one.verdict === verdict).length]),
  ) as VerdictCounts;

/** What one push meant for one task, and why: the ledger's row. */
export const Decision = z
  .object({
    push: Push,
    registry: z.string(),
    task: z.string(),
    verdict: Verdict,
    reason: z.string(),
    runId: z.string().optional(),
    time: z.iso.datetime(),
  })
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof Decision>;

/**
 * A push with more dependents than are decided on at once: its queue message, and how far it is. Its pages follow the
 * order of the dependents' edges.
 */
export const PushProgress = z.object({
  push: Push,
  how: z.enum(['announced', 'read', 'named']),
  /** When its first page was begun. */
  begun: z.iso.datetime(),
  /** When the page before was done. */
  time: z.iso.datetime(),
  /** The last edge that was decided on; absent before the first page. */
  after: z.string().optional(),
  isDone: z.boolean(),
  /** Of the pages that are done. */
  decided: VerdictCounts,
});
export type PushProgress = z.infer<typeof PushProgress>;
