import type { KnownRegistry } from '../../model/registry.ts';
import type { Credentials, Platform } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildTerms } from '../../ports/runEngine.ts';
import { buildLogins } from '../secrets/registryLogin.ts';

/** The options that tasks and quick runs have in common. */
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
 * The terms of a build, with the logins it needs.
 * @param loginServers the registries it needs, where they are known; else all that the credentials name
 * @throws RegistryError when an identity is refused
 */
export async function buildTerms(
  { timeout, platform, agentConfiguration, agentPoolName, logTemplate, credentials, isArchiveEnabled }: Terms,
  loginServers: string[] | undefined,
  registry: KnownRegistry,
  ports: Pick<Ports, 'registry'>,
): Promise<BuildTerms> {
  const pool = agentPoolName ?? registry.agentPoolName;
  return {
    timeout,
    platform,
    ...(agentConfiguration?.cpu && { cpu: agentConfiguration.cpu }),
    ...(pool && { pool }),
    ...(logTemplate && { logTemplate }),
    usesOwnRegistry: credentials?.sourceRegistry?.loginMode !== 'None',
    logins: await buildLogins(loginServers, registry, credentials, ports),
    isArchiveEnabled,
  };
}
