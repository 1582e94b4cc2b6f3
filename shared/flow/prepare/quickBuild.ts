import { changeRequestSecrets } from '../../model/mapSecrets.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { DockerBuildRequest, Run } from '../../model/run.ts';
import { RunValueError, type RunValues, renderArgument, renderRunValues } from '../../names/runValues.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildRequest } from '../../ports/runEngine.ts';
import { runOwner } from '../secrets/owners.ts';
import { withVaultSecrets } from '../secrets/readVaultSecrets.ts';
import { buildTerms } from './buildTerms.ts';
import { engineImageName } from './outputNames.ts';
import { quickRunRequest } from './quickRun.ts';
import { runInputs } from './runInputs.ts';

/**
 * A build that belongs to no task goes to the engine as it was requested, its context by upload or URL: its base images
 * are not tracked.
 * @throws RunValueError RegistryError TaskFileError BuildFault SourceError VaultError
 */
export async function quickRequest(run: Run, registry: KnownRegistry, ports: Ports): Promise<BuildRequest> {
  const open = (secret: string) => ports.seal.open(secret, runOwner(run.registry, run.runId));
  const request = run.quickRun ?? run.quickBuild!;
  const credentials = await withVaultSecrets(changeRequestSecrets(request, open).credentials, ports);
  const withCredentials = <T extends typeof request>(of: T): T => ({
    ...changeRequestSecrets(of, open),
    ...(credentials && { credentials }),
  });
  if (run.quickRun) return quickRunRequest(withCredentials(run.quickRun), run, registry, ports);
  return quickBuildRequest(withCredentials(run.quickBuild!), run, registry, ports);
}

async function quickBuildRequest(
  request: DockerBuildRequest,
  run: Run,
  registry: KnownRegistry,
  ports: Ports,
): Promise<BuildRequest> {
  const values = runInputs(run, registry, { platform: request.platform });
  const { noCache, dockerFilePath, target, sourceLocation } = request;
  return {
    kind: 'Dockerfile',
    noCache,
    dockerFilePath,
    arguments: request.arguments.map((argument) => renderKnown(argument, values)),
    imageNames: request.imageNames.map((name) =>
      engineImageName(renderRunValues(name, values), registry, request.credentials),
    ),
    isPushEnabled: request.isPushEnabled && request.imageNames.length > 0,
    ...(sourceLocation !== undefined && { source: sourceLocation }),
    ...(target !== undefined && { target }),
    ...(await buildTerms(request, undefined, registry, ports)),
  };
}

/** An argument with its Run values; one with other braces is for the Dockerfile, and stays as it is. */
function renderKnown(argument: DockerBuildRequest['arguments'][number], values: RunValues) {
  try {
    return renderArgument(argument, values);
  } catch (error) {
    if (error instanceof RunValueError) return argument;
    throw error;
  }
}
