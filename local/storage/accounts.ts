import type { Entra } from '../identity/entra.ts';
import { storageAccountId } from '../identity/resourceIds.ts';
import type { Roles } from '../identity/roles.ts';
import type { Tls } from '../machine/tls.ts';
import { startAzurite } from './azurite.ts';
import { provisionStorage } from './provision.ts';
import { type StorageFate, type StorageFront, startStorageFront } from './storageFront.ts';

interface AccountsOptions {
  /** Keeps what is stored between two starts; in memory when not given. */
  dir?: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  /** Who gets the roles that the template gives the app's identity. */
  principalId: string;
  /** What becomes of requests. */
  fate?: StorageFate;
}

/** The template's roles of the app's identity, on the host's own account and on the one with the app's data. */
const grants = {
  sthost: ['Storage Blob Data Owner', 'Storage Table Data Contributor'],
  stdata: ['Storage Queue Data Contributor', 'Storage Table Data Contributor'],
} as const;

/** The two storage accounts of the template, filled as it fills them; one Azurite is behind both. */
export async function startAccounts({ dir, principalId, ...options }: AccountsOptions) {
  const azurite = await startAzurite(dir === undefined ? {} : { dir });
  const fronts: StorageFront[] = [];
  const stop = async () => {
    await Promise.all(fronts.map((front) => front.stop()));
    await azurite.stop();
  };
  try {
    await provisionStorage(azurite.connectionString);
    for (const [name, given] of Object.entries(grants)) {
      const resourceId = storageAccountId(name);
      for (const role of given) options.roles.assign({ scope: resourceId, principalId, role });
      fronts.push(await startStorageFront({ azurite, resourceId, ...options }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [host, data] = fronts as [StorageFront, StorageFront];
  return { azurite, host, data, stop };
}
