/** A registry that Plinth serves or watches, from the settings. */
export interface KnownRegistry {
  name: string;
  /** `/subscriptions/…/providers/Microsoft.ContainerRegistry/registries/{name}` */
  id: string;
  /** `contoso.azurecr.io`, as in image references. */
  loginServer: string;
  /** Where it answers, when that is not `https://{loginServer}`: a private endpoint, a proxy. */
  endpoint: string;
  /** `AbacRepositoryPermissions`: rights are given by repository, and a run has those of its caller. */
  usesAbac?: boolean;
  /** The agent pool of runs for which neither their task nor their request names one. */
  agentPoolName?: string;
}
