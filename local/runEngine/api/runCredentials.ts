import type { EngineRegistry, Login } from '../types.ts';
import { badRequest } from './armError.ts';
import type { RunRequest } from './runRequest.ts';

/** Resolves an identity of a run (`[system]`, `[caller]`, a client id) to a login; undefined when it cannot. */
export type IdentityCredentials = (
  registry: EngineRegistry,
  identity: string,
  loginServer: string,
) => Login | undefined | Promise<Login | undefined>;

/**
 * The logins of a run, by login server.
 * @throws ArmError 400 for an identity that cannot be resolved
 */
export async function loginsOf(
  { credentials }: Pick<RunRequest, 'credentials'>,
  registry: EngineRegistry,
  identityCredentials: IdentityCredentials | undefined,
): Promise<Map<string, Login>> {
  const logins = new Map<string, Login>();
  const byIdentity = async (identity: string, server: string, target: string) => {
    const login = await identityCredentials?.(registry, identity, server);
    if (login === undefined)
      throw badRequest(
        `The identity '${identity}' for ${server} cannot be resolved for a run of ${registry.name}. Give userName and password instead.`,
        target,
      );
    logins.set(server, login);
  };
  const { sourceRegistry, customRegistries = {} } = credentials;
  if (sourceRegistry?.identity !== undefined)
    await byIdentity(sourceRegistry.identity, registry.loginServer, 'credentials.sourceRegistry.identity');
  else if (sourceRegistry?.loginMode !== 'None') {
    const own = await registry.pushCredentials();
    if (own) logins.set(registry.loginServer, own);
  }
  for (const [name, { userName, password, identity }] of Object.entries(customRegistries)) {
    const server = name.toLowerCase();
    if (userName && password) logins.set(server, { username: userName.value, password: password.value });
    else if (identity !== undefined)
      await byIdentity(identity, server, `credentials.customRegistries.${name}`);
  }
  return logins;
}
