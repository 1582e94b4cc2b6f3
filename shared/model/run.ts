import { z } from 'zod';
import { asAskedNow } from './askedNow.ts';
import { base64Text } from './fields.ts';
import { Argument, Credentials, Platform, timeoutSeconds } from './task.ts';
import { Preparing, Trouble, Waited, Waiting } from './waiting.ts';
import { without } from './without.ts';

export const runStatuses = [
  'Queued',
  'Started',
  'Running',
  'Succeeded',
  'Failed',
  'Canceled',
  'Error',
  'Timeout',
] as const;
export const RunStatus = z.enum(runStatuses);
export type RunStatus = z.infer<typeof RunStatus>;

export const isEnded = (status: RunStatus) => runStatuses.indexOf(status) >= runStatuses.indexOf('Succeeded');

export const ImageDescriptor = z
  .object({
    registry: z.string(),
    repository: z.string(),
    tag: z.string().optional(),
    digest: z.string().optional(),
  })
  .meta({ id: 'ImageDescriptor' });
export type ImageDescriptor = z.infer<typeof ImageDescriptor>;

export const BaseImageDependency = z
  .object({
    type: z.enum(['BuildTime', 'Runtime']),
    registry: z.string(),
    repository: z.string(),
    tag: z.string().optional(),
    digest: z.string().optional(),
    notNewest: z.string().optional().describe('Plinth only: why it is not the newest one.'),
  })
  .meta({ id: 'BaseImageDependency' });
export type BaseImageDependency = z.infer<typeof BaseImageDependency>;

export const ImageUpdateTrigger = z
  .object({ id: z.string(), timestamp: z.string(), images: z.array(ImageDescriptor) })
  .meta({ id: 'ImageUpdateTrigger' });
export type ImageUpdateTrigger = z.infer<typeof ImageUpdateTrigger>;

export const TimerRunTrigger = z
  .object({ timerTriggerName: z.string(), scheduleOccurrence: z.iso.datetime() })
  .meta({ id: 'TimerTriggerDescriptor' });
export type TimerRunTrigger = z.infer<typeof TimerRunTrigger>;

/**
 * `eventType` is printed by az as it is: the tutorial's table shows Commit. `branchName` is the branch that is built.
 */
export const SourceRunTrigger = z
  .object({
    id: z.string(),
    eventType: z.enum(['Commit', 'Pull Request']),
    commitId: z.string(),
    pullRequestId: z.string().optional(),
    repositoryUrl: z.string(),
    branchName: z.string(),
    providerType: z.string(),
  })
  .meta({ id: 'SourceTriggerDescriptor' });
export type SourceRunTrigger = z.infer<typeof SourceRunTrigger>;

/** What a single `task run` changes of its task's step. */
export const StepOverrides = z
  .object({
    contextPath: z.string().min(1).optional(),
    file: z.string().min(1).optional(),
    target: z.string().min(1).optional(),
    arguments: z.array(Argument).default([]),
    values: z.array(Argument).default([]),
    updateTriggerToken: z
      .never('Plinth notifies no update trigger endpoint, so there is nothing to give a token to')
      .optional(),
  })
  .meta({ id: 'OverrideTaskStepProperties' });
export type StepOverrides = z.infer<typeof StepOverrides>;

const requestCommon = {
  isArchiveEnabled: z.boolean().default(false),
  agentPoolName: z.string().min(1).optional(),
  logTemplate: z.string().optional(),
};

export const DockerBuildRequest = z
  .object({
    type: z.literal('DockerBuildRequest'),
    ...requestCommon,
    imageNames: z.array(z.string().min(1)).default([]),
    isPushEnabled: z.boolean().default(true),
    noCache: z.boolean().default(false),
    dockerFilePath: z.string().min(1),
    target: z.string().min(1).optional(),
    arguments: z.array(Argument).default([]),
    timeout: timeoutSeconds.default(3600),
    platform: Platform.default({ os: 'Linux' }),
    agentConfiguration: z.object({ cpu: z.number().int().min(1).max(32).optional() }).optional(),
    sourceLocation: z.string().min(1).optional(),
    credentials: Credentials.optional(),
  })
  .meta({ id: 'DockerBuildRequest' });
export type DockerBuildRequest = z.infer<typeof DockerBuildRequest>;

export const TaskRunRequest = z
  .object({
    type: z.literal('TaskRunRequest'),
    ...requestCommon,
    /** The task's ARM id; its bare name will do. */
    taskId: z.string().min(1),
    overrideTaskStepProperties: StepOverrides.optional(),
  })
  .meta({ id: 'TaskRunRequest' });
export type TaskRunRequest = z.infer<typeof TaskRunRequest>;

/** What every run that is not of a task asks for. */
const quickCommon = {
  ...requestCommon,
  values: z.array(Argument).default([]),
  timeout: timeoutSeconds.default(3600),
  platform: Platform.default({ os: 'Linux' }),
  agentConfiguration: z.object({ cpu: z.number().int().min(1).max(32).optional() }).optional(),
  sourceLocation: z.string().min(1).optional(),
  credentials: Credentials.optional(),
};

/** `az acr run -f acb.yaml .`: a task file in a context. */
export const FileTaskRunRequest = z
  .object({
    type: z.literal('FileTaskRunRequest'),
    taskFilePath: z.string().min(1),
    valuesFilePath: z.string().min(1).optional(),
    ...quickCommon,
  })
  .meta({ id: 'FileTaskRunRequest' });
export type FileTaskRunRequest = z.infer<typeof FileTaskRunRequest>;

/** `az acr run --cmd … /dev/null`: a task file in the request, as base64. */
export const EncodedTaskRunRequest = z
  .object({
    type: z.literal('EncodedTaskRunRequest'),
    encodedTaskContent: base64Text.min(1),
    encodedValuesContent: base64Text.optional(),
    ...quickCommon,
  })
  .meta({ id: 'EncodedTaskRunRequest' });
export type EncodedTaskRunRequest = z.infer<typeof EncodedTaskRunRequest>;

export const RunRequest = z.preprocess(
  asAskedNow,
  z.discriminatedUnion('type', [
    DockerBuildRequest,
    TaskRunRequest,
    FileTaskRunRequest,
    EncodedTaskRunRequest,
  ]),
);
export type RunRequest = z.infer<typeof RunRequest>;

/** A base image as a run was pinned to it. `image` is the reference without digest, as `formatImageRef` writes it. */
export const Pin = z.object({
  image: z.string(),
  type: z.enum(['BuildTime', 'RunTime']),
  /** Or `unknownDigest`; `notNewest` says why it is not the newest one. */
  digest: z.string(),
  notNewest: z.string().optional(),
});
export type Pin = z.infer<typeof Pin>;

/** Where it is only known which image was built on: the digest of no image, so whatever the image is now is newer. */
export const unknownDigest = 'unknown';

/** A run as it is kept: ACR's properties, and what Plinth needs to carry it to its end. */
export const Run = z.object({
  registry: z.string(),
  runId: z.string(),
  status: RunStatus,
  task: z.string().optional(),
  createTime: z.iso.datetime(),
  /** Drawn for it alone; runs of earlier versions have none. */
  nonce: z.string().optional(),
  startTime: z.iso.datetime().optional(),
  finishTime: z.iso.datetime().optional(),
  lastUpdatedTime: z.iso.datetime(),
  platform: Platform,
  cpu: z.number().int().optional(),
  /** What this run asks of ACR's engine beyond its task. */
  agentPoolName: z.string().optional(),
  logTemplate: z.string().optional(),
  /** Seconds. */
  timeout: z.number().int(),
  isArchiveEnabled: z.boolean(),
  imageUpdateTrigger: ImageUpdateTrigger.optional(),
  timerTrigger: TimerRunTrigger.optional(),
  sourceTrigger: SourceRunTrigger.optional(),
  /** Builds a pull request and not the task's own source: its result does not change the task's state. */
  aside: z.boolean().optional(),
  outputImages: z.array(ImageDescriptor).optional(),
  customRegistries: z.array(z.string()).optional(),
  runErrorMessage: z.string().optional(),
  /** What the task is asked to do otherwise, this once; a quick build's whole request. */
  overrides: StepOverrides.optional(),
  quickBuild: DockerBuildRequest.optional(),
  quickRun: z.discriminatedUnion('type', [FileTaskRunRequest, EncodedTaskRunRequest]).optional(),
  /** Queued: what it waits for. */
  waitingFor: Waiting.optional(),
  trouble: Trouble.optional(),
  preparing: Preparing.optional(),
  /** Since when, and how often in a row, the engine has answered that it has no such run. */
  missing: z.object({ since: z.iso.datetime(), count: z.number().int() }).optional(),
  /** Started, before the engine has it: until then it is one worker's to ask. */
  claimedUntil: z.iso.datetime().optional(),
  /** Started: what it is built on; absent where the engine fetched the context itself, until that is proved. */
  pins: z.array(Pin).optional(),
  /** Of a multi-step task: the base image that each image it pushes must be built on. */
  standsOn: z.array(z.object({ image: z.string(), base: z.string() })).optional(),
  commit: z.string().optional(),
  branch: z.string().optional(),
  pinnedAt: z.iso.datetime().optional(),
  engineRunId: z.string().optional(),
  /** When the engine is asked next (a message with another time is an echo); what its task's newest success took. */
  followAt: z.iso.datetime().optional(),
  followCount: z.number().int().optional(),
  expectedSeconds: z.number().nonnegative().optional(),
  // Processes that have begun to read what the build made, and not stored how that ended.
  finishTries: z.number().int().optional(),
  cancelRequested: z.boolean().optional(),
  /** The first lines of its log, from while it was queued; an earlier version wrote `missingRole`. */
  ...Waited.shape,
  /** Lines for people that come before the engine's own log. */
  notes: z.array(z.string()).optional(),
  /** The W3C traceparent of what queued it: all that is done for the run joins that trace. */
  trace: z.string().optional(),
});
export type Run = z.infer<typeof Run>;

/** Whether a run builds the task as it is defined, so that its base images and outputs are the task's. */
export const buildsTaskAsDefined = (run: Run) => run.overrides === undefined && run.aside !== true;

/** Whether overrides ask for anything: `az acr task run` always sends empty lists. */
export const differsFromTask = ({ arguments: args, values, ...rest }: StepOverrides) =>
  args.length > 0 ||
  values.length > 0 ||
  Object.values(without(rest, 'updateTriggerToken')).some((value) => value !== undefined);
