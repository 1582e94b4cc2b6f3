import type { KnownRegistry } from '../../model/registry.ts';
import type { Credentials } from '../../model/task.ts';
import { canonicalHost } from '../../names/registryHost.ts';
import type { Ports } from '../../ports/ports.ts';
import type { RegistryLogin } from '../../ports/registry.ts';
import type { BuildLogin } from '../../ports/runEngine.ts';

/**
 * How a task signs in to a registry, by ACR's rules: by its entry in `credentials.customRegistries`; for the task's own
 * registry, unless `sourceRegistry.loginMode` is None, as the app's identity; any other anonymously.
 * @param loginServer the registry by its one name
 * @param credentials with its secrets in the clear, also those of key vaults (`withVaultSecrets`)
 */
export function loginFor(
  loginServer: string,
  knownRegistry: KnownRegistry,
  credentials: Credentials | undefined,
): RegistryLogin {
  const customs = credentials?.customRegistries ?? {};
  const custom =
    customs[loginServer] ??
    Object.entries(customs).find(([server]) => canonicalHost(server) === loginServer)?.[1];
  // With a user name and a password the identity is for the vault that keeps them.
  if (custom?.userName?.value !== undefined && custom.password?.value !== undefined)
    return { kind: 'password', userName: custom.userName.value, password: custom.password.value };
  if (custom?.identity) return identityLogin(custom.identity);
  if (loginServer === knownRegistry.loginServer && credentials?.sourceRegistry?.loginMode !== 'None')
    return identityLogin(credentials?.sourceRegistry?.identity ?? '[system]');
  return { kind: 'anonymous' };
}

/** `[system]` is the app's own identity; anything else the client id of a user-assigned one. */
export const clientIdOf = (identity: string): string | undefined =>
  identity.toLowerCase() === '[system]' ? undefined : identity;

function identityLogin(identity: string): RegistryLogin {
  const clientId = clientIdOf(identity);
  return { kind: 'identity', ...(clientId && { clientId }) };
}

/**
 * The logins the engine is to have. An identity becomes a short-lived token here, so that the engine never needs the
 * identity.
 * @param loginServers the registries that the run pulls from and pushes to, where they are known: the engine gets no
 *   more than it needs. Else every registry that the credentials name.
 * @throws RegistryError when an identity is refused
 */
export async function buildLogins(
  loginServers: string[] | undefined,
  knownRegistry: KnownRegistry,
  credentials: Credentials | undefined,
  { registry }: Pick<Ports, 'registry'>,
): Promise<Record<string, BuildLogin>> {
  const written = Object.keys(credentials?.customRegistries ?? {}).map((server) => server.toLowerCase());
  const custom = new Set(written.map(canonicalHost));
  const needed = loginServers?.filter((server) => server !== knownRegistry.loginServer || custom.has(server));
  const servers = new Set(needed ?? custom);
  const logins: Record<string, BuildLogin> = {};
  for (const server of servers) {
    const password = await registry.pullPassword(server, loginFor(server, knownRegistry, credentials));
    if (!password) continue;
    // Text that is not rewritten, as a task file's cmd, names the registry as its author does.
    for (const name of [server, ...written.filter((other) => canonicalHost(other) === server)])
      logins[name] = password;
  }
  return logins;
}
