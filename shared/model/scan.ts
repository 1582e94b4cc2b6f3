import { z } from 'zod';

/** A base image that could not be looked at, and why. */
export const Unreachable = z.object({ image: z.string(), reason: z.string() });
export type Unreachable = z.infer<typeof Unreachable>;

/** Something of which the clock could not read or do its part, and why: it was left out, and the rest was done. */
export const Fault = z.object({ what: z.string(), reason: z.string() }).meta({ id: 'Fault' });
export type Fault = z.infer<typeof Fault>;

/** How far the removal of old runs has come in one registry. */
export const Sweep = z.object({
  /** The day on which it began. */
  day: z.iso.date(),
  /** Set while it goes on: the last run that it looked at. */
  before: z.string().optional(),
});
export type Sweep = z.infer<typeof Sweep>;

/** The state of the scans over all tracked base images, from one to the next. */
export const Scan = z.object({
  /** When the base images in the settings' registries, and those in any other, were last looked at. */
  lookedAt: z.iso.datetime(),
  polledAt: z.iso.datetime(),
  /** Registries that asked to be left alone until then, by login server. */
  pausedUntil: z.record(z.string(), z.iso.datetime()),
  unseen: z.array(Unreachable),
  /** What each of the clock's chores could not read or do when it last looked, by the chore's name. */
  faults: z.record(z.string(), z.array(Fault)).optional(),
  /** What the log said cannot be reached, each with what was asked: a registry's name, empty for the storage. */
  broken: z.record(z.string(), z.string()).optional(),
  /** The ledger holds no day before this one. */
  ledgerFrom: z.iso.date().optional(),
  /** Earlier days of which something could not be removed. */
  ledgerLeft: z.array(z.iso.date()).optional(),
  /** The day on which all old deliveries had last been removed. */
  deliveriesForgotten: z.iso.date().optional(),
  /** The day on which what had stayed at the run engine was last removed. */
  engineSwept: z.iso.date().optional(),
  /** By registry. */
  sweeps: z.record(z.string(), Sweep).optional(),
});
export type Scan = z.infer<typeof Scan>;

const never = new Date(0).toISOString();
/** Before the first round. */
export const newScan: Scan = { lookedAt: never, polledAt: never, pausedUntil: {}, unseen: [] };

/** Events of one kind that were not taken. */
export const Ignored = z.object({
  kind: z.string(),
  count: z.number().int(),
  lastTime: z.iso.datetime(),
  /** Of the last one. */
  example: z.string(),
});
export type Ignored = z.infer<typeof Ignored>;

/** An app that works on this storage, as its clock said last. */
export const Presence = z.object({
  /** The app's host name, which no other has. */
  app: z.string(),
  tickedAt: z.iso.datetime(),
  /** Apps that worked on the same storage then. */
  others: z.array(z.string()),
});
export type Presence = z.infer<typeof Presence>;
