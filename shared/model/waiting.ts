import { z } from 'zod';

/** Why a queued run does not start now. Of the runs it waits for, the last is the one likely to end last. */
export const Waiting = z.object({
  /** The runs that must end first, `registry/runId`; none where it waits for something else. */
  runs: z.array(z.string()),
  /** The base images over which it waits: looked at again before it starts. */
  images: z.array(z.string()),
  reason: z.string(),
  /** It waits for a time: a message before it does nothing. */
  nextTry: z.iso.datetime().optional(),
  /** The host that answered 429, where it waits for that: until it asks again itself, or until the run that does has. */
  server: z.string().optional(),
  /** When it is tried for the last time. */
  givenUpAt: z.iso.datetime().optional(),
});
export type Waiting = z.infer<typeof Waiting>;

/** Since when, and how often in a row, a run could not be started or followed through no fault of the task. */
export const Trouble = z.object({
  since: z.iso.datetime(),
  count: z.number().int(),
  /** Since when, in a row, a role was missing. */
  roleSince: z.iso.datetime().optional(),
  /** How often in a row it met a host name that does not exist. */
  unknownHost: z.number().int().optional(),
});
export type Trouble = z.infer<typeof Trouble>;

/**
 * The worker that prepares a run now, and how often in a row one has begun: written before the context is fetched, so
 * that a process that dies of it has counted it.
 */
export const Preparing = z.object({ by: z.string(), until: z.iso.datetime(), count: z.number().int() });
export type Preparing = z.infer<typeof Preparing>;

const logLine = z.object({ at: z.iso.datetime(), text: z.string() });

/** What a run met while it was queued, when it would be tried next and last: bytes of its log, which stay. */
export const Waited = z.object({ missingRole: logLine.optional(), waited: z.array(logLine).optional() });
