import type { z } from 'zod';
import { BaseImageList, Judged } from '../model/bases/baseImages.ts';
import { JudgementRequest } from '../model/bases/policy.ts';
import { RunRequest } from '../model/run.ts';
import { TaskCreate } from '../model/task.ts';
import { TaskRunCreate } from '../model/taskRun.ts';
import { HeldList, RebuildPlan, RegistryList, StaleList, TaskGraph, Why } from './graph/graphSchemas.ts';
import { Live, PushList } from './graph/liveSchemas.ts';
import type { operations } from './operations.ts';
import {
  DecisionList,
  Health,
  LogLink,
  PlanRequest,
  RegistryOverview,
  RunList,
  RunResource,
  RunUpdate,
  TaskList,
  TaskResource,
  TaskRunList,
  TaskRunResource,
  TaskUpdate,
  UploadPlace,
} from './schemas.ts';

/** The text of an operation in the API's description, beyond its route. */
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
  registriesList: { summary: 'The registries that the app serves, and who asks.', answer: RegistryList },
  graphGet: {
    summary: 'The tasks of a registry as they stand: base images, digests, what is newer, open runs.',
    query: [
      { name: 'registry', description: 'The name of one of the registries.' },
      { name: 'after', description: 'next of the page before.' },
      { name: '$top', description: 'Tasks at most; 1 to 1000, 1000 where not given.' },
      { name: 'task', description: 'Only these, in place of a page: repeated, 50 at most.' },
    ],
    answer: TaskGraph,
  },
  liveGet: { summary: 'What runs and waits in all registries at this moment.', answer: Live },
  pushesList: {
    summary: 'The pushes of a day that a task was built on, newest first.',
    query: [
      { name: 'day', description: 'As 2026-11-23, in UTC; today where not given.' },
      { name: '$top', description: 'Pushes at most; 1 to 1000, 100 where not given.' },
      { name: '$skipToken', description: 'Part of nextLink.' },
    ],
    answer: PushList,
  },
  heldList: {
    summary: 'The base images of all registries whose newest digest is held, and what was said of digests.',
    answer: HeldList,
  },
  staleList: {
    summary: 'The tasks that are not built on their newest base images, since when, and because of what.',
    answer: StaleList,
  },
  registriesGet: {
    summary: 'The state of a registry in Plinth: runs under way, runs that wait.',
    answer: RegistryOverview,
  },
  registriesHealth: {
    summary: 'What the app reaches as its identity at this moment, and whether its clock ticks.',
    answer: Health,
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
  tasksWhy: {
    summary: 'Why a task is stale: from the task over the makers of its base images up to the first cause.',
    answer: Why,
  },
  tasksPlan: {
    summary: 'What would be rebuilt, in which waves, if the task built its images again.',
    answer: RebuildPlan,
  },
  plan: {
    summary: 'What would be rebuilt, in which waves, if an image were pushed, or a digest of it judged.',
    request: PlanRequest,
    answer: RebuildPlan,
  },
  pushesGet: {
    summary: 'The decision on one push for every task that is built on its image.',
    answer: DecisionList,
  },
  baseImages: {
    summary: 'Base images whose newest digest is held, the policies, and what was said of digests.',
    query: [{ name: 'image', description: 'This one only, held or not, with its policy.' }],
    answer: BaseImageList,
  },
  quarantine: {
    summary: 'No run is pinned to a digest any more; what is built on it goes back.',
    request: JudgementRequest,
    answer: Judged,
  },
  admit: {
    summary: 'A digest may be built on before it is old enough.',
    request: JudgementRequest,
    answer: Judged,
  },
  release: {
    summary: 'What was said of a digest counts no more.',
    request: JudgementRequest,
    answer: Judged,
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
  taskRunsList: { summary: 'The task runs of a registry.', answer: TaskRunList },
  taskRunsGet: {
    summary: 'A task run, with what its run came to; without the secrets of its request.',
    answer: TaskRunResource,
  },
  taskRunsCreate: {
    summary: 'Queues the run of a request, once for each request and forceUpdateTag.',
    request: TaskRunCreate,
    answer: TaskRunResource,
    also: { 201: 'It was created; provisioningState says when its run has ended.' },
  },
  taskRunsDelete: { summary: 'Deletes a task run; its run stays.', also: { 204: 'There was none.' } },
  runsLogUrl: {
    summary:
      'An address of the run’s log, good for hours, which reads as an append blob; its metadata Complete marks the end.',
    answer: LogLink,
  },
};
