import type { KnownRegistry } from '../model/registry.ts';
import { canonicalHost } from '../names/registryHost.ts';

/** Under Azure's suffixes alone: names of Azure's registries and nothing before or after them, no user and no port but 443. */
const azureLoginServer = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+azurecr\.(?:io|cn|us)$/;

export const isAzureHost = (loginServer: string): boolean =>
  azureLoginServer.test(canonicalHost(loginServer));

/**
 * Why a registry may not have a token of an identity: the token is good for every registry of Azure that the identity may
 * use, so it goes to Azure's registries and to those of the settings only.
 * @returns undefined when it may
 */
export function identityProblem(
  loginServer: string,
  registries: readonly Pick<KnownRegistry, 'loginServer'>[],
): string | undefined {
  const server = canonicalHost(loginServer);
  if (isAzureHost(server) || registries.some((known) => known.loginServer === server)) return undefined;
  return `${loginServer} is no registry of Azure (*.azurecr.io, *.azurecr.cn, *.azurecr.us) and none of PLINTH_REGISTRIES, so it gets no token of an identity. Give a user name and a password for it.`;
}
