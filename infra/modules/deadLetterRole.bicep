@description('Required. Name of the account with the dead letters, in this resource group.')
param accountName string

@description('Required. Name of the container with the dead letters.')
param containerName string

@description('Required. Object id of the topic\'s identity.')
param topicPrincipalId string

var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: accountName

  resource blobService 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: containerName
    }
  }
}

resource writesDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account::blobService::container
  name: guid(account::blobService::container.id, topicPrincipalId, 'Storage Blob Data Contributor')
  properties: {
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Blob Data Contributor']
    )
  }
}
