import type { TaskCreate, TaskProperties } from './model/task.ts';
import { originOf } from './sourceLocation.ts';
import { repositoryUrl } from './sourceRepository.ts';

/** What a PATCH body may say of tokens; anything else of it does not matter here. */
interface TokenPatch {
  properties?: {
    step?: { contextAccessToken?: unknown } | null;
    trigger?: { sourceTriggers?: TriggerPatch[] | null } | null;
  };
}
interface TriggerPatch {
  name?: unknown;
  sourceRepository?: { sourceControlAuthProperties?: { token?: unknown } | null } | null;
}

/**
 * What a PATCH made of a task, without the tokens that it would take along to another server: a token belongs to the
 * origin for which it was given. One that the body gives itself stays.
 */
export function withoutMovedTokens(before: TaskProperties, after: TaskCreate, patch: TokenPatch): TaskCreate {
  const { step, trigger } = after.properties;
  const { contextAccessToken: _, ...tokenless } = step;
  const given = patch.properties?.step?.contextAccessToken !== undefined;
  const stays = given || originOf(step.contextPath) === originOf(before.step.contextPath);
  const changes = patch.properties?.trigger?.sourceTriggers ?? [];
  const sourceTriggers = trigger?.sourceTriggers?.map((one) => {
    const known = before.trigger?.sourceTriggers?.find(({ name }) => name === one.name)?.sourceRepository;
    const change = changes.find(({ name }) => name === one.name)?.sourceRepository;
    const { sourceControlAuthProperties: __, ...repository } = one.sourceRepository;
    const moved = known && serverOf(known.repositoryUrl) !== serverOf(repository.repositoryUrl);
    return moved && change?.sourceControlAuthProperties?.token === undefined
      ? { ...one, sourceRepository: repository }
      : one;
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

const serverOf = (repository: string) => new URL(repositoryUrl(repository)).origin;
