@description('Required. Name of the topic, in this resource group. It has an identity of its own (system-assigned).')
param topicName string

@description('Required. Tags of the alerts.')
param tags object

@description('Required. Name of the event subscription that is looked at; the topic may serve others too.')
param eventSubscriptionName string

@description('Required. Resource id of the action group of all alerts.')
param actionGroupId string

var alerts = [
  {
    metric: 'DeadLetteredCount'
    severity: 1
    threshold: 0
    description: 'Pushes could not be handed to Plinth and lie in the container dead-letters: after a day, or at once where the app is stopped.'
  }
  {
    metric: 'DroppedEventCount'
    severity: 1
    threshold: 0
    description: 'Pushes were lost: they could neither be handed to Plinth nor be kept as dead letters.'
  }
  {
    metric: 'DeliveryAttemptFailCount'
    severity: 2
    threshold: 10
    description: 'Plinth does not take pushes. They are tried again for a day, but where the app is stopped.'
  }
]

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource metricAlerts 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in alerts: {
    name: '${eventSubscriptionName}-${alert.metric}-${topicName}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [
        topic.id
      ]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT30M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: alert.metric
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.EventGrid/systemTopics'
            metricName: alert.metric
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: alert.threshold
            // A dimension has no values before its first event.
            skipMetricValidation: true
            dimensions: [
              {
                name: 'EventSubscriptionName'
                operator: 'Include'
                values: [
                  eventSubscriptionName
                ]
              }
            ]
          }
        ]
      }
      actions: [
        {
          actionGroupId: actionGroupId
        }
      ]
    }
  }
]

@description('Object id of the topic\'s identity.')
output topicPrincipalId string = topic.identity.principalId
