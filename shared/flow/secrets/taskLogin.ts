import type { Task } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import type { RegistryLogin } from '../../ports/registry.ts';
import { withVaultSecrets } from './readVaultSecrets.ts';
import { loginFor } from './registryLogin.ts';
import { unsealTask } from './sealedSecrets.ts';

/**
 * How a stored task signs in to a registry.
 * @param registry of the task, by name
 * @throws VaultError SealError, and Error where the task or its registry is gone
 */
export async function taskLogin(
  server: string,
  { registry, task, stored }: { registry: string; task: string; stored: Task | undefined },
  ports: Pick<Ports, 'settings' | 'seal' | 'vault'>,
): Promise<RegistryLogin> {
  const knownRegistry = ports.settings.registries.find(({ name }) => name === registry);
  if (!stored || !knownRegistry)
    throw new Error(`the credentials of task ${task} of ${registry}, which is built on it, cannot be read`);
  const { credentials } = unsealTask(stored, ports).properties;
  return loginFor(server, knownRegistry, await withVaultSecrets(credentials, ports, server));
}
