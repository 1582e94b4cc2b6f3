import { z } from 'zod';
import type {
  GraphAnswer,
  HeldAnswer,
  HeldBase,
  PlanAnswer,
  RegistriesAnswer,
  StaleAnswer,
  StaleTask,
  WhyAnswer,
} from '../../graph/answers.ts';
import { heldBecause } from '../../graph/heldOf.ts';
import { because } from '../../graph/staleOf.ts';
import { Policy } from '../../model/bases/policy.ts';
import { RunStatus } from '../../model/run.ts';
import { OpenRun } from '../../model/state.ts';
import { Platform } from '../../model/task.ts';

/*
 * The answers of `shared/graph/answers.ts` as schemas, for the API's description: an answer without its schema, or one
 * that says something else, does not compile.
 */

const instant = z.iso.datetime();
const digest = z.string().describe('Cut to `sha256:` and twelve digits.');

export const RegistryList: z.ZodType<RegistriesAnswer> = z
  .object({
    registries: z.array(z.object({ name: z.string(), id: z.string(), loginServer: z.string() })),
    runsAtOnce: z.number().int().describe('Runs that each registry may have at once.'),
    policies: z.array(Policy).describe('What must be true of base images before a run builds on them.'),
    you: z.object({
      name: z.string().exactOptional(),
      by: z.enum(['Entra', 'FunctionKey']),
      roles: z.array(z.string()).describe('With a function key all of them.'),
    }),
  })
  .meta({ id: 'RegistryList' });

const GraphBase = z
  .object({
    image: z.number().int().describe('Its index in images.'),
    buildTime: z.literal(true).exactOptional(),
    digest: digest.describe('What the newest run was pinned to, cut to twelve digits.'),
    pinnedAt: instant,
    builtOn: z
      .string()
      .exactOptional()
      .describe('What the newest success is built on, where that is another; empty where it is none.'),
    newer: z
      .object({ digest, since: instant, at: instant, push: z.string().optional() })
      .exactOptional()
      .describe('The newest digest that the task was notified of and no success is built on.'),
  })
  .meta({ id: 'GraphBase' });

export const TaskGraph: z.ZodType<GraphAnswer> = z
  .object({
    registry: z.string(),
    images: z.array(z.string()).describe('Tasks name them by index.'),
    tasks: z.array(
      z
        .object({
          task: z.string(),
          disabled: z.literal(true).exactOptional(),
          trigger: z.enum(['All', 'Disabled']).exactOptional().describe('Runtime where it is absent.'),
          platform: Platform.exactOptional().describe('linux/amd64 where it is absent.'),
          bases: z.array(GraphBase),
          outputs: z.array(z.number().int()).exactOptional(),
          open: z.array(OpenRun).exactOptional(),
          last: z
            .object({
              runId: z.string(),
              status: RunStatus,
              failures: z.number().int(),
              automatic: z.boolean(),
              endedAt: instant,
            })
            .exactOptional(),
          built: z
            .object({ runId: z.string(), seconds: z.number().exactOptional() })
            .exactOptional()
            .describe('The newest success.'),
        })
        .meta({ id: 'GraphTask' }),
    ),
    next: z.string().exactOptional().describe('`after` of the next page.'),
    unread: z.array(z.string()).exactOptional().describe('Sentences about tasks that cannot be read.'),
  })
  .meta({ id: 'Graph' });

export const HeldBaseImage: z.ZodType<HeldBase> = z
  .object({
    image: z.string(),
    digest: z.string().describe('The newest digest, whole.'),
    since: instant,
    because: z.enum(heldBecause),
    reason: z.string(),
    until: instant.exactOptional(),
    admissible: z.string().exactOptional().describe('The newest digest that may be built on, whole.'),
    platforms: z
      .array(z.string())
      .exactOptional()
      .describe('Those for which it is held, such as linux/arm64, where it is not for all.'),
  })
  .meta({ id: 'HeldBaseImage' });

export const HeldList: z.ZodType<HeldAnswer> = z
  .object({
    value: z.array(HeldBaseImage),
    pausedTasks: z
      .array(z.object({ tasks: z.string(), reason: z.string() }))
      .exactOptional()
      .describe('Patterns of tasks of which nothing automatic starts.'),
    judgements: z
      .array(
        z.object({
          image: z.string(),
          digest: z.string(),
          verdict: z.string(),
          reason: z.string(),
          time: instant,
        }),
      )
      .describe('What was said of digests and counts, the newest first.'),
    notSeen: z
      .array(z.object({ image: z.string(), reason: z.string() }))
      .describe('Base images that could not be looked at.'),
  })
  .meta({ id: 'HeldListResult' });

const taskName = { registry: z.string(), task: z.string() };

const Stale: z.ZodType<StaleTask> = z
  .object({
    ...taskName,
    images: z.array(z.string()).describe('The images that it makes.'),
    base: z.string(),
    builtOn: digest.exactOptional(),
    now: digest.exactOptional(),
    since: instant,
    push: z.string().exactOptional(),
    because: z.enum(because),
    says: z.string().describe('The same in a sentence.'),
    runId: z.string().exactOptional(),
    nextTry: instant.exactOptional().describe('The earliest instant of the next automatic try.'),
    until: instant.exactOptional().describe('With held: when the newest digest will be built on.'),
    maker: z.object(taskName).exactOptional().describe('The task that makes the base image, stale itself.'),
  })
  .meta({ id: 'StaleTask' });

export const StaleList: z.ZodType<StaleAnswer> = z
  .object({ value: z.array(Stale), unread: z.array(z.string()) })
  .meta({ id: 'StaleListResult' });

export const Why: z.ZodType<WhyAnswer> = z
  .object({
    ...taskName,
    fresh: z.boolean(),
    says: z.string(),
    steps: z.array(Stale).describe('The task, its maker, and so on up to the first cause.'),
  })
  .meta({ id: 'Why' });

const seconds = z
  .number()
  .nonnegative()
  .exactOptional()
  .describe('By past builds; absent where there was none.');

export const RebuildPlan: z.ZodType<PlanAnswer> = z
  .object({
    waves: z.array(
      z.object({ tasks: z.array(z.object({ ...taskName, image: z.string(), seconds })), seconds }),
    ),
    skipped: z.array(z.object({ ...taskName, reason: z.string() })),
    held: z
      .array(z.object({ ...taskName, reason: z.string(), until: instant.exactOptional() }))
      .exactOptional()
      .describe('Those with until are in the waves too, which begin then.'),
    seconds,
    tooMany: z.boolean().describe('The plan is cut short.'),
    message: z.string().exactOptional().describe('Where no task is built from the image: that, in words.'),
  })
  .meta({ id: 'RebuildPlan' });
