import { z } from 'zod';
import { ArmError, badRequest, notImplemented } from './armError.ts';

export const apiVersions = ['2018-09-01', '2019-04-01', '2019-06-01-preview', '2025-03-01-preview'] as const;
export type ApiVersion = (typeof apiVersions)[number];

/** ARM compares enum values without case; inside they have the spelling of the schema. */
function armEnum<const T extends readonly [string, ...string[]]>(values: T) {
  const spelled = (given: unknown) =>
    typeof given === 'string'
      ? (values.find((value) => value.toLowerCase() === given.toLowerCase()) ?? given)
      : given;
  return z.preprocess(spelled, z.enum(values));
}

/** Environment and argv hold no NUL, and an argument of Linux ends at 128 KiB. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !value.includes('\0'), 'holds a NUL character');

/**
 * Secret arguments travel in the builder's environment, never in its argv; these names would steer the builder itself.
 */
export const steersTheBuilder =
  /^(PATH|HOME|TMPDIR|BASH_ENV|ENV|IFS|REGISTRY_AUTH_FILE|(LD|GO|CONTAINERS|BUILDAH|STORAGE|DOCKER|XDG|SSL_CERT|DBUS|_).*)$/;

const Argument = z
  .strictObject({
    name: text(256).regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'is not the name of a build argument'),
    value: z
      .string()
      .max(65_536)
      .refine((value) => !value.includes('\0'), 'holds a NUL character'),
    isSecret: z.boolean().default(false),
  })
  .refine(({ name, isSecret }) => !isSecret || !steersTheBuilder.test(name), {
    error: 'a secret argument of this name would steer the builder; choose another name',
    path: ['name'],
  });

const Value = z.strictObject({
  name: text(256),
  value: z.string().max(65_536),
  isSecret: z.boolean().default(false),
});

const Platform = z.strictObject({
  os: armEnum(['Linux', 'Windows']),
  architecture: armEnum(['amd64', 'x86', '386', 'arm', 'arm64']).default('amd64'),
  variant: armEnum(['v6', 'v7', 'v8']).optional(),
});

const SecretObject = z.strictObject({
  type: armEnum(['Opaque', 'Vaultsecret']).default('Opaque'),
  value: text(65_536),
});

const CustomRegistry = z
  .strictObject({
    userName: SecretObject.optional(),
    password: SecretObject.optional(),
    identity: text(512).optional(),
  })
  .refine(({ userName, password }) => (userName === undefined) === (password === undefined), {
    error: 'userName and password come together',
  })
  .refine(({ userName, identity }) => userName !== undefined || identity !== undefined, {
    error: 'needs userName and password, or identity',
  });

const loginServer = z
  .string()
  .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'is not a login server (a host name, without https:// and path)');

const Credentials = z.strictObject({
  sourceRegistry: z
    .strictObject({
      loginMode: armEnum(['None', 'Default']).optional(),
      identity: text(512).optional(),
    })
    .optional(),
  customRegistries: z.record(loginServer, CustomRegistry).optional(),
});

const common = {
  isArchiveEnabled: z.boolean().default(false),
  agentPoolName: z.string().min(1).optional(),
  logTemplate: z.string().min(1).optional(),
};
const runCommon = (minimumTimeout: number) => ({
  ...common,
  platform: Platform,
  timeout: z.number().int().min(minimumTimeout).max(28_800).default(3600),
  agentConfiguration: z.strictObject({ cpu: z.number().int().min(1).max(32).default(2) }).optional(),
  credentials: Credentials.default({}),
});

const relativeFile = text(1024).refine(
  (path) => !path.startsWith('/') && !path.split('/').includes('..'),
  'must be a path inside the source, relative to its root',
);

/** The schemas of every RunRequest, each by its discriminator. */
const schemas = (minimumTimeout: number) => ({
  DockerBuildRequest: z.strictObject({
    type: z.literal('DockerBuildRequest'),
    ...runCommon(minimumTimeout),
    imageNames: z.array(text(512)).max(100).default([]),
    isPushEnabled: z.boolean().default(true),
    noCache: z.boolean().default(false),
    dockerFilePath: relativeFile,
    target: text(256)
      .regex(/^[A-Za-z0-9][\w.-]*$/, 'is not the name of a build stage')
      .optional(),
    arguments: z.array(Argument).max(500).default([]),
    sourceLocation: text(8192),
  }),
  FileTaskRunRequest: z.strictObject({
    type: z.literal('FileTaskRunRequest'),
    ...runCommon(minimumTimeout),
    taskFilePath: relativeFile,
    valuesFilePath: relativeFile.optional(),
    values: z.array(Value).max(500).default([]),
    sourceLocation: text(8192),
  }),
  EncodedTaskRunRequest: z.strictObject({
    type: z.literal('EncodedTaskRunRequest'),
    ...runCommon(minimumTimeout),
    encodedTaskContent: z.base64().min(1),
    encodedValuesContent: z.base64().optional(),
    values: z.array(Value).max(500).default([]),
    sourceLocation: text(8192).optional(),
  }),
});
type Schemas = ReturnType<typeof schemas>;
export type DockerBuildRequest = z.infer<Schemas['DockerBuildRequest']>;
export type TaskFileRequest = z.infer<Schemas['FileTaskRunRequest'] | Schemas['EncodedTaskRunRequest']>;
export type RunRequest = DockerBuildRequest | TaskFileRequest;

/** The secret values of a request. */
export const secretsIn = (request: RunRequest): string[] =>
  (request.type === 'DockerBuildRequest' ? request.arguments : request.values)
    .filter(({ isSecret }) => isSecret)
    .map(({ value }) => value);

/**
 * A request as the engine carries it out.
 * @param minimumTimeout seconds; ACR's is 300
 * @throws ArmError 400 for what ACR refuses, naming the member; 501 for what this engine cannot do yet
 */
export function parseRunRequest(body: unknown, version: ApiVersion, minimumTimeout: number): RunRequest {
  const type = z.object({ type: z.string() }).safeParse(body).data?.type;
  if (type === 'TaskRunRequest')
    throw badRequest('This run engine keeps no tasks, so a TaskRunRequest cannot be run here.', 'type');
  const known = schemas(minimumTimeout);
  if (type === undefined || !Object.hasOwn(known, type))
    throw badRequest(
      `The run request needs a 'type' out of ${Object.keys(known).join(', ')}, TaskRunRequest.`,
      'type',
    );
  const parsed = known[type as keyof Schemas].safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const target = issue.path.join('.');
    throw badRequest(`The run request's ${target || 'body'} is not valid: ${issue.message}.`, target);
  }
  const request = parsed.data;
  refuseNewerMembers(request, version);
  refuseUnsupported(request);
  return request;
}

function refuseNewerMembers(request: RunRequest, version: ApiVersion) {
  const since = (member: string, given: unknown, first: ApiVersion) => {
    if (given !== undefined && version < first)
      throw badRequest(`'${member}' is not known in api-version ${version}; use ${first}.`, member);
  };
  since('agentPoolName', request.agentPoolName, '2019-06-01-preview');
  since('logTemplate', request.logTemplate, '2019-06-01-preview');
  const { sourceRegistry } = request.credentials;
  since('credentials.sourceRegistry.identity', sourceRegistry?.identity, '2025-03-01-preview');
}

function refuseUnsupported({ agentPoolName, logTemplate, platform, credentials }: RunRequest) {
  if (agentPoolName !== undefined)
    throw new ArmError(404, 'AgentPoolNotFound', `The agent pool '${agentPoolName}' was not found.`);
  if (logTemplate !== undefined)
    throw notImplemented('This run engine does not push logs as artifacts.', 'logTemplate');
  if (platform.os === 'Windows')
    throw notImplemented('This run engine builds Linux images only.', 'platform.os');
  for (const [server, { userName, password }] of Object.entries(credentials.customRegistries ?? {}))
    if (userName?.type === 'Vaultsecret' || password?.type === 'Vaultsecret')
      throw notImplemented(
        `The credentials for ${server} name a Key Vault secret; this run engine takes Opaque ones only.`,
        `credentials.customRegistries.${server}`,
      );
}
