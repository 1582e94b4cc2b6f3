import { type Answer, type Azure, reasonOf } from '../azure.ts';
import { type Finding, fault, unseen, works } from '../finding.ts';
import type { Wanted, WantedRegistry } from '../wanted.ts';
import { type DeletedVault, judgeName, type NameQuestion, worldNames } from './names.ts';
import {
  type AcrResource,
  type AgentPool,
  judgePool,
  judgeRegistry,
  judgeTopic,
  noRegistry,
  type SystemTopic,
} from './registry.ts';
import {
  besideRegistry,
  inGroup,
  inSubscription,
  judgeRights,
  onRegistry,
  type Permission,
} from './rights.ts';
import { judgeProviders, judgeSubscription, neededProviders, type Subscription } from './subscription.ts';

/** What would stop a deployment of what is wanted, as whoever is signed in. It changes nothing. */
export async function examineBefore(azure: Azure, wanted: Wanted): Promise<Finding[]> {
  const parts = await Promise.all([
    subscriptionOf(azure),
    providersOf(azure, wanted),
    rightsOf(azure, wanted),
    ...wanted.registries.map((registry) => registryOf(azure, registry, wanted)),
    namesOf(azure, wanted),
  ]);
  return parts.flat();
}

async function subscriptionOf(azure: Azure): Promise<Finding[]> {
  const answer = await azure.get<Subscription>(`/subscriptions/${azure.subscriptionId}`, '2022-12-01');
  return answer.body
    ? judgeSubscription(answer.body)
    : [unseen(`subscription ${azure.subscriptionId}`, reasonOf(answer), 'az account set --subscription …')];
}

async function providersOf(azure: Azure, wanted: Wanted): Promise<Finding[]> {
  const needed = neededProviders(azure.subscriptionId, wanted);
  const judged = [...needed].map(async ([subscription, names]) => {
    const states = await Promise.all(
      names.map(async (name): Promise<[string, string | undefined]> => {
        const path = `/subscriptions/${subscription}/providers/${name}`;
        const { body } = await azure.get<{ registrationState: string }>(path, '2021-04-01');
        return [name, body?.registrationState];
      }),
    );
    return judgeProviders(subscription, Object.fromEntries(states));
  });
  return (await Promise.all(judged)).flat();
}

async function rightsOf(azure: Azure, wanted: Wanted): Promise<Finding[]> {
  const subscription = `/subscriptions/${azure.subscriptionId}`;
  const group = `${subscription}/resourceGroups/${wanted.group ?? `rg-plinth-${wanted.environment ?? ''}`}`;
  const { status } = await azure.get(group, '2025-04-01');
  // Whoever may read nothing is not told whether it is there.
  const exists = status === 200 || (status === 403 && wanted.group !== undefined);
  const groups = new Map(wanted.registries.map((registry) => [registry.group.toLowerCase(), registry]));
  const places = [
    inSubscription(subscription),
    inGroup(exists ? group : subscription),
    ...wanted.registries.map(({ name, id }) => onRegistry(name, id)),
    ...[...groups].map(([key, { name, group }]) =>
      besideRegistry(
        name,
        group,
        wanted.customRole &&
          wanted.registries.some((one) => one.runsTasks && one.group.toLowerCase() === key),
      ),
    ),
  ];
  return Promise.all(
    places.map(async (place) => {
      const path = `${place.scope}/providers/Microsoft.Authorization/permissions`;
      const answer = await azure.list<Permission>(path, '2022-04-01');
      if (!answer.body && answer.status !== 403)
        return unseen(`your rights on ${place.title}`, reasonOf(answer));
      return judgeRights(place, answer.body ?? [], azure.principal);
    }),
  );
}

async function registryOf(azure: Azure, registry: WantedRegistry, wanted: Wanted): Promise<Finding[]> {
  const [resource, topics] = await Promise.all([
    azure.get<AcrResource>(registry.id, '2025-11-01'),
    azure.list<SystemTopic>(
      `/subscriptions/${registry.subscriptionId}/providers/Microsoft.EventGrid/systemTopics`,
      '2025-02-15',
    ),
  ]);
  if (resource.status === 404) return [noRegistry(registry, wanted.registries)];
  const edge = `registry ${registry.name}`;
  return [
    ...(resource.body
      ? judgeRegistry(registry, resource.body, wanted.hasNetwork)
      : [unseen(edge, reasonOf(resource))]),
    ...(await poolOf(azure, registry, resource.body)),
    topics.body
      ? judgeTopic(registry, topics.body, wanted.registries)
      : unseen(`event topic of ${registry.name}`, reasonOf(topics)),
  ];
}

async function poolOf(azure: Azure, registry: WantedRegistry, resource: AcrResource | undefined) {
  if (!registry.agentPoolName || !resource) return [];
  const path = `${registry.id}/agentPools/${registry.agentPoolName}`;
  const answer = await azure.get<AgentPool>(path, '2019-06-01-preview');
  return answer.body || answer.status === 404
    ? [judgePool(registry, resource.sku.name, answer.body)]
    : [unseen(`agent pool of ${registry.name}`, reasonOf(answer))];
}

interface Availability {
  nameAvailable: boolean;
  message?: string;
}

/** A name that what is deployed has itself is no hindrance. */
async function namesOf(azure: Azure, { environment, location }: Wanted): Promise<Finding[]> {
  if (!environment || !location) return [];
  const subscription = `/subscriptions/${azure.subscriptionId}`;
  const filter = `tagName eq 'azd-env-name' and tagValue eq '${environment}'`;
  const own = await azure.list<{ name: string }>(`${subscription}/resources?$filter=${filter}`, '2021-04-01');
  const ours = new Set(own.body?.map(({ name }) => name));
  const questions = worldNames(subscription, environment, location).filter(({ name }) => !ours.has(name));
  const findings = await Promise.all(
    questions.map(async (question) => {
      const { name, path, version, type } = question;
      const kind = type === 'Microsoft.Web/sites' ? 'Site' : type;
      const answer = await azure.post<Availability>(subscription + path, version, { name, type: kind });
      if (!answer.body) return unseen(`name ${name}`, reasonOf(answer));
      if (answer.body.nameAvailable) return undefined;
      return judgeName(
        question,
        answer.body.message ?? '',
        await deletedVault(azure, question, location),
        location,
      );
    }),
  );
  const taken = findings.filter((finding) => finding !== undefined);
  return taken.length > 0 || questions.length === 0 ? taken : [works('names', 'none is taken')];
}

async function deletedVault(azure: Azure, { name, type }: NameQuestion, location: string) {
  if (type !== 'Microsoft.KeyVault/vaults') return undefined;
  const path = `/subscriptions/${azure.subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}`;
  const answer: Answer<DeletedVault> = await azure.get(path, '2024-11-01');
  return answer.body;
}

/** Nobody is signed in, or not to where the environment is. */
export const notSignedIn = () => fault('sign-in', 'az has no token for Azure', 'az login');
