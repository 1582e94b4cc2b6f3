import type { Credentials, Platform } from '../model/task.ts';
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
    platform,
    ...(agentConfiguration?.cpu && { agentConfiguration: { cpu: agentConfiguration.cpu } }),
    ...(agentPoolName && { agentPoolName }),
    ...(logTemplate && { logTemplate }),
    credentials: {
      sourceRegistry: { loginMode: credentials?.sourceRegistry?.loginMode ?? 'Default' },
      ...(Object.keys(customRegistries).length > 0 && { customRegistries }),
    },
    isArchiveEnabled,
  };
}
