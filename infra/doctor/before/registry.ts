import { type Finding, fault, note, quoted, works } from '../finding.ts';
import { setRegistries, type WantedRegistry } from '../wanted.ts';

/** https://learn.microsoft.com/rest/api/containerregistry/registries/get */
export interface AcrResource {
  sku: { name: string };
  properties: {
    loginServer: string;
    provisioningState: string;
    publicNetworkAccess?: string;
    networkRuleSet?: { defaultAction: string };
    networkRuleBypassOptions?: string;
    networkRuleBypassAllowedForTasks?: boolean;
    roleAssignmentMode?: string;
  };
}

/** An event topic, with the resource whose events it carries. */
export interface SystemTopic {
  id: string;
  name: string;
  identity?: { type: string; principalId?: string };
  properties: { source: string };
}

/** The registries that are there no more: what is left of the setting without one. */
export const noRegistry = ({ name, id }: WantedRegistry, all: WantedRegistry[]) =>
  fault(
    `registry ${name}`,
    `there is no ${id}: it was deleted, or the id is wrong`,
    ...(all.length > 1 ? [setRegistries(all.filter((other) => other.id !== id))] : []),
  );

/** Tier, rights and network of a registry, as far as they stop a run or a look at an image. */
export function judgeRegistry(
  wanted: WantedRegistry,
  { sku, properties }: AcrResource,
  hasNetwork: boolean,
): Finding[] {
  const edge = `registry ${wanted.name}`;
  if (properties.provisioningState !== 'Succeeded')
    return [
      fault(
        edge,
        `its provisioningState is ${properties.provisioningState}`,
        `az acr show --name ${quoted(wanted.name)}`,
      ),
    ];
  const usesAbac = properties.roleAssignmentMode === 'AbacRepositoryPermissions';
  const rights = usesAbac
    ? 'rights by repository (ABAC): runs push with the roles of the app'
    : 'rights by registry: whoever may start runs may in effect push';
  return [works(edge, `${sku.name}, ${rights}`), ...judgeNetwork(wanted, { sku, properties }, hasNetwork)];
}

/**
 * Azure takes runs of a registry with network rules only on an agent pool (Premium), or where tasks may pass the rules:
 * https://learn.microsoft.com/azure/container-registry/manage-network-bypass-policy-for-tasks
 */
function judgeNetwork(wanted: WantedRegistry, { properties }: AcrResource, hasNetwork: boolean): Finding[] {
  const { publicNetworkAccess, networkRuleSet, networkRuleBypassOptions, networkRuleBypassAllowedForTasks } =
    properties;
  const isClosed = publicNetworkAccess === 'Disabled';
  const hasRules = isClosed || networkRuleSet?.defaultAction === 'Deny';
  if (!hasRules) return [];
  const edge = `network of ${wanted.name}`;
  const says = isClosed ? 'public access is disabled' : 'its rules deny by default';
  const findings: Finding[] = [];
  if (!hasNetwork)
    findings.push(
      fault(
        edge,
        `${says}, and the app would come from no fixed address`,
        'azd env set PLINTH_SUBNET_ID … && azd provision',
      ),
    );
  else if (isClosed)
    findings.push(note(edge, `${says}: the subnet of the app needs a private endpoint of the registry`));
  const passes = networkRuleBypassOptions === 'AzureServices' && networkRuleBypassAllowedForTasks === true;
  if (wanted.runsTasks && !passes && !wanted.agentPoolName)
    findings.push(
      fault(
        `run engine of ${wanted.name}`,
        `${says}, and tasks may not pass them`,
        `az resource update --ids ${quoted(wanted.id)} --api-version 2025-06-01-preview --set properties.networkRuleBypassOptions=AzureServices properties.networkRuleBypassAllowedForTasks=true`,
      ),
    );
  return findings.length > 0
    ? findings
    : [note(edge, `${says}; the app comes from its subnet, tasks may pass`)];
}

/** https://learn.microsoft.com/azure/container-registry/tasks-agent-pools */
export interface AgentPool {
  properties: { os?: string; count?: number; provisioningState?: string };
}

/**
 * The agent pool that runs of a registry use.
 * @param pool undefined where it is not there
 */
export function judgePool(wanted: WantedRegistry, sku: string, pool: AgentPool | undefined): Finding {
  const name = wanted.agentPoolName ?? '';
  const edge = `agent pool of ${wanted.name}`;
  const registry = quoted(wanted.name);
  if (sku !== 'Premium')
    return fault(
      edge,
      `${name} needs the tier Premium, and this is ${sku}`,
      `az acr update --name ${registry} --sku Premium`,
    );
  if (!pool)
    return fault(
      edge,
      `there is no ${name}, and each run would fail`,
      `az acr agentpool create --registry ${registry} --name ${quoted(name)} --tier S2 --subnet-id …`,
    );
  const { os = 'Linux', count = 1, provisioningState = 'Succeeded' } = pool.properties;
  if (provisioningState !== 'Succeeded')
    return fault(
      edge,
      `the provisioningState of ${name} is ${provisioningState}`,
      `az acr agentpool show --registry ${registry} --name ${quoted(name)}`,
    );
  if (count === 0)
    return fault(
      edge,
      `${name} has no instance: runs would wait until they end as Timeout`,
      `az acr agentpool update --registry ${registry} --name ${quoted(name)} --count 1`,
    );
  return works(edge, `${name}, ${os}, instances: ${count}`);
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/**
 * Azure takes one topic for each registry. Another environment's is no hindrance where the setting names it.
 * @param topics those of the registry's subscription
 */
export function judgeTopic(wanted: WantedRegistry, topics: SystemTopic[], all: WantedRegistry[]): Finding {
  const edge = `event topic of ${wanted.name}`;
  const there = topics.find(({ properties }) => same(properties.source, wanted.id));
  const name = wanted.topicName ?? `evgt-plinth-${wanted.name}`.slice(0, 50);
  if (!there)
    return wanted.topicName
      ? fault(edge, `there is no ${wanted.topicName}`, setRegistries(withTopic(all, wanted, undefined)))
      : works(edge, 'none yet, one will be made');
  const group = there.id.replace(/\/providers\/.*$/i, '');
  if (!same(group, wanted.group))
    return fault(
      edge,
      `Azure takes one for each registry, and ${there.name} is in another group`,
      `az eventgrid system-topic delete --name ${quoted(there.name)} --resource-group ${quoted(group.split('/').at(-1)!)}`,
    );
  if (!same(there.name, name))
    return fault(
      edge,
      `Azure takes one for each registry, and ${there.name} is there already`,
      setRegistries(withTopic(all, wanted, there.name)),
    );
  if (!there.identity?.principalId)
    return fault(
      edge,
      `${there.name} has no identity, without which it writes no dead letters`,
      `az eventgrid system-topic update --name ${quoted(there.name)} --resource-group ${quoted(group.split('/').at(-1)!)} --identity systemassigned`,
    );
  return works(edge, there.name);
}

const withTopic = (all: WantedRegistry[], { id }: WantedRegistry, topicName: string | undefined) =>
  all.map((registry) => (registry.id === id ? { ...registry, topicName } : registry));
