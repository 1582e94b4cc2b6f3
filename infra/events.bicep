targetScope = 'subscription'

metadata description = 'Plinth, second part: hands the registries\' events to the function. It can be made only when the function is there: azd applies it after each deployment of code.'

type Registry = {
  @description('Required. Resource id of the registry.')
  id: string

  @description('Optional. Whether tasks live in the registry, so that the app starts runs there; true where it is left out.')
  runsTasks: bool?

  @description('Optional. Name of an event topic that the registry has already.')
  topicName: string?

  @description('Optional. Only pushes to repositories that begin with this text are announced.')
  repositoryPrefix: string?
}

@description('Required. Name of the environment, as in main.bicep.')
param environmentName string

@description('Required. The registries, as in main.bicep.')
param registries Registry[]

@description('Required. Resource id of the function app: output AZURE_FUNCTION_APP_ID of main.bicep.')
param functionAppId string

@description('Required. Resource id of the account for dead letters: output PLINTH_DATA_ACCOUNT_ID of main.bicep.')
param dataAccountId string

module eventSubscriptions 'modules/eventSubscription.bicep' = [
  for registry in registries: {
    name: 'plinth-events-${last(split(registry.id, '/'))}'
    scope: resourceGroup(split(registry.id, '/')[2], split(registry.id, '/')[4])
    params: {
      topicName: registry.?topicName ?? 'evgt-plinth-${last(split(registry.id, '/'))}'
      name: 'plinth-${environmentName}'
      functionId: '${functionAppId}/functions/imagePushed'
      deadLetterAccountId: dataAccountId
      deadLetterContainer: 'dead-letters'
      repositoryPrefix: registry.?repositoryPrefix ?? ''
    }
  }
]
