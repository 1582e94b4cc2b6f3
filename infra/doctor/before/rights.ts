import type { Azure } from '../azure.ts';
import { assignRole, type Finding, fault, works } from '../finding.ts';

/** As `{scope}/providers/Microsoft.Authorization/permissions` gives them: one for each role that reaches the scope. */
export interface Permission {
  actions: string[];
  notActions?: string[];
}

/** Where a deployment does something, what it does there, and by role what allows it. */
interface Place {
  title: string;
  /** ARM id, where a role is given. */
  scope: string;
  needs: Record<string, string[]>;
}

const creating = [
  'Microsoft.Web/serverfarms/write',
  'Microsoft.Web/sites/write',
  'Microsoft.Storage/storageAccounts/write',
  'Microsoft.KeyVault/vaults/write',
  'Microsoft.KeyVault/vaults/secrets/write',
  'Microsoft.ManagedIdentity/userAssignedIdentities/write',
  'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
  'Microsoft.Insights/components/write',
  'Microsoft.OperationalInsights/workspaces/write',
];
const assigning = ['Microsoft.Authorization/roleAssignments/write'];
const assigner = 'Role Based Access Control Administrator';

/** What main.bicep does in the subscription itself: it is deployed there. */
export const inSubscription = (scope: string): Place => ({
  title: 'the subscription',
  scope,
  needs: {
    Contributor: [
      'Microsoft.Resources/deployments/write',
      'Microsoft.Resources/subscriptions/resourceGroups/write',
    ],
  },
});

/** @param scope the group, or the subscription where there is no such group yet */
export const inGroup = (scope: string): Place => ({
  title: `the resource group${scope.includes('/resourceGroups/') ? '' : ' to be'}`,
  scope,
  needs: { Contributor: creating, [assigner]: assigning },
});

/** What main.bicep does to a registry: it reads it and gives roles on it. */
export const onRegistry = (name: string, scope: string): Place => ({
  title: `registry ${name}`,
  scope,
  needs: { Reader: ['Microsoft.ContainerRegistry/registries/read'], [assigner]: assigning },
});

/**
 * Beside a registry there are its topic, the event subscription and the alerts.
 * @param makesRole whether the deployment makes the role Plinth Run Starter there
 */
export const besideRegistry = (name: string, scope: string, makesRole: boolean): Place => ({
  title: `the resource group of ${name}`,
  scope,
  needs: {
    ...(makesRole && { 'User Access Administrator': ['Microsoft.Authorization/roleDefinitions/write'] }),
    'EventGrid Contributor': [
      'Microsoft.Resources/deployments/write',
      'Microsoft.EventGrid/systemTopics/write',
      'Microsoft.EventGrid/systemTopics/eventSubscriptions/write',
    ],
    'Monitoring Contributor': ['Microsoft.Insights/metricAlerts/write'],
  },
});

/** What of a place the permissions do not allow, and the roles that do. */
export function judgeRights(
  { title, scope, needs }: Place,
  permissions: Permission[],
  principal: Azure['principal'],
): Finding {
  const edge = `your rights on ${title}`;
  const lacking = Object.entries(needs)
    .map(([role, actions]): [string, string[]] => [
      role,
      actions.filter((action) => !allows(permissions, action)),
    ])
    .filter(([, actions]) => actions.length > 0);
  if (lacking.length === 0) return works(edge, 'all that a deployment needs');
  const missing = lacking.flatMap(([, actions]) => actions).join(', ');
  return fault(
    edge,
    `${principal.name} may not ${missing}`,
    ...lacking.map(([role]) => assignRole(principal, role, scope)),
  );
}

/** By Azure's rules a permission takes away only what it grants itself. */
export const allows = (permissions: Permission[], action: string) =>
  permissions.some(
    ({ actions, notActions = [] }) =>
      actions.some((pattern) => matches(pattern, action)) &&
      !notActions.some((pattern) => matches(pattern, action)),
  );

const matches = (pattern: string, action: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.\\/]/g, '\\$&'))
      .join('.*')}$`,
    'i',
  ).test(action);
