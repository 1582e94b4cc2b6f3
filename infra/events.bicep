metadata description = 'Plinth, second part: hands the registries\' events to the function. It can be made only when the function is there: azd applies it after each deployment of code, to the resource group of the app.'

import { Registry } from 'group.bicep'

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
    scope: resourceGroup(split(registry.id, '/')[2], split(registry.id, '/')[4])
    params: {
      topicName: registry.?topicName ?? take('evgt-plinth-${last(split(registry.id, '/'))}', 50)
      name: 'plinth-${replace(replace(replace(replace(environmentName, '_', '-'), '.', '-'), '(', '-'), ')', '-')}'
      functionId: '${functionAppId}/functions/imagePushed'
      deadLetterAccountId: dataAccountId
      deadLetterContainer: 'dead-letters'
      repositoryPrefix: registry.?repositoryPrefix ?? ''
    }
  }
]
