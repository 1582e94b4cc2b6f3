import type { Credentials, CustomRegistry, SecretObject } from '../../model/task.ts';
import { canonicalHost } from '../../names/registryHost.ts';
import type { Ports } from '../../ports/ports.ts';
import { VaultError } from '../../ports/vault.ts';
import { clientIdOf } from './registryLogin.ts';

/**
 * Credentials with what they keep in key vaults, read now with the identity of their entry: a secret that was rotated
 * is the new one from the next run on.
 * @param only the registry, by its one name, whose credentials are wanted; the others are left out then
 * @throws VaultError
 */
export async function withVaultSecrets(
  credentials: Credentials | undefined,
  ports: Pick<Ports, 'vault'>,
  only?: string,
): Promise<Credentials | undefined> {
  if (!credentials?.customRegistries) return credentials;
  const wanted = Object.entries(credentials.customRegistries).filter(
    ([server]) => only === undefined || canonicalHost(server) === only,
  );
  const entries = await Promise.all(
    wanted.map(async ([server, custom]) => [server, await opened(server, custom, ports)] as const),
  );
  return { ...credentials, customRegistries: Object.fromEntries(entries) };
}

async function opened(
  server: string,
  custom: CustomRegistry,
  { vault }: Pick<Ports, 'vault'>,
): Promise<CustomRegistry> {
  const { userName, password, identity } = custom;
  const read = async (object: SecretObject | undefined): Promise<SecretObject | undefined> => {
    if (object?.type !== 'Vaultsecret' || object.value === undefined) return object;
    if (!identity)
      throw new VaultError(
        `The credentials for ${server} are in a key vault, and no identity is named to read it with. Add one (--use-identity).`,
      );
    try {
      return { type: 'Opaque', value: await vault.secret(object.value, clientIdOf(identity)) };
    } catch (cause) {
      if (!(cause instanceof VaultError)) throw cause;
      const { transient, isRoleMissing, retryAfter } = cause;
      throw new VaultError(`Credentials for ${server}: ${cause.message}`, {
        transient,
        isRoleMissing,
        cause,
        ...(retryAfter && { retryAfter }),
      });
    }
  };
  const [user, word] = await Promise.all([read(userName), read(password)]);
  return { ...custom, ...(user && { userName: user }), ...(word && { password: word }) };
}
