import type { Azure } from '../azure.ts';
import { reasonOf } from '../azure.ts';
import { assignRole, type Finding, unseen } from '../finding.ts';
import { type Base, versions } from './base.ts';
import {
  judgeReferences,
  judgeSealingKey,
  judgeStorage,
  type KeyVaultReference,
  type Listed,
} from './deployed.ts';
import { type GivenRole, judgeRoles, type RoleAssignment } from './roles.ts';

/** Whether the settings have their secrets, and the sealing key is the vault's newest. */
export async function secretsOf({ azure, parts, site, place }: Base): Promise<Finding[]> {
  const path = `${site.id}/config/configreferences/appsettings`;
  const secretId = `${parts.vault?.id}/secrets/sealing-key`;
  const [references, secret] = await Promise.all([
    azure.list<KeyVaultReference>(path, '2022-03-01'),
    azure.get<{ properties: { secretUriWithVersion: string } }>(secretId, '2024-11-01'),
  ]);
  if (!references.body) return [unseen('setting PLINTH_SEALING_KEY', reasonOf(references))];
  const role = assignRole(
    { id: place.principalId, type: 'ServicePrincipal' },
    'Key Vault Secrets User',
    secretId,
  );
  const judged = judgeReferences(references.body, site.id, role);
  if (judged.some(({ state }) => state !== 'works')) return judged;
  if (!secret.body) return [...judged, unseen('sealing key', reasonOf(secret))];
  return [...judged, judgeSealingKey(references.body, secret.body.properties.secretUriWithVersion, site.id)];
}

/** Whether the app works on its own account. */
export async function storageOf({ azure, parts, site, settings }: Base): Promise<Finding[]> {
  if (!parts.dataAccount || !settings) return [];
  const filter = `resourceType eq 'Microsoft.Storage/storageAccounts'`;
  const [account, accounts] = await Promise.all([
    azure.get<{ properties: { primaryEndpoints: { table: string; queue: string } } }>(
      parts.dataAccount.id,
      versions.storage,
    ),
    azure.list<Listed>(`/subscriptions/${azure.subscriptionId}/resources?$filter=${filter}`, '2021-04-01'),
  ]);
  if (!account.body) return [unseen('storage of the app', reasonOf(account))];
  const { table, queue } = account.body.properties.primaryEndpoints;
  const environments = new Map(accounts.body?.map(({ name, tags }) => [name, tags?.['azd-env-name']]));
  return [judgeStorage(settings, { tables: table, queues: queue }, environments, site)];
}

/** The roles that main.bicep gives the app's identity in its own group. */
export function ownRoles({ parts, place: { principalId } }: Base): GivenRole[] {
  const on = (scope: string | undefined, ...roles: GivenRole['role'][]): GivenRole[] =>
    scope ? roles.map((role) => ({ principalId, who: 'the app', role, scope })) : [];
  return [
    ...on(parts.hostAccount?.id, 'Storage Blob Data Owner', 'Storage Table Data Contributor'),
    ...on(parts.dataAccount?.id, 'Storage Queue Data Contributor', 'Storage Table Data Contributor'),
    ...on(parts.vault && `${parts.vault.id}/secrets/sealing-key`, 'Key Vault Secrets User'),
    ...on(parts.insights?.id, 'Monitoring Metrics Publisher'),
  ];
}

/** Which of the given roles are gone. */
export async function rolesHeld(azure: Azure, given: GivenRole[]): Promise<Finding[]> {
  const scopes = new Set(given.map(({ scope }) => scope));
  const judged = [...scopes].map(async (scope) => {
    const roles = given.filter((role) => role.scope === scope);
    const { principalId, who } = roles[0]!;
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '${principalId}'`;
    const answer = await azure.list<RoleAssignment>(path, versions.roles);
    if (!answer.body) return [unseen(`roles of ${who} on ${scope.split('/').at(-1)}`, reasonOf(answer))];
    return judgeRoles(roles, answer.body);
  });
  return (await Promise.all(judged)).flat();
}
