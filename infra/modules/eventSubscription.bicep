@description('Required. Name of the registry\'s topic, in this resource group.')
param topicName string

@description('Required. Name of the event subscription.')
param name string

@description('Required. Resource id of the function that takes the events.')
param functionId string

@description('Required. Resource id of the account with the dead letters.')
param deadLetterAccountId string

@description('Required. Name of the container with the dead letters.')
param deadLetterContainer string

@description('Optional. Only events of repositories that begin with this text, for example prod/.')
param repositoryPrefix string = ''

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource eventSubscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: name
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: functionId
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: [
        'Microsoft.ContainerRegistry.ImagePushed'
      ]
      isSubjectCaseSensitive: false
      subjectBeginsWith: repositoryPrefix
    }
    retryPolicy: {
      eventTimeToLiveInMinutes: 1440
      maxDeliveryAttempts: 30
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetterAccountId
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
}
