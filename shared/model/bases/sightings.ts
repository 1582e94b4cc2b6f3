import { z } from 'zod';

/** One digest that a tag has stood for. */
export const Sighting = z.object({
  digest: z.string(),
  /** When Plinth met it, by its own clock; a registry's dates are not believed. */
  firstSeen: z.iso.datetime(),
  /** Since when the tag stands for it: the event's time; while it was only read, that of the reading. */
  since: z.iso.datetime(),
  /** False while `since` is only a time before which it must have been pushed. */
  sure: z.boolean(),
});
export type Sighting = z.infer<typeof Sighting>;

/** The digests that a base image was seen with, the newest last. `image` as in a push. */
export const Sightings = z.object({ image: z.string(), digests: z.array(Sighting) });
export type Sightings = z.infer<typeof Sightings>;
