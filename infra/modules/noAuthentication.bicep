@description('Required. Name of the function app, whose callers have keys and are not signed in, also where they were before.')
param appName string

resource functionApp 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource authentication 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: functionApp
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: false
    }
  }
}
