import type { Entra, LocalIdentity } from './entra.ts';
import { nullGuid, type Registry } from './registry.ts';
import type { Action, Roles } from './roles.ts';
import { type RunEngine, type RunEngineOptions, startRunEngine } from './runEngine/startRunEngine.ts';
import type { Authorize } from './runEngine/types.ts';
import type { Tls } from './tls.ts';

export interface EngineWishes {
  executor?: RunEngineOptions['executor'];
  minimumTimeout?: number;
  maxConcurrentRuns?: number;
}

export interface StackEngineParts {
  registries: Registry[];
  /** Who the engine is to the registries. */
  builder: LocalIdentity;
  connectionString: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  dir: string;
}

/** The run engine of the stack's registries, which whoever has the role on a registry may use. */
export function startStackEngine(
  options: EngineWishes,
  { registries, builder, connectionString, tls, entra, roles, dir }: StackEngineParts,
): Promise<RunEngine> {
  return startRunEngine({
    registries: registries.map((registry) => ({
      ...{ name: registry.name, resourceId: registry.resourceId },
      ...{ loginServer: registry.loginServer, endpoint: registry.endpoint },
      pushCredentials: () => ({
        username: nullGuid,
        password: registry.refreshTokenFor(builder.principalId),
      }),
    })),
    blob: { connectionString },
    tls,
    caFile: tls.caFile,
    dir,
    ...(options.executor && { executor: options.executor }),
    ...(options.minimumTimeout && { minimumTimeout: options.minimumTimeout }),
    ...(options.maxConcurrentRuns && { maxConcurrentRuns: options.maxConcurrentRuns }),
    authorize: byRoles(entra, roles),
  });
}

/** The engine's actions that have another name among the roles. */
const rights: Record<string, Action> = { cancelRun: 'changeRuns', uploadSource: 'scheduleRun' };

function byRoles(entra: Entra, roles: Roles): Authorize {
  return (token, resourceId, action) => {
    const claims = entra.verify(token, ['https://management.azure.com']);
    if (!claims) return { status: 401, message: 'The access token is not valid.' };
    if (roles.allows(claims.oid, resourceId, rights[action] ?? (action as Action))) return { status: 200 };
    return {
      status: 403,
      message: `The client '${claims.oid}' does not have authorization to perform action '${action}' over scope '${resourceId}'.`,
    };
  };
}
