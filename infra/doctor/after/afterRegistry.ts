import { dayMs } from '../../../shared/rules/timing.ts';
import { reasonOf } from '../azure.ts';
import { type AcrResource, noRegistry, type SystemTopic } from '../before/registry.ts';
import { assignRole, type Finding, fault, unseen, works } from '../finding.ts';
import type { WantedRegistry } from '../wanted.ts';
import { rolesHeld } from './afterApp.ts';
import { type Base, versions } from './base.ts';
import {
  type EventSubscription,
  judgeDeliveries,
  judgeSubscription,
  type Metrics,
  metricNames,
} from './events.ts';
import { type GivenRole, rolesOnRegistry } from './roles.ts';

/** The roles that main.bicep gives the app's identity on a registry, as it gives rights now. */
export const registryRoles = (
  { place: { principalId } }: Base,
  { id, runsTasks }: WantedRegistry,
  usesAbac: boolean,
) =>
  rolesOnRegistry(usesAbac, runsTasks).map(
    (role): GivenRole => ({ principalId, who: 'the app', role, scope: id }),
  );

export const usesAbac = ({ properties }: AcrResource) =>
  properties.roleAssignmentMode === 'AbacRepositoryPermissions';

/** A registry that the app serves: that it is there, the roles on it, its events. */
export async function registryOf(base: Base, registry: WantedRegistry): Promise<Finding[]> {
  const { azure, settings } = base;
  const resource = await azure.get<AcrResource>(registry.id, '2025-11-01');
  if (resource.status === 404) return [noRegistry(registry, base.registries)];
  if (!resource.body) return [unseen(`registry ${registry.name}`, reasonOf(resource))];
  const given = registryRoles(base, registry, usesAbac(resource.body));
  const [roles, events] = await Promise.all([rolesHeld(azure, given), eventsOf(base, registry)]);
  return [...modeOf(registry, resource.body, settings), ...roles, ...events];
}

/** The app asks for runs in another way where a registry gives rights by repository. */
function modeOf({ name, id }: WantedRegistry, resource: AcrResource, settings: Base['settings']): Finding[] {
  const known =
    settings &&
    (JSON.parse(settings.PLINTH_REGISTRIES ?? '[]') as { id: string; roleAssignmentMode?: string }[]);
  const told = known?.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (!told) return [];
  const edge = `rights mode of ${name}`;
  const isTold = told.roleAssignmentMode === 'AbacRepositoryPermissions';
  if (isTold === usesAbac(resource))
    return [works(edge, told.roleAssignmentMode ?? 'LegacyRegistryPermissions')];
  return [
    fault(
      edge,
      `the registry has ${resource.properties.roleAssignmentMode}, the app was told otherwise`,
      'azd provision',
    ),
  ];
}

async function eventsOf(
  { azure, environment, parts, site }: Base,
  registry: WantedRegistry,
): Promise<Finding[]> {
  const edge = `event topic of ${registry.name}`;
  const topics = await azure.list<SystemTopic>(
    `${registry.group}/providers/Microsoft.EventGrid/systemTopics`,
    versions.events,
  );
  if (!topics.body) return [unseen(edge, reasonOf(topics))];
  const topic = topics.body.find(
    ({ properties }) => properties.source.toLowerCase() === registry.id.toLowerCase(),
  );
  if (!topic) return [fault(edge, 'there is none', 'azd provision', 'infra/scripts/apply-events.sh')];
  const deadLetters = `${parts.dataAccount?.id}/blobServices/default/containers/dead-letters`;
  const principalId = topic.identity?.principalId ?? '';
  const role: GivenRole = {
    principalId,
    who: topic.name,
    role: 'Storage Blob Data Contributor',
    scope: deadLetters,
  };
  const now = Date.now();
  const timespan = [now - dayMs, now].map((time) => new Date(time).toISOString()).join('/');
  const asked = `metricnames=${metricNames.join(',')}&timespan=${timespan}&interval=P1D&aggregation=Total`;
  const [subscriptions, metrics, roles] = await Promise.all([
    azure.list<EventSubscription>(`${topic.id}/eventSubscriptions`, versions.events),
    azure.get<Metrics>(`${topic.id}/providers/Microsoft.Insights/metrics?${asked}`, '2024-02-01'),
    rolesHeld(azure, [role]),
  ]);
  const giveRole = assignRole({ id: principalId, type: 'ServicePrincipal' }, role.role, deadLetters);
  return [
    subscriptions.body
      ? judgeSubscription(
          registry.name,
          `plinth-${environment}`,
          subscriptions.body,
          `${site.id}/functions/imagePushed`,
        )
      : unseen(`event subscription of ${registry.name}`, reasonOf(subscriptions)),
    ...(metrics.body
      ? judgeDeliveries(registry.name, metrics.body, giveRole)
      : [unseen(`deliveries of ${registry.name}`, reasonOf(metrics))]),
    ...roles,
  ];
}
