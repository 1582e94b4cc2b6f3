@description('Required. Name of the registry, in this resource group.')
param name string

@description('Required. Tags of what is created here.')
param tags object

@description('Required. Object id of the app\'s identity.')
param principalId string

@description('Required. Whether the app starts runs on the registry, for the tasks that live there.')
param runsTasks bool

@description('Required. Whether it does so with a role that is made for that; else with one of Azure\'s that may do more.')
param customRole bool

@description('Required. Name of an event topic that the registry has already; empty to create one. Azure takes one for each registry.')
param existingTopicName string

@description('Required. Name of the event subscription that events.bicep creates.')
param eventSubscriptionName string

@description('Required. Resource id of the action group of all alerts.')
param actionGroupId string

// A registry's name may have 50 letters, and so may a topic's. events.bicep and the doctor make the same name.
var topicName = empty(existingTopicName) ? take('evgt-plinth-${name}', 50) : existingTopicName

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: name
}

module roles 'registryRoles.bicep' = {
  params: {
    registryName: name
    principalId: principalId
    runsTasks: runsTasks
    customRole: customRole
    usesAbac: registry.properties.?roleAssignmentMode == 'AbacRepositoryPermissions'
  }
}

module newTopic 'topic.bicep' = if (empty(existingTopicName)) {
  params: {
    name: topicName
    location: registry.location
    tags: tags
    registryId: registry.id
  }
}

module alerts 'topicAlerts.bicep' = {
  params: {
    topicName: topicName
    tags: tags
    eventSubscriptionName: eventSubscriptionName
    actionGroupId: actionGroupId
  }
  dependsOn: [
    newTopic
  ]
}

@description('How the registry gives rights: LegacyRegistryPermissions, or AbacRepositoryPermissions for rights by repository.')
output roleAssignmentMode string = registry.properties.?roleAssignmentMode ?? 'LegacyRegistryPermissions'

@description('Host name under which clients reach the registry.')
output loginServer string = registry.properties.loginServer

@description('Object id of the topic\'s identity, which writes dead letters.')
output topicPrincipalId string = alerts.outputs.topicPrincipalId
