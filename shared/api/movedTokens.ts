import type { SourceTrigger, TaskCreate, TaskProperties } from '../model/task.ts';
import { without } from '../model/without.ts';
import { originOf } from '../names/sourceLocation.ts';
import { repositoryUrl, SourceRepositoryError } from '../names/sourceRepository.ts';

/** The members of a PATCH body that concern tokens. */
interface TokenPatch {
  properties?: {
    step?: { contextAccessToken?: unknown } | null;
    trigger?: { sourceTriggers?: TriggerPatch[] | null } | null;
  };
}
interface TriggerPatch {
  name?: unknown;
  sourceRepository?: { sourceControlAuthProperties?: AuthorizationPatch | null } | null;
}
interface AuthorizationPatch {
  token?: unknown;
  refreshToken?: unknown;
}

/**
 * What a PATCH made of a task, without the tokens that it would take along to another server: a token belongs to the
 * origin for which it was given. One that the body gives itself stays.
 */
export function withoutMovedTokens(before: TaskProperties, after: TaskCreate, patch: TokenPatch): TaskCreate {
  const { step, trigger } = after.properties;
  const tokenless = without(step, 'contextAccessToken');
  const given = patch.properties?.step?.contextAccessToken !== undefined;
  const stays = given || originOf(step.contextPath) === originOf(before.step.contextPath);
  const changes = patch.properties?.trigger?.sourceTriggers ?? [];
  const sourceTriggers = trigger?.sourceTriggers?.map((one) => {
    const known = before.trigger?.sourceTriggers?.find(({ name }) => name === one.name)?.sourceRepository;
    const change = changes.find(({ name }) => name === one.name)?.sourceRepository;
    const { sourceControlAuthProperties: auth, ...repository } = one.sourceRepository;
    const moved = known && serverOf(known.repositoryUrl) !== serverOf(repository.repositoryUrl);
    const kept = moved ? onlyGiven(auth, change?.sourceControlAuthProperties ?? {}) : auth;
    return {
      ...one,
      sourceRepository: { ...repository, ...(kept && { sourceControlAuthProperties: kept }) },
    };
  });
  return {
    ...after,
    properties: {
      ...after.properties,
      step: stays ? step : (tokenless as typeof step),
      ...(trigger && { trigger: { ...trigger, ...(sourceTriggers && { sourceTriggers }) } }),
    },
  };
}

type Authorization = NonNullable<SourceTrigger['sourceRepository']['sourceControlAuthProperties']>;

/** Of what authorizes at a repository, the secrets that the patch itself gives; nothing, where it gives none. */
function onlyGiven(auth: Authorization | undefined, change: AuthorizationPatch): Authorization | undefined {
  if (!auth) return undefined;
  const { token, refreshToken, ...rest } = auth;
  const given = {
    ...(isGiven(change.token) && { token }),
    ...(isGiven(change.refreshToken) && { refreshToken }),
  };
  return Object.keys(given).length > 0 ? { ...rest, ...given } : undefined;
}

const isGiven = (secret: unknown) => secret !== undefined && secret !== null;

/** Undefined for what is no address: it is refused when the task is checked. */
function serverOf(repository: string): string | undefined {
  try {
    return new URL(repositoryUrl(repository)).origin;
  } catch (error) {
    if (error instanceof SourceRepositoryError) return undefined;
    throw error;
  }
}
