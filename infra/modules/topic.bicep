@description('Required. Name of the topic.')
param name string

@description('Required. Region of the registry.')
param location string

@description('Required. Tags of the topic.')
param tags object

@description('Required. Resource id of the registry whose events it carries.')
param registryId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: registryId
    topicType: 'Microsoft.ContainerRegistry.Registries'
  }
}
