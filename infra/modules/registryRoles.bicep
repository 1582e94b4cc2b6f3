@description('Required. Name of the registry, in this resource group.')
param registryName string

@description('Required. Object id of the app\'s identity.')
param principalId string

@description('Required. Whether the app starts runs on the registry.')
param runsTasks bool

@description('Required. Whether it starts them with a role that is made for that here, which the deployer must be allowed to create.')
param customRole bool

@description('Required. Whether permissions are given by repository (ABAC). Such a registry does not honour AcrPull, and a run pushes with the rights of its caller.')
param usesAbac bool

var roles = loadJsonContent('../roles.json')

var wanted = [
  { role: 'AcrPull', when: !usesAbac }
  { role: 'Container Registry Repository Reader', when: usesAbac }
  { role: 'Container Registry Tasks Contributor', when: runsTasks && !customRole }
  { role: 'Container Registry Repository Catalog Lister', when: runsTasks && usesAbac }
  { role: 'Container Registry Repository Writer', when: runsTasks && usesAbac }
]

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource roleAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for it in wanted: if (it.when) {
    scope: registry
    name: guid(registry.id, principalId, it.role)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[it.role])
    }
  }
]

// Azure has no role for runs alone: Container Registry Tasks Contributor also writes tasks and agent pools.
resource runStarter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (runsTasks && customRole) {
  name: guid(registry.id, 'Plinth Run Starter')
  properties: {
    // Unique in the tenant, as the name of a registry is.
    roleName: 'Plinth Run Starter of ${registryName}'
    description: 'Starts, follows and cancels runs of the registry ${registryName}, reads their logs and uploads their contexts.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.ContainerRegistry/registries/read'
          'Microsoft.ContainerRegistry/registries/scheduleRun/action'
          'Microsoft.ContainerRegistry/registries/listBuildSourceUploadUrl/action'
          'Microsoft.ContainerRegistry/registries/runs/read'
          'Microsoft.ContainerRegistry/registries/runs/listLogSasUrl/action'
          'Microsoft.ContainerRegistry/registries/runs/cancel/action'
          'Microsoft.ContainerRegistry/registries/taskruns/read'
          'Microsoft.ContainerRegistry/registries/taskruns/write'
          'Microsoft.ContainerRegistry/registries/taskruns/delete'
          // Asked of who names an agent pool, from June 2027:
          // https://learn.microsoft.com/azure/container-registry/tasks-agent-pools-permission-migration
          'Microsoft.ContainerRegistry/registries/agentpools/read'
        ]
      }
    ]
    assignableScopes: [
      resourceGroup().id
    ]
  }
}

resource startsRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (runsTasks && customRole) {
  scope: registry
  name: guid(registry.id, principalId, 'Plinth Run Starter')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', runStarter.name)
  }
}
