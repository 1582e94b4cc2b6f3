import { z } from 'zod';
import { JudgementRequest } from '../model/bases/policy.ts';
import { RunRequest } from '../model/run.ts';
import { TaskCreate } from '../model/task.ts';
import { TaskRunCreate } from '../model/taskRun.ts';
import { type KnownWords, readWords, type Unknown, wordsOf } from './knownWords.ts';
import { PlanRequest, RunResource, RunUpdate, TaskResource, TaskRunResource } from './schemas.ts';

/** Arguments and values as az sends them since 2.91, each with a `type` that says `Argument` or `SetValue`. */
const typed = z.array(z.object({ type: z.unknown() }));
const kind = <T extends z.ZodRawShape>(type: string, shape: T) =>
  z.object({ type: z.literal(type), ...shape });

/** What ACR's own answers and first api-version have beyond Plinth's schemas; it is accepted and ignored. */
const TaskOfAcr = z.object({
  etag: z.unknown(),
  systemData: z.unknown(),
  identity: z.object({
    principalId: z.unknown(),
    tenantId: z.unknown(),
    userAssignedIdentities: z.unknown(),
  }),
  properties: z.object({
    provisioningState: z.unknown(),
    step: z
      .object({ baseImageDependencies: z.unknown() })
      .and(
        z.union([
          kind('Docker', { arguments: typed }),
          kind('FileTask', { values: typed }),
          kind('EncodedTask', { values: typed }),
        ]),
      ),
  }),
});
const RunRequestOfAcr = z
  .object({
    taskName: z.unknown(),
    values: z.array(z.object({ name: z.unknown(), value: z.unknown(), isSecret: z.unknown() })),
  })
  .and(
    z.union([
      kind('DockerBuildRequest', { arguments: typed }),
      kind('FileTaskRunRequest', { values: typed }),
      kind('EncodedTaskRunRequest', { values: typed }),
      kind('TaskRunRequest', {
        overrideTaskStepProperties: z.object({ arguments: typed, values: typed }),
      }),
    ]),
  );
const TaskRunOfAcr = z.object({
  systemData: z.unknown(),
  identity: TaskOfAcr.shape.identity,
  properties: z.object({ runRequest: RunRequestOfAcr }),
});
const RunOfAcr = z.object({ etag: z.unknown(), systemData: z.unknown() });

/** A list of schemas as words, made with the first request that needs them. */
const later = (...schemas: z.ZodType[]) => {
  let words: KnownWords | undefined;
  return () => (words ??= wordsOf(...schemas));
};

/**
 * The properties that each body may have: what the request takes, and what the answer shows, so that it can be put
 * back.
 */
export const requestWords = {
  task: later(TaskCreate, TaskResource, TaskOfAcr),
  run: later(RunRequest, RunRequestOfAcr),
  taskRun: later(TaskRunCreate, TaskRunResource, TaskRunOfAcr),
  runUpdate: later(RunUpdate, RunResource, RunOfAcr),
  plan: later(PlanRequest),
  judgement: later(JudgementRequest),
} as const;
export type RequestWords = (typeof requestWords)[keyof typeof requestWords];

/**
 * A body with its properties' names as ACR spells them.
 * @returns a sentence for each unknown property; empty where all are known
 */
export function spelled(body: unknown, words: RequestWords): { body: unknown; faults: string[] } {
  const unknown: Unknown[] = [];
  const read = readWords(body, words(), unknown);
  const faults = unknown.map(
    ({ path, nearest }) => `${path}: there is no such property${nearest ? `. Did you mean ${nearest}?` : ''}`,
  );
  return { body: read, faults };
}
