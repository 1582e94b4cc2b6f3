import { z } from 'zod';
import { Judgement } from '../model/bases/policy.ts';
import { imageReference, loginServer, sha256Digest } from '../model/fields.ts';
import {
  BaseImageDependency,
  ImageDescriptor,
  ImageUpdateTrigger,
  RunStatus,
  SourceRunTrigger,
  TimerRunTrigger,
} from '../model/run.ts';
import { Fault, Ignored, Unreachable } from '../model/scan.ts';
import { Decision } from '../model/state.ts';
import { Credentials, CustomRegistry, Platform, TaskCreate, TaskProperties } from '../model/task.ts';
import { TaskRunCreate } from '../model/taskRun.ts';
import { HeldBaseImage } from './graph/graphSchemas.ts';

const ArmId = z.string().describe('/subscriptions/…/registries/{registry}/…');

const Waits = z.object({
  runs: z.array(z.string()),
  reason: z.string(),
  nextTry: z.iso.datetime().optional(),
  server: z
    .string()
    .optional()
    .describe('The host that answered 429: asked again at nextTry, or by the run that this one waits for.'),
  givenUpAt: z.iso.datetime().optional(),
});

/** What only Plinth tells of a run. */
const PlinthOfRun = z
  .object({
    baseImageDependencies: z
      .array(BaseImageDependency)
      .optional()
      .describe('The base images and digests that the run was pinned to.'),
    waitingFor: Waits.optional().describe(
      'The runs that a queued one waits for, and why; when it is tried next, and for the last time, where it waits for a time.',
    ),
    queuePlace: z
      .object({ position: z.number().int().optional(), reason: z.string() })
      .optional()
      .describe('Of a single run: where a queued one stands, and what it waits for.'),
  })
  .meta({ id: 'PlinthOfRun', description: 'Plinth only.' });

/** An instant as ACR writes it: `2026-01-31T10:00:00.1234567+00:00`. */
const instant = z.iso.datetime({ offset: true });

/** A run's properties as ARM gives them. The answer of scheduleRun has the first five. */
const RunProperties = z
  .object({
    provisioningState: z.literal('Succeeded').describe('Of the resource, not of the build: that is status.'),
    runId: z.string(),
    status: RunStatus,
    lastUpdatedTime: instant,
    isArchiveEnabled: z.boolean(),
    runType: z.enum(['QuickRun', 'AutoRun']).optional(),
    createTime: instant.optional(),
    startTime: instant.optional(),
    finishTime: instant.optional(),
    outputImages: z.array(ImageDescriptor).optional(),
    task: z.string().optional(),
    imageUpdateTrigger: ImageUpdateTrigger.optional(),
    timerTrigger: TimerRunTrigger.optional(),
    sourceTrigger: SourceRunTrigger.optional(),
    platform: Platform.optional(),
    agentConfiguration: z.object({ cpu: z.number().int() }).optional(),
    agentPoolName: z.string().optional(),
    customRegistries: z.array(z.string()).optional(),
    runErrorMessage: z.string().optional(),
    plinth: PlinthOfRun.optional(),
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

/** What only Plinth tells of a task. */
const PlinthOfTask = z
  .object({
    automaticRunsStopped: z
      .string()
      .optional()
      .describe('Why the task gets no automatic runs, and what makes them go on.'),
    nextTry: z.iso
      .datetime()
      .optional()
      .describe('The earliest instant of the next automatic try, after a run that failed.'),
    waitingFor: Waits.extend({ runId: z.string() })
      .optional()
      .describe('Of a single task: its queued run, what that waits for, and when it is tried next and last.'),
    webhooks: z
      .array(
        z.object({
          trigger: z.string().describe('The source trigger that it belongs to.'),
          url: z.url().describe('Where GitHub or Azure DevOps is to deliver.'),
          status: z.enum(['Pending', 'Registered', 'ByHand', 'Off', 'Removing']),
          message: z.string().optional().describe('Why it is not registered, and what to do.'),
          secret: z.string().optional().describe('In the answer of listDetails only.'),
        }),
      )
      .optional()
      .describe('How the webhooks of source triggers stand.'),
  })
  .meta({ id: 'PlinthOfTask', description: 'Plinth only.' });

const CredentialsShown = Credentials.extend({
  customRegistries: z
    .record(loginServer, CustomRegistry.nullable())
    .optional()
    .describe('null for a registry whose password only listDetails returns.'),
}).meta({ id: 'CredentialsShown' });

export const TaskResource = TaskCreate.extend({
  id: ArmId,
  name: z.string(),
  type: z.literal('Microsoft.ContainerRegistry/registries/tasks'),
  properties: TaskProperties.extend({
    provisioningState: z.literal('Succeeded'),
    creationDate: instant,
    credentials: CredentialsShown.optional(),
    plinth: PlinthOfTask.optional(),
  }),
}).meta({ id: 'TaskResource' });

export const TaskList = z.object({ value: z.array(TaskResource) }).meta({ id: 'TaskListResult' });

export const TaskRunResource = TaskRunCreate.extend({
  id: ArmId,
  name: z.string(),
  type: z.literal('Microsoft.ContainerRegistry/registries/taskRuns'),
  properties: TaskRunCreate.shape.properties.extend({
    provisioningState: z.enum(['Creating', 'Succeeded', 'Failed', 'Canceled']).describe('Of its run.'),
    runResult: RunResource.optional(),
  }),
}).meta({ id: 'TaskRunResource' });

export const TaskRunList = z.object({ value: z.array(TaskRunResource) }).meta({ id: 'TaskRunListResult' });

/** The body of PATCH …/tasks/{name}: any part of a task; `shared/api/applyPatch.ts` says how the parts merge. */
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
      baseImagesHeld: z.array(HeldBaseImage).describe('Those of its tasks; see GET /held.'),
      baseImagesNotSeen: z.array(Unreachable),
      notDone: z
        .array(Fault.extend({ chore: z.string() }))
        .describe('What the clock could not read or do when it last looked, and why; all else was done.'),
      ignoredEvents: z.array(Ignored),
    }),
  })
  .meta({ id: 'RegistryOverview' });

export const Health = z
  .object({
    app: z.string().describe('The host name of the app.'),
    edges: z.array(
      z.object({
        name: z.enum(['clock', 'storage', 'tables', 'queues', 'registry', 'runEngine']),
        works: z.boolean(),
        says: z.string().describe('In words, why it does not.'),
      }),
    ),
  })
  .meta({ id: 'Health' });

export const DecisionList = z
  .object({ value: z.array(Decision), nextLink: z.url().optional() })
  .meta({ id: 'DecisionListResult' });

/** The body of POST …/plan. */
export const PlanRequest = z
  .object({
    image: imageReference,
    digest: sha256Digest.optional().describe('With verdict: what judging this digest would come to.'),
    verdict: Judgement.shape.verdict.optional(),
  })
  .refine(({ digest, verdict }) => (digest === undefined) === (verdict === undefined), {
    message: 'digest and verdict come together',
  })
  .meta({ id: 'PlanRequest' });

/** Every refusal: ARM's error. */
export const ErrorAnswer = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'ErrorResponse' });
