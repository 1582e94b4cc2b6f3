import type { Entra, LocalIdentity } from './identity/entra.ts';
import type { Action } from './identity/roleDefinitions.ts';
import type { Roles } from './identity/roles.ts';
import type { Tls } from './machine/tls.ts';
import { nullGuid, type Registry } from './registry/registry.ts';
import { type RunEngine, type RunEngineOptions, startRunEngine } from './runEngine/startRunEngine.ts';
import type { Authorize } from './runEngine/types.ts';

export interface EngineWishes {
  executor?: RunEngineOptions['executor'];
  builder?: RunEngineOptions['builder'];
  minimumTimeout?: number;
  maxConcurrentRuns?: number;
  taskRuns?: RunEngineOptions['taskRuns'];
}

interface StackEngineParts {
  registries: Registry[];
  /** The engine's identity to the registries. */
  builder: LocalIdentity;
  connectionString: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  dir: string;
}

/** The run engine of the stack's registries, for callers with the role on a registry. */
export function startStackEngine(
  options: EngineWishes,
  { registries, builder, connectionString, tls, entra, roles, dir }: StackEngineParts,
): Promise<RunEngine> {
  return startRunEngine({
    registries: registries.map((registry) => ({
      ...{ name: registry.name, resourceId: registry.resourceId },
      ...{ loginServer: registry.loginServer, endpoint: registry.endpoint },
      pushCredentials: async () => ({
        username: nullGuid,
        password: await registry.refreshTokenFor(builder.principalId),
      }),
    })),
    blob: { connectionString },
    tls,
    caFile: tls.caFile,
    dir,
    ...(options.executor && { executor: options.executor }),
    ...(options.builder && { builder: options.builder }),
    ...(options.minimumTimeout && { minimumTimeout: options.minimumTimeout }),
    ...(options.taskRuns && { taskRuns: options.taskRuns }),
    ...(options.maxConcurrentRuns && { maxConcurrentRuns: options.maxConcurrentRuns }),
    authorize: byRoles(entra, roles),
  });
}

/** The engine's actions that have another name among the roles. */
const rights: Record<string, Action> = {
  cancelRun: 'changeRuns',
  uploadSource: 'scheduleRun',
  readTaskRuns: 'readRuns',
  writeTaskRuns: 'scheduleRun',
  deleteTaskRuns: 'changeRuns',
};

function byRoles(entra: Entra, roles: Roles): Authorize {
  return async (token, resourceId, action) => {
    const claims = await entra.verify(token, ['https://management.azure.com']);
    if (!claims) return { status: 401, message: 'The access token is not valid.' };
    if (roles.allows(claims.oid, resourceId, rights[action] ?? (action as Action))) return { status: 200 };
    return {
      status: 403,
      message: `The client '${claims.oid}' does not have authorization to perform action '${action}' over scope '${resourceId}'.`,
    };
  };
}
