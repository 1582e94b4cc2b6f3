@description('Required. Name of the registry, in this resource group.')
param registryName string

@description('Required. Object id of the app\'s identity.')
param principalId string

@description('Required. Whether the app starts runs on the registry.')
param runsTasks bool

@description('Required. Whether permissions are given by repository (ABAC). Such a registry does not honour AcrPull, and a run pushes with the rights of its caller.')
param usesAbac bool

var roles = loadJsonContent('../roles.json')

var reading = usesAbac
  ? [
      'Container Registry Repository Reader'
    ]
  : [
      'AcrPull'
    ]
var running = usesAbac
  ? [
      'Container Registry Tasks Contributor'
      'Container Registry Repository Catalog Lister'
      'Container Registry Repository Writer'
    ]
  : [
      'Container Registry Tasks Contributor'
    ]

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource roleAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleName in concat(reading, runsTasks ? running : []): {
    scope: registry
    name: guid(registry.id, principalId, roleName)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[roleName])
    }
  }
]
