import { z } from 'zod';
import { asWritten, base64Text, caseInsensitiveEnum, imageNameTemplate, loginServer } from './fields.ts';

/** Argument of a Docker step, or a value of a multi-step task. A secret one never leaves but through listDetails. */
export const Argument = z
  .object({
    name: z
      .string()
      .min(1)
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'an argument name starts with a letter or _'),
    value: z.string(),
    isSecret: z.boolean().default(false),
  })
  .meta({ id: 'Argument' });
export type Argument = z.infer<typeof Argument>;

export const Platform = z
  .object({
    os: asWritten(['Linux', 'Windows']),
    architecture: asWritten(['amd64', 'x86', '386', 'arm', 'arm64']).optional(),
    variant: asWritten(['v6', 'v7', 'v8']).optional(),
  })
  .meta({ id: 'PlatformProperties' });
export type Platform = z.infer<typeof Platform>;

const stepCommon = {
  contextPath: z.string().min(1).optional(),
  contextAccessToken: z.string().min(1).optional(),
};

export const DockerStep = z
  .object({
    type: z.literal('Docker'),
    ...stepCommon,
    dockerFilePath: z.string().min(1),
    imageNames: z.array(imageNameTemplate).default([]),
    isPushEnabled: z.boolean().default(true),
    noCache: z.boolean().default(false),
    target: z.string().min(1).optional(),
    arguments: z.array(Argument).default([]),
  })
  .meta({ id: 'DockerBuildStep' });
export type DockerStep = z.infer<typeof DockerStep>;

const values = z.array(Argument).default([]);

/** A multi-step task in a file of the context. */
export const FileStep = z
  .object({
    type: z.literal('FileTask'),
    ...stepCommon,
    taskFilePath: z.string().min(1),
    valuesFilePath: z.string().min(1).optional(),
    values,
  })
  .meta({ id: 'FileTaskStep' });
export type FileStep = z.infer<typeof FileStep>;

const base64 = base64Text.max(1_500_000, 'a task file has at most 1 MB');

/** A multi-step task in the task itself: base64 of the file, and of a values file. */
export const EncodedStep = z
  .object({
    type: z.literal('EncodedTask'),
    ...stepCommon,
    encodedTaskContent: base64.min(1),
    encodedValuesContent: base64.optional(),
    values,
  })
  .meta({ id: 'EncodedTaskStep' });
export type EncodedStep = z.infer<typeof EncodedStep>;

export const stepTypes = ['Docker', 'FileTask', 'EncodedTask'] as const;

/** ARM takes the type in any case; inside, it has ACR's spelling. */
export const TaskStep = z.preprocess(
  (given) => {
    if (typeof given !== 'object' || given === null || !('type' in given)) return given;
    const { type } = given;
    const known = stepTypes.find((name) => name.toLowerCase() === String(type).toLowerCase());
    return known ? { ...given, type: known } : given;
  },
  z.discriminatedUnion('type', [DockerStep, FileStep, EncodedStep]),
);
export type TaskStep = z.infer<typeof TaskStep>;

const SecretObject = z
  .object({
    type: caseInsensitiveEnum(['Opaque', 'Vaultsecret']).default('Opaque'),
    value: z.string().optional(),
  })
  .meta({ id: 'SecretObject' });
export type SecretObject = z.infer<typeof SecretObject>;

export const CustomRegistry = z
  .object({
    identity: z.string().min(1).optional(),
    userName: SecretObject.optional(),
    password: SecretObject.optional(),
  })
  .meta({ id: 'CustomRegistryCredentials' });
export type CustomRegistry = z.infer<typeof CustomRegistry>;

export const Credentials = z
  .object({
    sourceRegistry: z
      .object({
        loginMode: caseInsensitiveEnum(['None', 'Default']).optional(),
        identity: z.string().min(1).optional(),
      })
      .optional(),
    customRegistries: z.record(loginServer, CustomRegistry).optional(),
  })
  .meta({ id: 'Credentials' });
export type Credentials = z.infer<typeof Credentials>;

const triggerStatus = caseInsensitiveEnum(['Enabled', 'Disabled']).default('Enabled');

/** A source trigger's name is part of its webhook's address. */
export const triggerName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,50}$/, 'the name of a source trigger has 1 to 50 letters, digits, - or _');

export const SourceTrigger = z
  .object({
    name: triggerName,
    sourceRepository: z.object({
      sourceControlType: caseInsensitiveEnum(['Github', 'VisualStudioTeamService']),
      repositoryUrl: z.string().min(1),
      branch: z.string().min(1).optional(),
      sourceControlAuthProperties: z
        .object({
          tokenType: caseInsensitiveEnum(['PAT', 'OAuth']),
          token: z.string().min(1).optional(),
          refreshToken: z.string().optional(),
          scope: z.string().optional(),
          expiresIn: z.number().int().optional(),
        })
        .optional(),
    }),
    sourceTriggerEvents: z.array(caseInsensitiveEnum(['commit', 'pullrequest'])).min(1),
    status: triggerStatus,
  })
  .meta({ id: 'SourceTrigger' });
export type SourceTrigger = z.infer<typeof SourceTrigger>;

const TimerTrigger = z
  .object({ name: z.string().min(1), schedule: z.string().min(1), status: triggerStatus })
  .meta({ id: 'TimerTrigger' });

const BaseImageTrigger = z
  .object({
    name: z.string().min(1).default('defaultBaseimageTriggerName'),
    baseImageTriggerType: caseInsensitiveEnum(['All', 'Runtime']).default('Runtime'),
    updateTriggerEndpoint: z
      .never('Plinth starts the runs itself and notifies no other endpoint; leave it out')
      .optional(),
    updateTriggerPayloadType: caseInsensitiveEnum(['Default', 'Token']).optional(),
    status: triggerStatus,
  })
  .meta({ id: 'BaseImageTrigger' });

export const Triggers = z
  .object({
    timerTriggers: z.array(TimerTrigger).optional(),
    sourceTriggers: z.array(SourceTrigger).optional(),
    baseImageTrigger: BaseImageTrigger.optional(),
  })
  .meta({ id: 'TriggerProperties' });
export type Triggers = z.infer<typeof Triggers>;

const timeoutBounds = 'has to be 300 to 28800 seconds';

/** ACR's bounds: 300 s to 28,800 s (8 h), 3,600 s where none is given. */
export const timeoutSeconds = z.number().int().min(300, timeoutBounds).max(28800, timeoutBounds);

export const TaskProperties = z
  .object({
    status: caseInsensitiveEnum(['Enabled', 'Disabled']).default('Enabled'),
    platform: Platform.default({ os: 'Linux' }),
    agentConfiguration: z.object({ cpu: z.number().int().min(1).max(32).optional() }).optional(),
    agentPoolName: z.string().min(1).optional(),
    timeout: timeoutSeconds.default(3600),
    step: TaskStep,
    trigger: Triggers.optional(),
    credentials: Credentials.optional(),
    logTemplate: z.string().optional(),
    isSystemTask: z.literal(false, 'Plinth has no system tasks (quicktask); leave it out').default(false),
  })
  .meta({ id: 'TaskProperties' });
export type TaskProperties = z.infer<typeof TaskProperties>;

export const TaskIdentity = z
  .object({
    type: caseInsensitiveEnum(['SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned', 'None']),
    userAssignedIdentities: z.record(z.string(), z.object({}).catchall(z.string()).nullable()).optional(),
  })
  .meta({ id: 'IdentityProperties' });
export type TaskIdentity = z.infer<typeof TaskIdentity>;

/** A task's name as ACR has it: 5 to 50 letters, digits, - and _. */
export const taskName = z
  .string()
  .regex(/^[a-zA-Z0-9-_]{5,50}$/, 'a task name has 5 to 50 letters, digits, - or _');

/** The body of PUT …/tasks/{name}. */
export const TaskCreate = z
  .object({
    location: z.string().min(1),
    tags: z.record(z.string(), z.string()).optional(),
    identity: TaskIdentity.optional(),
    properties: TaskProperties,
  })
  .meta({ id: 'Task' });
export type TaskCreate = z.infer<typeof TaskCreate>;

/** A task as it is kept. Its secrets are in the clear only inside the process. */
export const Task = TaskCreate.extend({
  registry: z.string(),
  name: taskName,
  creationDate: z.iso.datetime(),
}).meta({ id: 'StoredTask' });
export type Task = z.infer<typeof Task>;
