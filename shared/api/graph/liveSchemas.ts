import { z } from 'zod';
import type { LiveAnswer, LiveRegistry, LiveRun, PushesAnswer, PushOfDay } from '../../graph/answers.ts';
import { RunStatus } from '../../model/run.ts';
import { VerdictCounts } from '../../model/state.ts';

const instant = z.iso.datetime();

const Run: z.ZodType<LiveRun> = z.object({
  runId: z.string(),
  task: z.string().exactOptional(),
  status: RunStatus,
  createTime: instant,
  startTime: instant.exactOptional(),
  finishTime: instant.exactOptional(),
  push: z.string().exactOptional().describe('The id of the push that it was started for.'),
  pushed: z
    .object({ image: z.string(), digest: z.string().exactOptional(), time: z.string() })
    .exactOptional()
    .describe('What that push moved, with the digest cut, and when.'),
  waits: z.string().exactOptional().describe('Why a queued run waits.'),
  nextTry: instant.exactOptional(),
  givenUpAt: instant.exactOptional(),
});

const Registry: z.ZodType<LiveRegistry> = z.object({
  name: z.string(),
  fault: z.string().exactOptional().describe('Set where it could not be read; its lists are empty then.'),
  running: z.array(z.string()),
  queued: z.array(z.object({ runId: z.string(), automatic: z.boolean(), waiting: z.boolean() })),
  more: z.literal(true).exactOptional().describe('Its queue is longer.'),
  runs: z.array(Run).describe('The newest, newest first.'),
});

export const Live: z.ZodType<LiveAnswer> = z.object({ registries: z.array(Registry) }).meta({ id: 'Live' });

const Push: z.ZodType<PushOfDay> = z.object({
  id: z.string(),
  image: z.string().exactOptional(),
  digest: z.string().exactOptional(),
  time: instant.exactOptional(),
  decided: VerdictCounts.exactOptional().describe('Tasks by what was decided on them.'),
});

export const PushList: z.ZodType<PushesAnswer> = z
  .object({ value: z.array(Push), nextLink: z.string().exactOptional() })
  .meta({ id: 'PushListResult' });
