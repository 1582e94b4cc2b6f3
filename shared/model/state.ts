import { z } from 'zod';
import { Pin, RunStatus } from './run.ts';
import { Platform, stepTypes } from './task.ts';

/** One base image as the newest run of a task was pinned to it. */
export const TrackedBase = Pin.extend({
  /** The instant before that run asked for the digest: a push before it has been seen. */
  pinnedAt: z.iso.datetime(),
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
export const LastRun = z.object({
  runId: z.string(),
  status: RunStatus,
  /** What it was built on, or tried to. */
  inputs: z.string(),
  /** How often in a row these same inputs have failed; none once the task was changed. */
  failures: z.number().int(),
  /** Started by an update, a commit or a timer, not by a person. */
  automatic: z.boolean(),
  endedAt: z.iso.datetime(),
});
export type LastRun = z.infer<typeof LastRun>;

/**
 * What Plinth knows of a task beyond its definition; one row, so that one conditional write decides. `bases` is of the
 * newest pinned run, ended well or not; `built` of the newest that succeeded.
 */
export const TaskState = z.object({
  registry: z.string(),
  task: z.string(),
  enabled: z.boolean(),
  /** Docker where it is not said. */
  stepType: z.enum(stepTypes).optional(),
  trigger: z.enum(['Runtime', 'All', 'Disabled']),
  platform: Platform,
  cpu: z.number().int().optional(),
  timeout: z.number().int(),
  bases: z.array(TrackedBase),
  open: z.array(OpenRun),
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
  /** The images with a stable name that the task makes; who stands on them waits for it. */
  outputs: z.array(z.string()),
  /** Its enabled timers; absent when there is none. */
  timers: z.array(Timer).optional(),
});
export type TaskState = z.infer<typeof TaskState>;

/** A queued run's place in its registry's queue: manual runs come before automatic ones, those that wait after both. */
export interface Place {
  registry: string;
  runId: string;
  automatic: boolean;
  /**
   * Set while a free place is not for it: the run whose end rings for it, `registry/runId`; none where it waits for
   * something else.
   */
  waitsFor?: string[];
}

/** Where a queued run stands among those of its registry, for people. */
export interface QueuePlace {
  /** From 1; undefined far back in a long queue. */
  position: number | undefined;
  reason: string;
}

/** The runs of a registry that the engine has now; bounded by the setting for runs at once. */
export const Pace = z.object({
  registry: z.string(),
  running: z.array(z.string()),
  /** Of them, those whose rows cannot be read: they hold nobody up until they can be. */
  unread: z.array(z.string()).optional(),
});
export type Pace = z.infer<typeof Pace>;

/** A tag moved in some registry. `image` is `registry/repository:tag`, normalised. */
export const Push = z.object({
  id: z.string(),
  image: z.string(),
  digest: z.string(),
  timestamp: z.iso.datetime(),
});
export type Push = z.infer<typeof Push>;

export const Verdict = z.enum(['started', 'merged', 'waits', 'skipped']);

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
