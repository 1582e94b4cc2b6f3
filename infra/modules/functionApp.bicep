@description('Required. Name of the function app, unique in the world.')
param name string

@description('Required. Name of its plan.')
param planName string

@description('Required. Region of both.')
param location string

@description('Required. Tags of both; azd finds the app by azd-service-name.')
param tags object

@description('Required. Resource id of the app\'s identity.')
param identityId string

@description('Required. Client id of the app\'s identity.')
param identityClientId string

@description('Required. Object id of the app\'s identity.')
param identityPrincipalId string

@description('Required. The registries in the settings of the app: id, loginServer, roleAssignmentMode and agentPoolName of each.')
param registries {
  id: string
  loginServer: string
  roleAssignmentMode: string
  agentPoolName: string
}[]

@description('Required. Application settings, beside those that follow from the other parameters.')
param settings object

@description('Required. Address of the blob service of the host\'s account.')
param hostBlobEndpoint string

@description('Required. Address of the table service of the host\'s account.')
param hostTableEndpoint string

@description('Required. Name of the container that holds the deployed package.')
param packageContainer string

@description('Required. Most instances that Azure may start.')
param maximumInstanceCount int

@description('Required. Memory of an instance: 512, 2048 or 4096.')
param instanceMemoryMB int

@description('Optional. Resource id of the subnet the app goes out through; empty for none.')
param subnetId string = ''

@description('Optional. Client id of the API\'s registration in Entra; empty for function keys.')
param apiClientId string = ''

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource functionApp 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobEndpoint}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: '22'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
  }
}

resource authentication 'Microsoft.Web/sites/config@2025-03-01' = if (!empty(apiClientId)) {
  parent: functionApp
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: [
        // Event Grid comes with the system key of the host's webhook, a reader of a log with a signed address, GitHub
        // and Azure DevOps with a delivery that proves itself. The files of the page hold no data: it signs in itself.
        '/runtime/webhooks/*'
        '/logs/*'
        '/webhooks/*'
        '/page'
        '/page/*'
      ]
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: apiClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            apiClientId
            'api://${apiClientId}'
          ]
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}

// After authentication: with PLINTH_API_CLIENT_ID the functions require no key and rely on the signed-in caller.
resource applicationSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: functionApp
  name: 'appsettings'
  dependsOn: [
    authentication
  ]
  properties: union(settings, {
    AZURE_CLIENT_ID: identityClientId
    AZURE_TENANT_ID: tenant().tenantId
    AzureWebJobsDisableHomepage: 'true'
    AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__tableServiceUri: hostTableEndpoint
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    PLINTH_API_CLIENT_ID: apiClientId
    PLINTH_IDENTITY_PRINCIPAL_ID: identityPrincipalId
    PLINTH_REGISTRIES: string(registries)
    PlinthStorage__clientId: identityClientId
    PlinthStorage__credential: 'managedidentity'
  })
}

// Only then: functions that ask for no key trust whoever App Service says has signed in.
module noAuthentication 'noAuthentication.bicep' = if (empty(apiClientId)) {
  params: {
    appName: functionApp.name
  }
  dependsOn: [
    applicationSettings
  ]
}

// No passwords for deployment either: Entra is the only way in.
resource noFtpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: functionApp
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noScmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: functionApp
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('Resource id of the function app.')
output id string = functionApp.id

@description('Address of the function app.')
output url string = 'https://${functionApp.properties.defaultHostName}'
