import { z } from 'zod';
import { VerdictCounts } from '../state.ts';
import { Judgement, Policy } from './policy.ts';
import { Sighting } from './sightings.ts';

const Hold = z.object({ reason: z.string(), until: z.iso.datetime().optional() });

/** The answer of `GET baseImages`. */
export const BaseImageList = z
  .object({
    policies: z.array(Policy),
    judgements: z.array(Judgement),
    value: z.array(
      z.object({
        image: z.string(),
        policy: Policy.optional(),
        tasks: z.number().int(),
        newest: z.string().optional(),
        admissible: z.string().optional().describe('The newest digest that may be built on.'),
        held: Hold.extend({ digest: z.string() }).optional(),
        paused: z.string().optional(),
        digests: z.array(
          Sighting.omit({ sure: true, contents: true, manifests: true }).extend({ held: Hold.optional() }),
        ),
      }),
    ),
  })
  .meta({ id: 'BaseImageList' });

export type BaseImageList = z.infer<typeof BaseImageList>;

/** The answer of quarantine, admit and release. */
export const Judged = z
  .object({
    judgement: Judgement,
    pushes: z.array(z.string()).describe('What was decided is at pushes/{id}.'),
    tasks: VerdictCounts,
    message: z.string().optional(),
  })
  .meta({ id: 'Judged' });
export type Judged = z.infer<typeof Judged>;
