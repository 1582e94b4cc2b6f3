import { z } from 'zod';
import { RunRequest } from './run.ts';
import { TaskIdentity } from './task.ts';

/** A task run's name as ACR has it: 5 to 50 letters, digits and -. */
export const taskRunName = z
  .string()
  .regex(/^[a-zA-Z0-9-]{5,50}$/, 'a task run name has 5 to 50 letters, digits or -');

/** The body of PUT …/taskRuns/{name}: a run that a template asks for, as a resource. */
export const TaskRunCreate = z
  .object({
    location: z.string().min(1).optional(),
    identity: TaskIdentity.optional(),
    properties: z.object({
      runRequest: RunRequest,
      forceUpdateTag: z
        .string()
        .optional()
        .describe('Another one makes a new run, where nothing else of the request has changed.'),
    }),
  })
  .meta({ id: 'TaskRun' });
export type TaskRunCreate = z.infer<typeof TaskRunCreate>;

/** A task run as it is kept, without its request's secrets: its run has them, until it ends. */
export const TaskRun = TaskRunCreate.extend({
  registry: z.string(),
  name: taskRunName,
  runId: z.string(),
}).meta({ id: 'StoredTaskRun' });
export type TaskRun = z.infer<typeof TaskRun>;
