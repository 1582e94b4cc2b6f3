@description('Required. Name of the identity.')
param name string

@description('Required. Region of the identity.')
param location string

@description('Required. Tags of the identity.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Client id of the identity, as its tokens are asked for.')
output clientId string = identity.properties.clientId

@description('Object id of the identity, as roles are assigned to it.')
output principalId string = identity.properties.principalId
