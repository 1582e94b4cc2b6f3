@description('Required. Name of the workspace.')
param workspaceName string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Region of both.')
param location string

@description('Required. Tags of all resources.')
param tags object

@description('Required. Days for which logs are kept.')
param retentionInDays int

@description('Required. Object id of the identity that sends telemetry.')
param principalId string

@description('Optional. Address that alerts are mailed to; empty for alerts that only the portal shows.')
param alertEmail string = ''

var roles = loadJsonContent('../roles.json')

// The texts are the Functions host's and shared/names/azureNames.ts'; the names of functions are those of functions/.
var logAlerts = [
  {
    name: 'not-running'
    severity: 1
    description: 'The clock has not run in half an hour: the app is down, or its settings are not complete.'
    query: 'AppTraces | where Message startswith "Executed \'Functions.clock\' (Succeeded"'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'poison-message'
    severity: 2
    description: 'A message failed five times and was put aside. Its run stands still until it is looked at.'
    query: 'AppTraces | where Message has "MaxDequeueCount" and Message has "-poison"'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'stale-edge'
    severity: 2
    description: 'A base image moved and its dependents were not notified: an event was lost, or its registry cannot be read.'
    // Traces may be sampled, metrics are not; a registry that cannot be read has no metric.
    query: 'union (AppMetrics | where Name == "plinth.edge.staleness" and tolower(tostring(Properties.open)) == "true"), (AppTraces | where Message has "stale edge")'
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    features: {
      disableLocalAuth: true
    }
    retentionInDays: retentionInDays
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource sendsTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, 'Monitoring Metrics Publisher')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Monitoring Metrics Publisher']
    )
  }
}

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'plinth'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'plinth'
    enabled: true
    emailReceivers: empty(alertEmail)
      ? []
      : [
          {
            name: 'mail'
            emailAddress: alertEmail
            useCommonAlertSchema: true
          }
        ]
  }
}

resource logAlertRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in logAlerts: {
    name: 'plinth-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Plinth: ${alert.name}'
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [
        workspace.id
      ]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT30M'
      autoMitigate: true
      // The tables come with the first telemetry.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: alert.operator
            threshold: alert.threshold
          }
        ]
      }
      actions: {
        actionGroups: [
          actionGroup.id
        ]
      }
    }
  }
]

@description('Name of the Application Insights component.')
output insightsName string = insights.name

@description('Where telemetry is sent. No secret: without the role above nothing is taken.')
output connectionString string = insights.properties.ConnectionString

@description('Resource id of the action group of all alerts.')
output actionGroupId string = actionGroup.id
