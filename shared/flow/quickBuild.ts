import type { DockerBuildRequest, Run } from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import { type RunValues, renderRunValues, runDate } from '../runValues.ts';
import { changeRequestSecrets } from '../secrets.ts';
import { enginePasswords } from './logins.ts';
import { runOwner } from './owners.ts';

/**
 * A quick build goes to the engine as it was asked for, its context by upload or URL: nobody tracks its base images.
 * @throws RunValueError RegistryError
 */
export async function quickBuildRequest(run: Run, own: KnownRegistry, ports: Ports): Promise<EngineRequest> {
  const open = (secret: string) => ports.seal.open(secret, runOwner(run.registry, run.runId));
  const request: DockerBuildRequest = changeRequestSecrets(run.quickBuild!, open);
  const values: RunValues = {
    ID: run.runId,
    TaskName: '',
    Registry: own.loginServer,
    RegistryName: own.name,
    Date: runDate(new Date(run.createTime)),
    OS: request.platform.os.toLowerCase(),
    Architecture: request.platform.architecture,
    Commit: '',
    Branch: '',
  };
  const customRegistries = await enginePasswords(undefined, own, request.credentials, ports);
  const { credentials, agentConfiguration, agentPoolName, logTemplate, target, ...rest } = request;
  return {
    ...rest,
    imageNames: request.imageNames.map((name) => renderRunValues(name, values)),
    isPushEnabled: request.isPushEnabled && request.imageNames.length > 0,
    sourceLocation: request.sourceLocation ?? '/dev/null',
    ...(target !== undefined && { target }),
    ...(agentConfiguration?.cpu && { agentConfiguration: { cpu: agentConfiguration.cpu } }),
    ...(agentPoolName && { agentPoolName }),
    ...(logTemplate && { logTemplate }),
    credentials: {
      sourceRegistry: { loginMode: credentials?.sourceRegistry?.loginMode ?? 'Default' },
      ...(Object.keys(customRegistries).length > 0 && { customRegistries }),
    },
  };
}
