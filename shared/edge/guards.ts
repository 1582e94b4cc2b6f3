import { type AddressGuard, createAddressGuard, type Resolve } from '../adapters/http/addressGuard.ts';
import type { Config } from './config.ts';

interface Guards {
  registry: AddressGuard;
  vault: AddressGuard;
  sourceControl: AddressGuard;
  /** A task alone names where a context is. */
  context: AddressGuard;
}

/** The ways out of each port. What the settings name for it may be private, for it alone. */
export function guardsOf(
  { registries, keyVaultEndpoints, vaults, sourceControlApis, privateHosts }: Config,
  resolve?: Resolve,
): Guards {
  const guardWith = (urls: string[]) =>
    createAddressGuard([...privateHosts, ...urls.map((url) => new URL(url).hostname)], resolve);
  return {
    registry: guardWith(
      registries.flatMap(({ loginServer, endpoint }) => [`https://${loginServer}`, endpoint]),
    ),
    vault: guardWith([
      ...Object.values(keyVaultEndpoints),
      ...(vaults.allowed ?? []).map((host) => `https://${host}`),
    ]),
    sourceControl: guardWith(Object.values(sourceControlApis)),
    context: guardWith([]),
  };
}
