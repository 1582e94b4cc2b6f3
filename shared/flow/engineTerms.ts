import type { Credentials, Platform } from '../model/task.ts';
import { enginePlatform } from '../platform.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineTerms } from '../ports/runEngine.ts';
import { enginePasswords } from './logins.ts';

/** What a task and a quick run say alike of how they are to be run. */
interface Terms {
  timeout: number;
  platform: Platform;
  agentConfiguration?: { cpu?: number | undefined } | undefined;
  agentPoolName?: string | undefined;
  logTemplate?: string | undefined;
  credentials?: Credentials | undefined;
  isArchiveEnabled: boolean;
}

/**
 * The terms of a request to the engine, with the passwords it needs.
 * @param loginServers the registries it needs, where they are known; else all that the credentials name
 * @throws RegistryError when an identity is refused
 */
export async function engineTerms(
  { timeout, platform, agentConfiguration, agentPoolName, logTemplate, credentials, isArchiveEnabled }: Terms,
  loginServers: string[] | undefined,
  own: KnownRegistry,
  ports: Pick<Ports, 'registry'>,
): Promise<EngineTerms> {
  const customRegistries = await enginePasswords(loginServers, own, credentials, ports);
  return {
    timeout,
    platform: enginePlatform(platform),
    ...(agentConfiguration?.cpu && { agentConfiguration: { cpu: agentConfiguration.cpu } }),
    ...(agentPoolName && { agentPoolName }),
    ...(logTemplate && { logTemplate }),
    credentials: {
      sourceRegistry: sourceRegistryOf(own, credentials),
      ...(Object.keys(customRegistries).length > 0 && { customRegistries }),
    },
    isArchiveEnabled,
  };
}

/**
 * How the engine signs in to the registry it works for. Where rights are given by repository, a run has none of its own
 * and must ask for its caller's, which is this app.
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 */
function sourceRegistryOf({ usesAbac }: KnownRegistry, credentials: Credentials | undefined) {
  const loginMode = credentials?.sourceRegistry?.loginMode ?? 'Default';
  return usesAbac && loginMode !== 'None' ? { identity: '[caller]' } : { loginMode };
}
