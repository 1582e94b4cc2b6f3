@description('Required. Name of the virtual network.')
param name string

@description('Required. Region of the virtual network.')
param location string

@description('Required. Tags of the virtual network.')
param tags object

@description('Optional. Addresses of the virtual network and its one subnet; Flex Consumption asks for a /27 or more.')
param addressPrefix string = '10.90.0.0/26'

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'function-app'
        properties: {
          addressPrefix: addressPrefix
          // The app also reaches git hosts and public registries.
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
          serviceEndpoints: [
            {
              service: 'Microsoft.Storage'
            }
            {
              service: 'Microsoft.KeyVault'
            }
            {
              service: 'Microsoft.ContainerRegistry'
            }
          ]
        }
      }
    ]
  }
}

@description('Resource id of the subnet for the function app.')
output subnetId string = virtualNetwork.properties.subnets[0].id
