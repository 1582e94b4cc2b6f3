import type { z } from 'zod';
import {
  DecisionList,
  LogLink,
  PlanRequest,
  RebuildPlan,
  RegistryOverview,
  RunList,
  RunResource,
  RunUpdate,
  TaskList,
  TaskResource,
  TaskUpdate,
  UploadPlace,
} from '../model/resources.ts';
import { RunRequest } from '../model/run.ts';
import { TaskCreate } from '../model/task.ts';
import type { operations } from './operations.ts';

/** What the description of the API says of an operation beyond its route. */
export interface OperationText {
  summary: string;
  query?: { name: string; description: string }[];
  request?: z.ZodType;
  /** The body of 200; an operation without one answers with an empty one. */
  answer?: z.ZodType;
  /** Other successes. */
  also?: Record<string, string>;
}

/** Every operation has its text, or this does not compile. */
export const apiText: Record<keyof typeof operations, OperationText> = {
  registriesGet: {
    summary: 'A registry as Plinth sees it: what runs, what waits.',
    answer: RegistryOverview,
  },
  uploadUrl: {
    summary: 'A place for a build context, as a tar.gz; its relativePath is the sourceLocation of a run.',
    answer: UploadPlace,
  },
  scheduleRun: {
    summary: 'Queues a run: of a task, or of a build of its own.',
    request: RunRequest,
    answer: RunResource,
  },
  tasksList: { summary: 'The tasks of a registry, without their secrets.', answer: TaskList },
  tasksGet: { summary: 'A task, without its secrets.', answer: TaskResource },
  tasksListDetails: { summary: 'A task with its secrets.', answer: TaskResource },
  tasksCreate: {
    summary: 'Creates a task, or replaces it whole.',
    request: TaskCreate,
    answer: TaskResource,
  },
  tasksUpdate: {
    summary:
      'Changes parts of a task: absent stays, objects merge, timer and source triggers merge by name, null removes.',
    request: TaskUpdate,
    answer: TaskResource,
  },
  tasksDelete: {
    summary: 'Deletes a task; what it has queued is cancelled.',
    also: { 204: 'There was none.' },
  },
  tasksDecisions: {
    summary: 'What each push meant for the task, and why; newest first.',
    query: [
      { name: '$top', description: 'So many at most; 1 to 1000, 100 where not given.' },
      { name: '$skipToken', description: 'Part of nextLink.' },
    ],
    answer: DecisionList,
  },
  tasksPlan: {
    summary: 'What would be rebuilt, in which waves, if the task made its images anew.',
    answer: RebuildPlan,
  },
  plan: {
    summary: 'What would be rebuilt, in which waves, if an image were pushed.',
    request: PlanRequest,
    answer: RebuildPlan,
  },
  pushesGet: {
    summary: 'What one push meant for every task that stands on its image.',
    answer: DecisionList,
  },
  runsList: {
    summary: 'The runs of a registry, newest first.',
    query: [
      { name: '$filter', description: "OData, such as TaskName eq 'app' and Status eq 'Failed'." },
      { name: '$top', description: 'So many runs at most, and no next page; 1 to 1000.' },
      { name: '$skipToken', description: 'Part of nextLink.' },
    ],
    answer: RunList,
  },
  runsGet: { summary: 'A run.', answer: RunResource },
  runsUpdate: {
    summary: 'Keeps a run beyond the usual time, or no more.',
    request: RunUpdate,
    answer: RunResource,
  },
  runsCancel: { summary: 'Cancels a run; one that has ended stays as it is.' },
  runsLogUrl: {
    summary:
      'An address of the run’s log, good for hours, which reads as an append blob; its metadata Complete says the end.',
    answer: LogLink,
  },
};
