import { z } from 'zod';
import { imageReference } from './fields.ts';
import { Decision } from './state.ts';

/** The body of POST …/plan: a base image that might be pushed. */
export const PlanRequest = z.object({ image: imageReference }).meta({ id: 'PlanRequest' });

export const DecisionList = z
  .object({ value: z.array(Decision), nextLink: z.url().optional() })
  .meta({ id: 'DecisionListResult' });

const PlannedTask = z
  .object({ registry: z.string(), task: z.string(), image: z.string(), seconds: z.number().optional() })
  .meta({ id: 'PlannedTask' });

/** What a push would rebuild, in waves; `seconds` by the newest builds, absent where there is none yet. */
export const Plan = z
  .object({
    waves: z.array(z.object({ tasks: z.array(PlannedTask), seconds: z.number().optional() })),
    skipped: z.array(z.object({ registry: z.string(), task: z.string(), reason: z.string() })),
    seconds: z.number().optional(),
    tooMany: z.boolean(),
  })
  .meta({ id: 'Plan' });
