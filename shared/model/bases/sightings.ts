import { z } from 'zod';

/**
 * What an image is for each platform that was asked for (`linux/arm64`), as a text that is another where its config or a
 * layer is. One that is no index is the same for all of them: `*`.
 */
const Contents = z.record(z.string(), z.string());

/** The digests of the manifests that an index holds for each platform that was asked for. */
const Manifests = z.record(z.string(), z.array(z.string()));

/** What a registry has answered of a digest. */
export interface Answered {
  contents: z.infer<typeof Contents>;
  manifests?: z.infer<typeof Manifests>;
}

/** One digest that a tag has stood for. */
export const Sighting = z.object({
  digest: z.string(),
  /** When Plinth met it, by its own clock; a registry's dates are not believed. */
  firstSeen: z.iso.datetime(),
  /** Since when the tag stands for it: the event's time; while it was only read, that of the reading. */
  since: z.iso.datetime(),
  /** False while `since` is only a time before which it must have been pushed. */
  sure: z.boolean(),
  contents: Contents.optional(),
  manifests: Manifests.optional(),
});
export type Sighting = z.infer<typeof Sighting>;

/** The digests that a base image was seen with, the newest last. `image` as in a push. */
export const Sightings = z.object({ image: z.string(), digests: z.array(Sighting) });
export type Sightings = z.infer<typeof Sightings>;
