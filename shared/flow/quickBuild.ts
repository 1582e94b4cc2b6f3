import type { DockerBuildRequest, Run } from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import { RunValueError, type RunValues, renderArgument, renderRunValues } from '../runValues.ts';
import { changeRequestSecrets } from '../secrets.ts';
import { engineTerms } from './engineTerms.ts';
import { engineImageName } from './outputNames.ts';
import { runOwner } from './owners.ts';
import { quickRunRequest } from './quickRun.ts';
import { runValuesOf } from './runValuesOf.ts';
import { withVaultSecrets } from './vaultSecrets.ts';

/**
 * What belongs to no task goes to the engine as it was asked for, its context by upload or URL: nobody tracks its base
 * images.
 * @throws RunValueError RegistryError TaskFileError BuildFault SourceError VaultError
 */
export async function quickRequest(run: Run, own: KnownRegistry, ports: Ports): Promise<EngineRequest> {
  const open = (secret: string) => ports.seal.open(secret, runOwner(run.registry, run.runId));
  const request = run.quickRun ?? run.quickBuild!;
  const credentials = await withVaultSecrets(changeRequestSecrets(request, open).credentials, ports);
  const withCredentials = <T extends typeof request>(of: T): T => ({
    ...changeRequestSecrets(of, open),
    ...(credentials && { credentials }),
  });
  if (run.quickRun) return quickRunRequest(withCredentials(run.quickRun), run, own, ports);
  return quickBuildRequest(withCredentials(run.quickBuild!), run, own, ports);
}

async function quickBuildRequest(
  request: DockerBuildRequest,
  run: Run,
  own: KnownRegistry,
  ports: Ports,
): Promise<EngineRequest> {
  const values = runValuesOf(run, own, request.platform);
  const { type, noCache, dockerFilePath, target } = request;
  return {
    type,
    noCache,
    dockerFilePath,
    arguments: request.arguments.map((argument) => renderKnown(argument, values)),
    imageNames: request.imageNames.map((name) =>
      engineImageName(renderRunValues(name, values), own, request.credentials),
    ),
    isPushEnabled: request.isPushEnabled && request.imageNames.length > 0,
    sourceLocation: request.sourceLocation ?? '/dev/null',
    ...(target !== undefined && { target }),
    ...(await engineTerms(request, undefined, own, ports)),
  };
}

/** An argument with its Run values; one with other braces is the Dockerfile's business, and goes as it is. */
function renderKnown(argument: DockerBuildRequest['arguments'][number], values: RunValues) {
  try {
    return renderArgument(argument, values);
  } catch (error) {
    if (error instanceof RunValueError) return argument;
    throw error;
  }
}
