import { z } from 'zod';
import { loginServer } from '../model/fields.ts';
import type { KnownRegistry } from '../model/registry.ts';
import { canonicalHost } from '../names/registryHost.ts';

/** ACR's resource id; the registry's name is in it. */
const registryId = z
  .string()
  .regex(
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerRegistry\/registries\/[A-Za-z0-9]{5,50}$/i,
    'the resource id of a container registry, /subscriptions/…/registries/{name}',
  );

/** One registry of the setting PLINTH_REGISTRIES, as a KnownRegistry. */
export const RegistrySetting = z
  .object({
    id: registryId,
    loginServer: loginServer.optional(),
    endpoint: z.url({ protocol: /^https$/ }).optional(),
    // As in ACR's own resource.
    roleAssignmentMode: z.enum(['LegacyRegistryPermissions', 'AbacRepositoryPermissions']).optional(),
    // ACR's rule for a pool's name; empty where the template's caller gave none.
    agentPoolName: z
      .string()
      .regex(/^([A-Za-z0-9-]{3,20})?$/, 'an agent pool has 3 to 20 letters, digits or -')
      .optional(),
  })
  .transform(({ id, loginServer, endpoint, roleAssignmentMode, agentPoolName }): KnownRegistry => {
    const name = id.split('/').at(-1)!.toLowerCase();
    const server = canonicalHost(loginServer ?? `${name}.azurecr.io`);
    return {
      name,
      id,
      loginServer: server,
      endpoint: (endpoint ?? `https://${server}`).replace(/\/$/, ''),
      ...(roleAssignmentMode === 'AbacRepositoryPermissions' && { usesAbac: true }),
      ...(agentPoolName && { agentPoolName }),
    };
  });
