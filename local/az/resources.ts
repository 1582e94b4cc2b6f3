import { ArmError } from '../runEngine/api/armError.ts';
import { type FrontRegistry, type JsonAnswer, type LocalAzure, ok } from './azure.ts';
import type { Caller } from './door.ts';

/** What `az cloud register` and ARM_CLOUD_METADATA_URL ask for, before a user is signed in. */
export function cloudMetadata({ origin }: LocalAzure, version: string | null): JsonAnswer {
  const authentication = { loginEndpoint: `${origin}/adfs`, audiences: ['https://management.azure.com'] };
  if (version === '2015-01-01')
    return ok({
      galleryEndpoint: origin,
      graphEndpoint: `${origin}/graph`,
      portalEndpoint: origin,
      authentication,
    });
  return ok([
    {
      name: 'Plinth',
      portal: origin,
      authentication: { ...authentication, tenant: 'adfs', identityProvider: 'ADFS' },
      resourceManager: origin,
      graphAudience: `${origin}/graph`,
      microsoftGraphResourceId: `${origin}/msgraph/`,
      suffixes: { storage: 'local', keyVaultDns: 'vault.azure.net', acrLoginServer: 'azurecr.io' },
    },
  ]);
}

export const subscriptionResource = ({ subscriptionId, tenantId, made }: LocalAzure) => ({
  id: `/subscriptions/${subscriptionId}`,
  subscriptionId,
  tenantId,
  displayName: 'Plinth on this machine',
  state: 'Enabled',
  subscriptionPolicies: made?.subscriptionPolicies ?? { spendingLimit: 'Off' },
  managedByTenants: [],
});

/** A registry as ARM gives it, as far as az and the SDK look at it. */
export const registryResource = (
  { name, resourceId, loginServer }: FrontRegistry,
  { started }: LocalAzure,
) => ({
  id: resourceId,
  name,
  type: 'Microsoft.ContainerRegistry/registries',
  location: 'local',
  tags: {},
  sku: { name: 'Standard', tier: 'Standard' },
  properties: {
    loginServer,
    creationDate: started.toISOString(),
    provisioningState: 'Succeeded',
    adminUserEnabled: false,
    policies: { azureADAuthenticationAsArmPolicy: { status: 'enabled' } },
    publicNetworkAccess: 'Enabled',
  },
});

/**
 * The registries that a caller may read, by the one `$filter` that az sends.
 * @throws ArmError 400 for another filter
 */
export function listResources(azure: LocalAzure, caller: Caller, filter: string | null): JsonAnswer {
  const type = filter === null ? undefined : /^resourceType eq '([^']*)'$/i.exec(filter.trim())?.[1];
  if (filter !== null && type === undefined)
    throw new ArmError(
      400,
      'InvalidFilterInQueryString',
      `Invalid $filter '${filter}'. Here it can only be resourceType eq '…'.`,
    );
  const wanted = type === undefined || type.toLowerCase() === 'microsoft.containerregistry/registries';
  return ok({
    value: azure.registries
      .filter(({ resourceId }) => wanted && caller.may('readRegistry', resourceId))
      .map((registry) => {
        const { properties: _, ...resource } = registryResource(registry, azure);
        return resource;
      }),
  });
}

/** @throws ArmError 404 as ARM refuses what is not there, level by level */
export function findRegistry(azure: LocalAzure, id: string): FrontRegistry {
  const wanted = id.toLowerCase();
  const found = azure.registries.find(
    ({ resourceId }) => resourceId.toLowerCase() === wanted && isThere(azure, resourceId),
  );
  if (found) return found;
  const [, , subscription, , group, , , , name] = id.split('/');
  if (subscription?.toLowerCase() !== azure.subscriptionId)
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
  const groups = azure.registries.map(({ resourceId }) => resourceId.split('/')[4]?.toLowerCase());
  if (!groups.includes(group?.toLowerCase()))
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
  throw new ArmError(
    404,
    'ResourceNotFound',
    `The Resource 'Microsoft.ContainerRegistry/registries/${name}' under resource group '${group}' was not found.`,
  );
}

/** A registry that was deleted from what is deployed is there no more. */
const isThere = ({ made }: LocalAzure, resourceId: string) =>
  made === undefined || made.resources.has(resourceId.toLowerCase());
