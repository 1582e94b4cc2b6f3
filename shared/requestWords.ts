import { z } from 'zod';
import { readWords, type Unknown, type Words, wordsOf } from './knownWords.ts';
import { PlanRequest, RunResource, RunUpdate, TaskResource } from './model/resources.ts';
import { RunRequest } from './model/run.ts';
import { TaskCreate } from './model/task.ts';

/** What ACR's own answers and first api-version have beyond Plinth's schemas; it is taken and says nothing here. */
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
    step: z.object({ baseImageDependencies: z.unknown() }),
  }),
});
const RunRequestOfAcr = z.object({
  taskName: z.unknown(),
  values: z.array(z.object({ name: z.unknown(), value: z.unknown(), isSecret: z.unknown() })),
});
const RunOfAcr = z.object({ etag: z.unknown(), systemData: z.unknown() });

/** A list of schemas as words, made with the first request that needs them. */
const later = (...schemas: z.ZodType[]) => {
  let words: Words | undefined;
  return () => (words ??= wordsOf(...schemas));
};

/** The properties that each body may have: what the request takes, and what the answer shows, so that it can be put back. */
export const requestWords = {
  task: later(TaskCreate, TaskResource, TaskOfAcr),
  run: later(RunRequest, RunRequestOfAcr),
  runUpdate: later(RunUpdate, RunResource, RunOfAcr),
  plan: later(PlanRequest),
} as const;
export type RequestWords = (typeof requestWords)[keyof typeof requestWords];

/**
 * A body with its properties' names as ACR spells them.
 * @returns the sentences about those that nobody knows; empty where all are known
 */
export function spelled(body: unknown, words: RequestWords): { body: unknown; faults: string[] } {
  const unknown: Unknown[] = [];
  const read = readWords(body, words(), unknown);
  const faults = unknown.map(
    ({ path, nearest }) => `${path}: there is no such property${nearest ? `. Did you mean ${nearest}?` : ''}`,
  );
  return { body: read, faults };
}
