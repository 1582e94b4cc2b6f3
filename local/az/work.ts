import type { Action } from '../identity/roleDefinitions.ts';

/** A call that is Plinth's to answer. */
interface Work {
  /** As the caller wrote it. */
  registryId: string;
  /** The right it takes on the registry. */
  action: Action;
  /** The answer holds an address for an upload. */
  givesUploadUrl: boolean;
}

/** A registry's path in ARM, and what follows it. */
export const registryPath =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+)(?:\/(.+))?$/i;

/** What of a registry Plinth does, and the right it takes; undefined for anything that is not Plinth's. */
export function workOf(method: string, path: string): Work | undefined {
  const [, registryId, rest] = registryPath.exec(path) ?? [];
  if (!registryId || rest === undefined) return undefined;
  const [first = '', , third] = rest.toLowerCase().split('/');
  const action = actionOf(method, first, third);
  return action && { registryId, action, givesUploadUrl: first === 'listbuildsourceuploadurl' };
}

function actionOf(method: string, first: string, third: string | undefined): Action | undefined {
  switch (first) {
    case 'schedulerun':
    case 'listbuildsourceuploadurl':
      return 'scheduleRun';
    case 'tasks':
      if (third === 'listdetails') return 'listTaskDetails';
      return method === 'GET' ? 'readTasks' : 'writeTasks';
    case 'taskruns':
      return method === 'GET' ? 'readTaskRuns' : 'writeTaskRuns';
    case 'runs':
      return method === 'GET' || third === 'listlogsasurl' ? 'readRuns' : 'changeRuns';
    default:
      return undefined;
  }
}

/** Azure's own name of an action: roles grant it, refusals name it. */
export const operationNames: Partial<Record<Action, string>> = {
  readRegistry: 'Microsoft.ContainerRegistry/registries/read',
  readTasks: 'Microsoft.ContainerRegistry/registries/tasks/read',
  writeTasks: 'Microsoft.ContainerRegistry/registries/tasks/write',
  listTaskDetails: 'Microsoft.ContainerRegistry/registries/tasks/listDetails/action',
  readRuns: 'Microsoft.ContainerRegistry/registries/runs/read',
  readTaskRuns: 'Microsoft.ContainerRegistry/registries/taskruns/read',
  writeTaskRuns: 'Microsoft.ContainerRegistry/registries/taskruns/write',
  changeRuns: 'Microsoft.ContainerRegistry/registries/runs/write',
  scheduleRun: 'Microsoft.ContainerRegistry/registries/scheduleRun/action',
  assignRoles: 'Microsoft.Authorization/roleAssignments/write',
};

/** ARM's refusal of a caller without a role for an action. */
export const notAuthorized = (client: string, operation: string, scope: string) =>
  `The client ${client} does not have authorization to perform action '${operation}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
