import { z } from 'zod';

/** A base image that could not be looked at, and why. */
export const Unseen = z.object({ image: z.string(), reason: z.string() });
export type Unseen = z.infer<typeof Unseen>;

/** What the rounds over all tracked base images remember from one to the next. */
export const Watch = z.object({
  /** When the base images in the settings' registries, and those in any other, were last looked at. */
  lookedAt: z.iso.datetime(),
  polledAt: z.iso.datetime(),
  /** Registries that asked to be left alone until then, by login server. */
  pausedUntil: z.record(z.string(), z.iso.datetime()),
  unseen: z.array(Unseen),
  /** The ledger holds no day before this one. */
  ledgerFrom: z.iso.date().optional(),
});
export type Watch = z.infer<typeof Watch>;

/** Events of one kind that were not taken. */
export const Ignored = z.object({
  kind: z.string(),
  count: z.number().int(),
  lastTime: z.iso.datetime(),
  /** Of the last one. */
  example: z.string(),
});
export type Ignored = z.infer<typeof Ignored>;
