@description('Required. Name of the vault, 3 to 24 letters, digits and -.')
param name string

@description('Required. Region of the vault.')
param location string

@description('Required. Tags of the vault.')
param tags object

@description('Optional. Resource id of the only subnet that may reach the vault; empty for any network.')
param subnetId string = ''

@description('Required. Whether a deleted vault must be kept for its seven days. What was sealed is lost with the key.')
param purgeProtection bool

@description('Required. Object id of the identity that reads the sealing key.')
param principalId string

@secure()
@description('Required. The first sealing key, 32 bytes in base64. A key that is there stays.')
param sealingKey string

var roles = loadJsonContent('../roles.json')

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // Azure takes true or nothing.
    enablePurgeProtection: purgeProtection ? true : null
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: empty(subnetId) ? 'Allow' : 'Deny'
      virtualNetworkRules: empty(subnetId)
        ? []
        : [
            {
              id: subnetId
            }
          ]
    }
  }
}

// A second deployment makes another random key; over the first it would lock away every stored secret.
@onlyIfNotExists()
resource sealingKeySecret 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: 'sealing-key'
  properties: {
    contentType: '32 bytes in base64; several with commas between, the newest first'
    value: sealingKey
  }
}

resource readsSealingKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: sealingKeySecret
  name: guid(sealingKeySecret.id, principalId, 'Key Vault Secrets User')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Key Vault Secrets User'])
  }
}

@description('Address of the sealing key without a version, so that a reference follows its rotation.')
output sealingKeyUri string = '${vault.properties.vaultUri}secrets/${sealingKeySecret.name}'

@description('Address of the vault, which no task may read.')
output uri string = vault.properties.vaultUri
