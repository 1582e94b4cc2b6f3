metadata description = 'Plinth in a resource group that is there: for a deployer without rights on the subscription. main.bicep makes the group and then the same. events.bicep follows when the code is deployed.'

@export()
@sealed()
type Registry = {
  @description('Required. Resource id of the registry. It may be in another resource group or subscription.')
  id: string

  @description('Optional. Whether tasks live in the registry, so that the app starts runs there; true where it is left out.')
  runsTasks: bool?

  @description('Optional. Name of an event topic that the registry has already. It needs a system-assigned identity.')
  topicName: string?

  @description('Optional. Only pushes to repositories that begin with this text are announced.')
  repositoryPrefix: string?

  @description('Optional. Agent pool of the registry in which runs are carried out that name none themselves.')
  agentPoolName: string?
}

@minLength(1)
@maxLength(32)
@description('Required. Name of the environment; it is part of names and of the tag azd-env-name.')
param environmentName string

@minLength(1)
@description('Required. Region of all that is created, but for what must be with a registry.')
param location string

@minLength(1)
@description('Required. The registries that are watched and served.')
param registries Registry[]

@description('Optional. Tags for all that is created.')
param tags object = {}

@description('Optional. Client id of the API\'s registration in Entra (infra/scripts/register-api makes one). Empty: callers need a function key.')
param apiClientId string = ''

@description('Optional. Address that alerts are mailed to. Empty: only the portal shows them.')
param alertEmail string = ''

@description('Optional. Whether the app goes out through a virtual network of its own, and storage and vault answer only to that.')
param vnetEnabled bool = false

@description('Conditional. Resource id of a subnet to use instead of a new one, delegated to Microsoft.App/environments and with service endpoints for Microsoft.Storage and Microsoft.KeyVault. Only with vnetEnabled.')
param subnetId string = ''

@description('Optional. Where clients reach the app, where that is not its own host name.')
param publicUrl string = ''

@description('Optional. By the host of a repository, where the REST API of its server is, { "ghe.contoso.com": "https://ghe.contoso.com/api/v3" }. github.com, *.ghe.com and dev.azure.com need none.')
param sourceControlApis object = {}

@description('Optional. Which base images are built on only when they are old enough, or not at all, [{ "images": "docker.io/**", "minimumAge": "3d" }, { "images": "contoso.azurecr.io/os/*", "pause": "a reason" }]. docs/held.md has the rules.')
param baseImagePolicies array = []

@description('Optional. By the host of a key vault, where it answers, where that is not there: a private endpoint, a proxy.')
param keyVaultEndpoints object = {}

@description('Optional. Hosts of the key vaults that tasks may read, with commas between (corp.vault.azure.net). Without it any but the vault of the sealing key; the identity reads only those where it has a role.')
param keyVaults string = ''

@description('Optional. Host names, addresses and CIDR ranges, with commas between, to which tasks may lead the app though their addresses are private: a git server, a registry of your network.')
param privateHosts string = ''

@description('Optional. Whether the app starts runs with a role that is made for it on each registry. Turn off where the deployer may not create roles: it is then Container Registry Tasks Contributor, which may do more.')
param customRole bool = true

@minValue(1)
@maxValue(100)
@description('Optional. Runs that may be under way at once on one registry.')
param runsPerRegistry int = 10

@minValue(1)
@maxValue(10)
@description('Optional. Runs that may be under way at once of one task.')
param runsPerTask int = 1

@allowed([
  'taskRuns'
  'scheduleRun'
])
@description('Optional. How builds are started. scheduleRun is for an app that may not write taskRuns: a lost answer may then build twice.')
param runEngine string = 'taskRuns'

@minValue(1)
@maxValue(128)
@description('Optional. Largest build context that the app fetches itself, in MiB; a larger one is fetched by the run engine. At most 32 for instances of 512 MiB.')
param maxContextMiB int = 64

@minValue(1)
@maxValue(1440)
@description('Optional. Minutes between two looks at each base image in a registry of the settings, in case an event was lost.')
param reconcileMinutes int = 5

@minValue(1)
@maxValue(1440)
@description('Optional. Minutes between two looks at each base image in any other registry, which sends no events.')
param pollMinutes int = 15

@minValue(1)
@maxValue(3650)
@description('Optional. Days after which decisions are removed.')
param ledgerDays int = 90

@minValue(1)
@maxValue(3650)
@description('Optional. Days for which the ids of webhook deliveries are kept: one that comes again later starts another run.')
param deliveryDays int = 90

@minValue(1)
@maxValue(3650)
@description('Optional. Days after which ended runs are removed, but for those that are archived and the last of each task.')
param runDays int = 365

@allowed([
  512
  2048
  4096
])
@description('Optional. Memory of an instance of the app, in MiB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Optional. Most instances of the app: a bound on what it can cost. Some regions take no less than 40.')
param maximumInstanceCount int = 40

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
@description('Optional. Redundancy of the account with tasks and runs.')
param dataRedundancy string = 'Standard_ZRS'

@minValue(30)
@maxValue(730)
@description('Optional. Days for which logs are kept.')
param logRetentionDays int = 30

@description('Optional. Whether a deleted key vault cannot be purged for seven days. Turn off only for environments to throw away.')
param purgeProtection bool = true

@secure()
@description('Optional. The first sealing key, 32 bytes in base64 (openssl rand -base64 32). A random one is made where there is none.')
param sealingKey string = base64(replace(newGuid(), '-', ''))

var allTags = union(tags, { 'azd-env-name': environmentName })
var token = uniqueString(subscription().id, environmentName, location)
var deadLetterContainer = 'dead-letters'
var packageContainer = 'package'
// Azure takes letters, digits and hyphens there; azd takes more for the name of an environment.
var eventSubscriptionName = 'plinth-${replace(replace(replace(replace(environmentName, '_', '-'), '.', '-'), '(', '-'), ')', '-')}'

module identity 'modules/identity.bicep' = {
  params: {
    name: 'id-plinth-${token}'
    location: location
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (vnetEnabled && empty(subnetId)) {
  params: {
    name: 'vnet-plinth-${token}'
    location: location
    tags: allTags
  }
}

var appSubnetId = !vnetEnabled ? '' : empty(subnetId) ? network.?outputs.subnetId ?? '' : subnetId

module hostStorage 'modules/storageAccount.bicep' = {
  params: {
    name: 'sthost${token}'
    location: location
    tags: allTags
    skuName: 'Standard_LRS'
    subnetId: appSubnetId
    principalId: identity.outputs.principalId
    // The host keeps its locks, keys and package in blobs, and its diagnostic events in a table.
    roleNames: [
      'Storage Blob Data Owner'
      'Storage Table Data Contributor'
    ]
    containers: [
      packageContainer
    ]
  }
}

module dataStorage 'modules/storageAccount.bicep' = {
  params: {
    name: 'stdata${token}'
    location: location
    tags: allTags
    skuName: dataRedundancy
    subnetId: appSubnetId
    principalId: identity.outputs.principalId
    roleNames: [
      'Storage Queue Data Contributor'
      'Storage Table Data Contributor'
    ]
    containers: [
      deadLetterContainer
    ]
    tables: [
      'plinth'
      'plinthedges'
      'plinthpushes'
    ]
    queues: [
      'plinth-start'
      'plinth-start-poison'
    ]
  }
}

module vault 'modules/vault.bicep' = {
  params: {
    name: 'kv-plinth-${token}'
    location: location
    tags: allTags
    subnetId: appSubnetId
    purgeProtection: purgeProtection
    principalId: identity.outputs.principalId
    sealingKey: sealingKey
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: 'log-plinth-${token}'
    insightsName: 'appi-plinth-${token}'
    location: location
    tags: allTags
    retentionInDays: logRetentionDays
    principalId: identity.outputs.principalId
    alertEmail: alertEmail
  }
}

module registryAccess 'modules/registry.bicep' = [
  for registry in registries: {
    scope: resourceGroup(split(registry.id, '/')[2], split(registry.id, '/')[4])
    params: {
      name: last(split(registry.id, '/'))
      tags: allTags
      principalId: identity.outputs.principalId
      runsTasks: registry.?runsTasks ?? true
      customRole: customRole
      existingTopicName: registry.?topicName ?? ''
      eventSubscriptionName: eventSubscriptionName
      actionGroupId: monitoring.outputs.actionGroupId
    }
  }
]

module deadLetterRoles 'modules/deadLetterRole.bicep' = [
  for (registry, i) in registries: {
    params: {
      accountName: 'stdata${token}'
      containerName: deadLetterContainer
      topicPrincipalId: registryAccess[i].outputs.topicPrincipalId
    }
    dependsOn: [
      dataStorage
    ]
  }
]

module functionApp 'modules/functionApp.bicep' = {
  params: {
    name: 'func-plinth-${token}'
    planName: 'plan-plinth-${token}'
    location: location
    tags: allTags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    identityPrincipalId: identity.outputs.principalId
    hostBlobEndpoint: hostStorage.outputs.blobEndpoint
    hostTableEndpoint: hostStorage.outputs.tableEndpoint
    packageContainer: packageContainer
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    subnetId: appSubnetId
    apiClientId: apiClientId
    registries: [
      for (registry, i) in registries: {
        id: registry.id
        loginServer: registryAccess[i].outputs.loginServer
        roleAssignmentMode: registryAccess[i].outputs.roleAssignmentMode
        agentPoolName: registry.?agentPoolName ?? ''
      }
    ]
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
      PLINTH_ARM_ENDPOINT: environment().resourceManager
      PLINTH_BASE_IMAGE_POLICIES: empty(baseImagePolicies) ? '' : string(baseImagePolicies)
      PLINTH_DELIVERY_DAYS: string(deliveryDays)
      PLINTH_KEY_VAULT_ENDPOINTS: empty(keyVaultEndpoints) ? '' : string(keyVaultEndpoints)
      PLINTH_KEY_VAULTS: keyVaults
      PLINTH_LEDGER_DAYS: string(ledgerDays)
      PLINTH_MAX_CONTEXT_MIB: string(maxContextMiB)
      PLINTH_OWN_KEY_VAULTS: vault.outputs.uri
      PLINTH_POLL_MINUTES: string(pollMinutes)
      PLINTH_PRIVATE_HOSTS: privateHosts
      PLINTH_RECONCILE_MINUTES: string(reconcileMinutes)
      PLINTH_PUBLIC_URL: publicUrl
      PLINTH_RUN_DAYS: string(runDays)
      PLINTH_RUN_ENGINE: runEngine
      PLINTH_RUNS_PER_REGISTRY: string(runsPerRegistry)
      PLINTH_RUNS_PER_TASK: string(runsPerTask)
      PLINTH_SOURCE_CONTROL_APIS: empty(sourceControlApis) ? '' : string(sourceControlApis)
      PLINTH_SEALING_KEY: '@Microsoft.KeyVault(SecretUri=${vault.outputs.sealingKeyUri})'
      PlinthStorage__queueServiceUri: dataStorage.outputs.queueEndpoint
      PlinthStorage__tableServiceUri: dataStorage.outputs.tableEndpoint
    }
  }
}

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = 'func-plinth-${token}'

@description('Resource id of the function app, for events.bicep.')
output AZURE_FUNCTION_APP_ID string = functionApp.outputs.id

@description('Address of the function app.')
output AZURE_FUNCTION_URL string = functionApp.outputs.url

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('Name of the Application Insights component.')
output APPLICATIONINSIGHTS_NAME string = monitoring.outputs.insightsName

@description('Name of the key vault with the sealing key.')
output PLINTH_KEY_VAULT string = 'kv-plinth-${token}'

@description('Name of the account with tables, queues and dead letters.')
output PLINTH_DATA_ACCOUNT string = 'stdata${token}'

@description('Resource id of that account, for events.bicep.')
output PLINTH_DATA_ACCOUNT_ID string = dataStorage.outputs.id
