/** The two ways to name a registry: ARM's, for az and the SDKs, and a short one for people and scripts. */
export const armPath =
  'subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.ContainerRegistry/registries/{registry}';
export const shortPath = 'registries/{registry}';
