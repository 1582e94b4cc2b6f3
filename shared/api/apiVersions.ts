import { isObject } from '../names/jsonValue.ts';
import { PlinthError } from '../names/plinthError.ts';

const sourceIdentity = ['properties.credentials.sourceRegistry.identity'];
const ofPreview = [
  'properties.agentPoolName',
  'properties.logTemplate',
  'properties.isSystemTask',
  'properties.trigger.baseImageTrigger.updateTriggerPayloadType',
  ...sourceIdentity,
];
const ofSecond = [
  'identity',
  'properties.credentials',
  'properties.customRegistries',
  'properties.timerTrigger',
  'properties.trigger.timerTriggers',
  ...ofPreview,
];

/**
 * The api-versions of Microsoft.ContainerRegistry that have tasks, the oldest first, and where in an answer members
 * stand that they do not have; from its specifications.
 */
const lacks = {
  '2018-09-01': ofSecond,
  '2019-04-01': ofPreview,
  '2019-06-01-preview': sourceIdentity,
  '2025-03-01-preview': [],
} as const satisfies Record<string, readonly string[]>;

export type ApiVersion = keyof typeof lacks;
const apiVersions = Object.keys(lacks) as ApiVersion[];

/** Where a call names no version, as people and scripts do. */
const newest: ApiVersion = '2025-03-01-preview';

/** The version that has each of ACR's own resources first, by the start of the path below a registry. */
const since: Record<string, ApiVersion> = {
  listBuildSourceUploadUrl: '2018-09-01',
  runs: '2018-09-01',
  scheduleRun: '2018-09-01',
  taskRuns: '2019-06-01-preview',
  tasks: '2018-09-01',
};

/** An api-version that ACR's tasks do not have. */
class ApiVersionError extends PlinthError {}

/**
 * The api-version in which a call is answered. What is Plinth's own has none, and any is taken.
 * @param path what follows the registry
 * @throws ApiVersionError 400 as ARM refuses a version that it does not know
 */
export function apiVersionOf(query: URLSearchParams, path: string): ApiVersion {
  const [resource = ''] = path.split('/');
  const first = since[resource];
  const given = [...query].find(([name]) => name.toLowerCase() === 'api-version')?.[1];
  if (first === undefined || given === undefined) return newest;
  const supported = apiVersions.slice(apiVersions.indexOf(first));
  const known = supported.find((version) => version === given.toLowerCase());
  if (known) return known;
  throw new ApiVersionError(
    `No registered resource provider found for API version '${given}' for type 'registries/${resource}'. The supported api-versions are '${supported.join(', ')}'.`,
    { answer: [400, 'NoRegisteredProviderFound'] },
  );
}

/** An answer, a resource or a list of them, without what its api-version does not have. */
export function inVersion(answer: unknown, version: ApiVersion): unknown {
  if (!isObject(answer)) return answer;
  if (Array.isArray(answer.value))
    return { ...answer, value: answer.value.map((resource) => inVersion(resource, version)) };
  return lacks[version].reduce<object>((body, path) => withoutPath(body, path.split('.')), answer);
}

/**
 * A resource that was sent in a version, with what that version does not have as it was before: who can neither see nor
 * name something does not mean to take it away. What it names all the same is its own.
 */
export const withLacking = (given: object, before: object, version: ApiVersion): object =>
  lacks[version].reduce<object>((body, path) => withPath(body, before, path.split('.')), given);

function withPath(value: object, before: object, [name = '', ...rest]: string[]): object {
  const { [name]: member } = value as Record<string, unknown>;
  const { [name]: old } = before as Record<string, unknown>;
  if (rest.length > 0)
    return isObject(member) && isObject(old) ? { ...value, [name]: withPath(member, old, rest) } : value;
  return member === undefined && old !== undefined ? { ...value, [name]: old } : value;
}

function withoutPath(value: object, [name = '', ...rest]: string[]): object {
  const { [name]: member, ...others } = value as Record<string, unknown>;
  if (member === undefined) return value;
  if (rest.length === 0) return others;
  return isObject(member) ? { ...value, [name]: withoutPath(member, rest) } : value;
}
