import { defaultArchitecture } from '../../model/platform.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { Platform } from '../../model/task.ts';
import type { BuildLogin, BuildRequest, BuildTerms, BuildWork } from '../../ports/runEngine.ts';

/** The last stable version with runs. */
export const stableVersion = '2019-04-01';

/** A RunRequest of ACR, as JSON. */
type RunRequestBody = Record<string, unknown>;

/**
 * A build as a `RunRequest` of ACR's run engine, and the oldest version of its API that has all its properties: a
 * sovereign cloud may not have the newest.
 */
export function toRunRequest(
  request: BuildRequest,
  { usesAbac = false }: Pick<KnownRegistry, 'usesAbac'>,
): { body: RunRequestBody; apiVersion: string } {
  const { source, timeout, platform, cpu, pool, logTemplate, isArchiveEnabled } = request;
  const asCaller = usesAbac && request.usesOwnRegistry;
  return {
    apiVersion: versionFor(request, asCaller),
    body: {
      ...workOf(request),
      ...(source !== undefined && { sourceLocation: source }),
      timeout,
      platform: enginePlatform(platform),
      ...(cpu !== undefined && { agentConfiguration: { cpu } }),
      ...(pool !== undefined && { agentPoolName: pool }),
      ...(logTemplate !== undefined && { logTemplate }),
      credentials: credentialsOf(request, asCaller),
      isArchiveEnabled,
    },
  };
}

function versionFor({ pool, logTemplate }: BuildTerms, asCaller: boolean): string {
  if (asCaller) return '2025-03-01-preview';
  return pool || logTemplate ? '2019-06-01-preview' : stableVersion;
}

/** A Dockerfile's request must name a source; one without any is what `az acr build /dev/null` sends. */
function workOf(work: BuildWork): object {
  switch (work.kind) {
    case 'Dockerfile': {
      const { imageNames, isPushEnabled, noCache, dockerFilePath, target } = work;
      return {
        type: 'DockerBuildRequest',
        ...{ imageNames, isPushEnabled, noCache, dockerFilePath },
        ...(target !== undefined && { target }),
        arguments: work.arguments,
        sourceLocation: '/dev/null',
      };
    }
    case 'TaskFile':
      return {
        type: 'EncodedTaskRunRequest',
        encodedTaskContent: Buffer.from(work.text).toString('base64'),
        values: work.values,
      };
    case 'UnreadTaskFile': {
      const { taskFilePath, valuesFilePath, values } = work;
      return {
        type: 'FileTaskRunRequest',
        taskFilePath,
        ...(valuesFilePath !== undefined && { valuesFilePath }),
        values,
      };
    }
  }
}

/** The platform in ACR's words. */
const enginePlatform = ({ os, architecture = defaultArchitecture, variant }: Platform) => ({
  os: os.toLowerCase() === 'windows' ? 'Windows' : 'Linux',
  architecture: architecture.toLowerCase(),
  ...(variant && { variant: variant.toLowerCase() }),
});

/**
 * How the engine signs in. Where rights are given by repository, a run has none of its own in the registry it works for
 * and must ask for its caller's, which is this app.
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 */
function credentialsOf({ usesOwnRegistry, logins }: BuildTerms, asCaller: boolean) {
  const loginMode = usesOwnRegistry ? 'Default' : 'None';
  const servers = Object.entries(logins).map(([server, login]) => [server, opaque(login)] as const);
  return {
    sourceRegistry: asCaller ? { identity: '[caller]' } : { loginMode },
    ...(servers.length > 0 && { customRegistries: Object.fromEntries(servers) }),
  };
}

const opaque = ({ userName, password }: BuildLogin) => ({
  userName: { type: 'Opaque', value: userName },
  password: { type: 'Opaque', value: password },
});
