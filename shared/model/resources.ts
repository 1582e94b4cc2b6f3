import { z } from 'zod';
import { imageReference, loginServer } from './fields.ts';
import {
  BaseImageDependency,
  ImageDescriptor,
  ImageUpdateTrigger,
  RunStatus,
  SourceRunTrigger,
  TimerRunTrigger,
} from './run.ts';
import { Decision } from './state.ts';
import {
  Credentials,
  CustomRegistry,
  Platform,
  SourceTrigger,
  TaskCreate,
  TaskProperties,
  Triggers,
} from './task.ts';
import { Fault, Ignored, Unseen } from './watch.ts';

const ArmId = z.string().describe('/subscriptions/…/registries/{registry}/…');

/** A run's properties as ARM gives them; the last two are Plinth's own. */
export const RunProperties = z
  .object({
    provisioningState: z.literal('Succeeded').describe('Of the resource, not of the build: that is status.'),
    runId: z.string(),
    status: RunStatus,
    lastUpdatedTime: z.iso.datetime(),
    runType: z.enum(['QuickRun', 'AutoRun']),
    createTime: z.iso.datetime(),
    startTime: z.iso.datetime().optional(),
    finishTime: z.iso.datetime().optional(),
    outputImages: z.array(ImageDescriptor).optional(),
    task: z.string().optional(),
    imageUpdateTrigger: ImageUpdateTrigger.optional(),
    timerTrigger: TimerRunTrigger.optional(),
    sourceTrigger: SourceRunTrigger.optional(),
    platform: Platform,
    agentConfiguration: z.object({ cpu: z.number().int() }).optional(),
    agentPoolName: z.string().optional(),
    customRegistries: z.array(z.string()).optional(),
    runErrorMessage: z.string().optional(),
    isArchiveEnabled: z.boolean(),
    baseImageDependencies: z
      .array(BaseImageDependency)
      .optional()
      .describe('Plinth only: the base images and digests that the run was pinned to.'),
    waitingFor: z
      .object({
        runs: z.array(z.string()),
        reason: z.string(),
        nextTry: z.iso.datetime().optional(),
        givenUpAt: z.iso.datetime().optional(),
      })
      .optional()
      .describe(
        'Plinth only: the runs that a queued one waits for, and why; when it is tried next, and for the last time, where it waits for a time.',
      ),
    queuePlace: z
      .object({ position: z.number().int().optional(), reason: z.string() })
      .optional()
      .describe('Plinth only, of a single run: where a queued one stands, and what it waits for.'),
  })
  .meta({ id: 'RunProperties' });

export const RunResource = z
  .object({
    id: ArmId,
    name: z.string(),
    type: z.literal('Microsoft.ContainerRegistry/registries/runs'),
    properties: RunProperties,
  })
  .meta({ id: 'RunResource' });

export const RunList = z
  .object({ value: z.array(RunResource), nextLink: z.url().optional() })
  .meta({ id: 'RunListResult' });

/** The webhook of a source trigger, for whoever has to do something by hand. */
export const WebhookShown = z
  .object({
    url: z.url().describe('Where GitHub or Azure DevOps is to deliver.'),
    status: z.enum(['Pending', 'Registered', 'ByHand', 'Off', 'Removing']),
    message: z.string().optional().describe('Why it is not registered, and what to do.'),
    secret: z.string().optional().describe('In the answer of listDetails only.'),
  })
  .meta({ id: 'Webhook', description: 'Plinth only: how the webhook of a source trigger stands.' });

const TriggersShown = Triggers.extend({
  sourceTriggers: z.array(SourceTrigger.extend({ webhook: WebhookShown.optional() })).optional(),
}).meta({ id: 'TriggerPropertiesShown' });

const CredentialsShown = Credentials.extend({
  customRegistries: z
    .record(loginServer, CustomRegistry.nullable())
    .optional()
    .describe('null for a registry whose password only listDetails tells.'),
}).meta({ id: 'CredentialsShown' });

export const TaskResource = TaskCreate.extend({
  id: ArmId,
  name: z.string(),
  type: z.literal('Microsoft.ContainerRegistry/registries/tasks'),
  properties: TaskProperties.extend({
    provisioningState: z.literal('Succeeded'),
    creationDate: z.iso.datetime(),
    trigger: TriggersShown.optional(),
    credentials: CredentialsShown.optional(),
    automaticRunsStopped: z
      .string()
      .optional()
      .describe('Plinth only: why the task gets no automatic runs, and what makes them go on.'),
  }),
}).meta({ id: 'TaskResource' });

export const TaskList = z.object({ value: z.array(TaskResource) }).meta({ id: 'TaskListResult' });

/** The body of PATCH …/tasks/{name}: any part of a task; `shared/mergeTask.ts` says how the parts merge. */
export const TaskUpdate = z
  .object({
    tags: z.record(z.string(), z.string()).optional(),
    identity: z.record(z.string(), z.unknown()).optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'TaskUpdateParameters' });

export const RunUpdate = z
  .object({ isArchiveEnabled: z.boolean().nullish() })
  .meta({ id: 'RunUpdateParameters' });

export const UploadPlace = z
  .object({ uploadUrl: z.url(), relativePath: z.string() })
  .meta({ id: 'SourceUploadDefinition' });

export const LogLink = z.object({ logLink: z.url() }).meta({ id: 'RunGetLogResult' });

export const RegistryOverview = z
  .object({
    id: ArmId,
    name: z.string(),
    type: z.literal('Microsoft.ContainerRegistry/registries'),
    properties: z.object({
      loginServer: z.string(),
      runsAtOnce: z.number().int(),
      running: z.array(z.string()),
      queued: z.array(z.object({ runId: z.string(), automatic: z.boolean(), waiting: z.boolean() })),
      queuedShown: z.number().int().optional().describe('Set where the queue is longer than this.'),
      baseImagesLookedAt: z.iso.datetime().optional(),
      publicImagesLookedAt: z.iso.datetime().optional(),
      baseImagesNotSeen: z.array(Unseen),
      notDone: z
        .array(Fault.extend({ chore: z.string() }))
        .describe('What the clock could not read or do when it last looked, and why; all else was done.'),
      ignoredEvents: z.array(Ignored),
    }),
  })
  .meta({ id: 'RegistryOverview' });

export const DecisionList = z
  .object({ value: z.array(Decision), nextLink: z.url().optional() })
  .meta({ id: 'DecisionListResult' });

const Seconds = z.number().nonnegative().optional().describe('By past builds; absent where there was none.');

export const RebuildPlan = z
  .object({
    waves: z.array(
      z.object({
        tasks: z.array(
          z.object({ registry: z.string(), task: z.string(), image: z.string(), seconds: Seconds }),
        ),
        seconds: Seconds,
      }),
    ),
    skipped: z.array(z.object({ registry: z.string(), task: z.string(), reason: z.string() })),
    seconds: Seconds,
    tooMany: z.boolean().describe('The plan is cut short.'),
    message: z.string().optional().describe('Where no task is built from the image: that, in words.'),
  })
  .meta({ id: 'RebuildPlan' });

/** The body of POST …/plan. */
export const PlanRequest = z.object({ image: imageReference }).meta({ id: 'PlanRequest' });

/** Every refusal: ARM's error. */
export const ErrorAnswer = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'ErrorResponse' });
