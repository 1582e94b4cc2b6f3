targetScope = 'subscription'

metadata description = 'Plinth in a subscription of your own: a resource group, and group.bicep in it. events.bicep follows when the code is deployed.'

import { Registry } from 'group.bicep'

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

@description('Optional. Name of the resource group to create. Empty: rg-plinth- and the environment.')
param resourceGroupName string = ''

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

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: empty(resourceGroupName) ? 'rg-plinth-${environmentName}' : resourceGroupName
  location: location
  tags: union(tags, { 'azd-env-name': environmentName })
}

module plinth 'group.bicep' = {
  scope: group
  params: {
    environmentName: environmentName
    location: location
    registries: registries
    tags: tags
    apiClientId: apiClientId
    alertEmail: alertEmail
    vnetEnabled: vnetEnabled
    subnetId: subnetId
    publicUrl: publicUrl
    sourceControlApis: sourceControlApis
    baseImagePolicies: baseImagePolicies
    keyVaultEndpoints: keyVaultEndpoints
    keyVaults: keyVaults
    privateHosts: privateHosts
    customRole: customRole
    runsPerRegistry: runsPerRegistry
    runsPerTask: runsPerTask
    runEngine: runEngine
    maxContextMiB: maxContextMiB
    reconcileMinutes: reconcileMinutes
    pollMinutes: pollMinutes
    ledgerDays: ledgerDays
    deliveryDays: deliveryDays
    runDays: runDays
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    dataRedundancy: dataRedundancy
    logRetentionDays: logRetentionDays
    purgeProtection: purgeProtection
    sealingKey: sealingKey
  }
}

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = plinth.outputs.AZURE_FUNCTION_NAME

@description('Resource id of the function app, for events.bicep.')
output AZURE_FUNCTION_APP_ID string = plinth.outputs.AZURE_FUNCTION_APP_ID

@description('Address of the function app.')
output AZURE_FUNCTION_URL string = plinth.outputs.AZURE_FUNCTION_URL

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = plinth.outputs.AZURE_RESOURCE_GROUP

@description('Name of the Application Insights component.')
output APPLICATIONINSIGHTS_NAME string = plinth.outputs.APPLICATIONINSIGHTS_NAME

@description('Name of the key vault with the sealing key.')
output PLINTH_KEY_VAULT string = plinth.outputs.PLINTH_KEY_VAULT

@description('Name of the account with tables, queues and dead letters.')
output PLINTH_DATA_ACCOUNT string = plinth.outputs.PLINTH_DATA_ACCOUNT

@description('Resource id of that account, for events.bicep.')
output PLINTH_DATA_ACCOUNT_ID string = plinth.outputs.PLINTH_DATA_ACCOUNT_ID
