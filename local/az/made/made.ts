import { createHash, randomUUID } from 'node:crypto';
import type { Deliveries } from '../../eventGrid/eventGrid.ts';
import type { LocalIdentity } from '../../identity/entra.ts';
import { resourceGroup, storageAccountId } from '../../identity/resourceIds.ts';
import type { Roles } from '../../identity/roles.ts';
import type { FrontRegistry } from '../azure.ts';

/** A resource as ARM has it. */
export interface ArmResource {
  id: string;
  name: string;
  type: string;
  location: string;
  tags?: Record<string, string>;
  sku?: object;
  kind?: string;
  identity?: { type: string; principalId?: string };
  properties: Record<string, any>;
}

/** A Key Vault reference among the settings, as App Service tells of it. */
interface Reference {
  reference: string;
  status: string;
  vaultName: string;
  secretName: string;
  activeVersion?: string;
  details?: string;
}

/**
 * What infra/ makes in Azure, as ARM tells of it. Everything here may be changed at any time, as somebody in the portal
 * might, and is answered as it is then.
 */
export interface Made {
  /** By their ids in lower case. */
  resources: Map<string, ArmResource>;
  /** The function app, which is among them; its `defaultHostName` is set where it answers over https. */
  site: ArmResource;
  /** By setting. */
  references: Record<string, Reference>;
  /** By namespace; those that are not here are registered. */
  providers: Record<string, string>;
  subscriptionPolicies: { quotaId: string; spendingLimit: string };
  /** Names that somebody else has, and vaults that were deleted, by name. */
  takenNames: Set<string>;
  deletedVaults: Map<string, { scheduledPurgeDate: string; purgeProtectionEnabled: boolean }>;
  /** What Event Grid counted of a registry's topic. */
  deliveries(registryId: string): Deliveries;
  /** The app's settings, with references for secrets, and its host's key. */
  app(): { settings: Record<string, string>; functionKey: string };
}

export interface MadeOptions {
  subscriptionId: string;
  registries: FrontRegistry[];
  roles: Roles;
  /** The app's own identity. */
  identity: LocalIdentity;
  /** The two accounts, on which it has its roles. */
  storage: Record<'host' | 'data', { endpoints: Record<string, string> }>;
  app: Made['app'];
  deliveries: Made['deliveries'];
}

const location = 'local';
/** The name of the environment, as azd has it. */
const environment = 'local';
const tags = { 'azd-env-name': environment };

/** A resource's path in its resource group. */
const below = ({ id }: ArmResource) => id.slice(id.indexOf('/providers/'));

interface Adding {
  /** Adds a resource of a type at a path in the resource group. */
  add(type: string, path: string, rest?: Partial<ArmResource>): ArmResource;
  top(type: string, name: string, rest?: Partial<ArmResource>): ArmResource;
  give(scope: string, principalId: string, ...roles: string[]): void;
}

/** What main.bicep and events.bicep make of an environment called `local`, its roles among it. */
export function makeResources(options: MadeOptions): Made {
  const { subscriptionId, registries, roles, identity, app, deliveries } = options;
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const resources = new Map<string, ArmResource>();
  const add = (type: string, path: string, rest: Partial<ArmResource> = {}): ArmResource => {
    const resource: ArmResource = {
      ...{ id: `${group}${path}`, name: path.split('/').at(-1)!, type, location, tags },
      ...rest,
      properties: { provisioningState: 'Succeeded', ...rest.properties },
    };
    resources.set(resource.id.toLowerCase(), resource);
    return resource;
  };
  const top = (type: string, name: string, rest?: Partial<ArmResource>) =>
    add(type, `/providers/${type}/${name}`, rest);
  const give = (scope: string, principalId: string, ...names: string[]) => {
    for (const role of names) roles.assign({ scope, principalId, role });
  };

  add('Microsoft.Resources/resourceGroups', '', { name: resourceGroup });
  const { principalId, clientId } = identity;
  const own = top('Microsoft.ManagedIdentity/userAssignedIdentities', 'id-plinth-local', {
    properties: { principalId, clientId },
  });
  for (const [name, { endpoints }] of Object.entries(options.storage))
    top('Microsoft.Storage/storageAccounts', `st${name}`, {
      kind: 'StorageV2',
      properties: { networkAcls: { defaultAction: 'Allow' }, primaryEndpoints: endpoints },
    });
  const vault = top('Microsoft.KeyVault/vaults', 'kv-plinth-local', {
    properties: {
      vaultUri: 'https://kv-plinth-local.vault.azure.net/',
      networkAcls: { defaultAction: 'Allow' },
    },
  });
  const secretUri = 'https://kv-plinth-local.vault.azure.net/secrets/sealing-key';
  const version = createHash('md5').update(randomUUID()).digest('hex');
  const secret = add('Microsoft.KeyVault/vaults/secrets', `${below(vault)}/secrets/sealing-key`, {
    properties: { secretUri, secretUriWithVersion: `${secretUri}/${version}` },
  });
  give(secret.id, principalId, 'Key Vault Secrets User');
  top('Microsoft.OperationalInsights/workspaces', 'log-plinth-local');
  const insights = top('Microsoft.Insights/components', 'appi-plinth-local');
  give(insights.id, principalId, 'Monitoring Metrics Publisher');
  top('Microsoft.Web/serverfarms', 'plan-plinth-local', { sku: { name: 'FC1', tier: 'FlexConsumption' } });
  const site = top('Microsoft.Web/sites', 'func-plinth-local', {
    kind: 'functionapp,linux',
    tags: { ...tags, 'azd-service-name': 'api' },
    identity: { type: 'UserAssigned' },
    properties: { state: 'Running', keyVaultReferenceIdentity: own.id },
  });
  const imagePushed = add('Microsoft.Web/sites/functions', `${below(site)}/functions/imagePushed`, {
    name: 'func-plinth-local/imagePushed',
  });

  for (const registry of registries) addRegistry(registry, imagePushed.id, { add, top, give });

  return {
    resources,
    site,
    references: {
      PLINTH_SEALING_KEY: {
        reference: `@Microsoft.KeyVault(SecretUri=${secretUri})`,
        ...{ status: 'Resolved', vaultName: vault.name, secretName: 'sealing-key', activeVersion: version },
      },
    },
    providers: {},
    subscriptionPolicies: { quotaId: 'PayAsYouGo_2014-09-01', spendingLimit: 'Off' },
    takenNames: new Set(),
    deletedVaults: new Map(),
    deliveries,
    app,
  };
}

/** A registry, its topic and the event subscription that leads to a function. */
function addRegistry(
  { name, resourceId, loginServer }: FrontRegistry,
  functionId: string,
  { add, top, give }: Adding,
): void {
  top('Microsoft.ContainerRegistry/registries', name, {
    tags: {},
    sku: { name: 'Standard', tier: 'Standard' },
    properties: {
      loginServer,
      adminUserEnabled: false,
      policies: { azureADAuthenticationAsArmPolicy: { status: 'enabled' } },
      publicNetworkAccess: 'Enabled',
      roleAssignmentMode: 'LegacyRegistryPermissions',
    },
  });
  const topicIdentity = randomUUID();
  const topic = top('Microsoft.EventGrid/systemTopics', `evgt-plinth-${name}`.slice(0, 50), {
    identity: { type: 'SystemAssigned', principalId: topicIdentity },
    properties: { source: resourceId, topicType: 'Microsoft.ContainerRegistry.Registries' },
  });
  add(
    'Microsoft.EventGrid/systemTopics/eventSubscriptions',
    `${below(topic)}/eventSubscriptions/plinth-${environment}`,
    {
      properties: {
        destination: { endpointType: 'AzureFunction', properties: { resourceId: functionId } },
        filter: { includedEventTypes: ['Microsoft.ContainerRegistry.ImagePushed'] },
      },
    },
  );
  const deadLetters = `${storageAccountId('stdata')}/blobServices/default/containers/dead-letters`;
  give(deadLetters, topicIdentity, 'Storage Blob Data Contributor');
}
