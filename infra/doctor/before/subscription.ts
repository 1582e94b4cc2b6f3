import { type Finding, fault, note, works } from '../finding.ts';
import type { WantedRegistry } from '../wanted.ts';

/** https://learn.microsoft.com/rest/api/resources/subscriptions/get */
export interface Subscription {
  displayName: string;
  state: string;
  subscriptionPolicies?: { quotaId?: string; spendingLimit?: string };
}

/** Offers that are paid for by free credits: https://learn.microsoft.com/azure/cost-management-billing/manage/avoid-charges-free-account */
const freeOffers = /^(FreeTrial|AzureForStudents|AzurePass|DreamSpark)/i;

/** Whether a subscription takes deployments, and runs of ACR, which Azure has paused for free credits. */
export function judgeSubscription({
  displayName,
  state,
  subscriptionPolicies = {},
}: Subscription): Finding[] {
  const edge = `subscription ${displayName}`;
  if (state !== 'Enabled')
    return [fault(edge, `it is ${state}; nothing can be deployed to it`, 'az account set --subscription …')];
  const { quotaId = '', spendingLimit = 'Off' } = subscriptionPolicies;
  if (freeOffers.test(quotaId))
    return [
      fault(
        edge,
        `it lives on free credits (${quotaId}), for which Azure has paused ACR Tasks: no run would start`,
        'az account set --subscription …',
      ),
    ];
  if (spendingLimit === 'On')
    return [
      works(edge, 'enabled'),
      note(
        'free credits',
        `a spending limit is set (${quotaId}). While runs are paid from credits, ACR may refuse them (TasksOperationsNotAllowed)`,
      ),
    ];
  return [works(edge, `enabled, ${quotaId || 'no free credits'}`)];
}

const ofApp = [
  'Microsoft.App',
  'Microsoft.EventGrid',
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];
const ofRegistry = ['Microsoft.ContainerRegistry', 'Microsoft.EventGrid', 'Microsoft.Insights'];

/** By subscription the resource providers that a deployment needs there. */
export function neededProviders(
  subscriptionId: string,
  { registries, hasNetwork }: { registries: WantedRegistry[]; hasNetwork: boolean },
): Map<string, string[]> {
  const needed = new Map([
    [subscriptionId, new Set([...ofApp, ...(hasNetwork ? ['Microsoft.Network'] : [])])],
  ]);
  for (const { subscriptionId: other } of registries)
    needed.set(other, new Set([...(needed.get(other) ?? []), ...ofRegistry]));
  return new Map([...needed].map(([id, names]) => [id, [...names].sort()]));
}

/** @param states by namespace the `registrationState` that ARM says, undefined where it says none */
export function judgeProviders(
  subscriptionId: string,
  states: Record<string, string | undefined>,
): Finding[] {
  const missing = Object.entries(states).filter(([, state]) => state !== 'Registered');
  const edge = `resource providers of ${subscriptionId}`;
  if (missing.length === 0) return [works(edge, `all ${Object.keys(states).length} are registered`)];
  return missing.map(([name, state]) =>
    fault(
      `provider ${name}`,
      `it is ${state ?? 'not known'} in ${subscriptionId}`,
      `az provider register --namespace ${name} --subscription ${subscriptionId} --wait`,
    ),
  );
}
