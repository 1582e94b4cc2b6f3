/**
 * What a role may allow, in one word for each group of Azure's own actions: `pull`, `push`, `delete` and `catalog` on
 * images; `readRegistry`, `readTasks`, `writeTasks`, `listTaskDetails` (tasks with their secrets), `readRuns` (and their
 * logs), `scheduleRun` (and uploading its source), `changeRuns` (cancel, update),
 * `readTaskRuns` and `writeTaskRuns` on registries; `readSecret`
 * on key vaults; `blobData`, `queueData` and `tableData` on storage accounts; `assignRoles` on any scope.
 */
export type Action =
  | 'pull'
  | 'push'
  | 'delete'
  | 'catalog'
  | 'readRegistry'
  | 'readTasks'
  | 'writeTasks'
  | 'listTaskDetails'
  | 'readRuns'
  | 'readTaskRuns'
  | 'writeTaskRuns'
  | 'scheduleRun'
  | 'changeRuns'
  | 'readSecret'
  | 'blobData'
  | 'queueData'
  | 'tableData'
  | 'assignRoles';

/** What a role allows in Azure's own words, with `*` for any text. */
export interface Permission {
  actions: string[];
  notActions: string[];
}

export interface RoleDefinition {
  /** The role's GUID, the same in every tenant. */
  id: string;
  name: string;
  /** What the local Azure lets its holder do with registries, vaults and roles. */
  actions: Action[];
  /** As Azure's list has it, as far as somebody asks. Roles for data alone allow nothing in Resource Manager. */
  permission: Permission;
}

const images: Action[] = ['pull', 'push', 'delete', 'catalog'];
const readers: Action[] = ['readRegistry', 'readTasks', 'readRuns', 'readTaskRuns'];
const runs: Action[] = [
  ...readers,
  'writeTasks',
  'listTaskDetails',
  'scheduleRun',
  'changeRuns',
  'writeTaskRuns',
];

const registry = 'Microsoft.ContainerRegistry/registries';
const storage = 'Microsoft.Storage/storageAccounts';
const common = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
];

const role = (
  [id, name]: [id: string, name: string],
  actions: Action[],
  may: string[] = [],
  notActions: string[] = [],
): RoleDefinition => ({ id, name, actions, permission: { actions: may, notActions } });

/**
 * The roles that concern a deployment, from Azure's list of built-in roles. Reader pulls, as its `* /read` takes in
 * `registries/pull/read`; Repository Reader does not list repositories, which is Catalog Lister's.
 */
export const roleDefinitions: RoleDefinition[] = [
  role(['7f951dda-4ed3-4680-a7ca-43fe172d538d', 'AcrPull'], ['pull', 'catalog'], [`${registry}/pull/read`]),
  role(
    ['8311e382-0749-4cb8-b61a-304f252e45ec', 'AcrPush'],
    ['pull', 'push', 'catalog'],
    [`${registry}/pull/read`, `${registry}/push/write`],
  ),
  role(['c2f4ef07-c644-48eb-af81-4b1b4947fb11', 'AcrDelete'], ['delete'], [`${registry}/artifacts/delete`]),
  role(['b93aa761-3e63-49ed-ac28-beffa264f7ac', 'Container Registry Repository Reader'], ['pull']),
  role(['2a1e307c-b015-4ebd-883e-5b7698a07328', 'Container Registry Repository Writer'], ['pull', 'push']),
  role(['bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7', 'Container Registry Repository Catalog Lister'], ['catalog']),
  role(['fb382eab-e894-4461-af04-94435c366c3f', 'Container Registry Tasks Contributor'], runs, [
    `${registry}/read`,
    `${registry}/tasks/*`,
    `${registry}/taskruns/*`,
    `${registry}/runs/*`,
    `${registry}/agentpools/*`,
    `${registry}/scheduleRun/action`,
    `${registry}/listBuildSourceUploadUrl/action`,
    ...common,
  ]),
  role(['4633458b-17de-408a-b874-0445c86b69e6', 'Key Vault Secrets User'], ['readSecret']),
  role(
    ['b7e6dc6d-f1e8-4753-8033-0f276bb0955b', 'Storage Blob Data Owner'],
    ['blobData'],
    [`${storage}/blobServices/containers/*`, `${storage}/blobServices/generateUserDelegationKey/action`],
  ),
  role(
    ['ba92f5b4-2d11-453d-a403-e96b0029c9fe', 'Storage Blob Data Contributor'],
    ['blobData'],
    [
      `${storage}/blobServices/containers/delete`,
      `${storage}/blobServices/containers/read`,
      `${storage}/blobServices/containers/write`,
      `${storage}/blobServices/generateUserDelegationKey/action`,
    ],
  ),
  role(
    ['974c5e8b-45b9-4653-ba55-5f855dd0fb88', 'Storage Queue Data Contributor'],
    ['queueData'],
    [
      `${storage}/queueServices/queues/delete`,
      `${storage}/queueServices/queues/read`,
      `${storage}/queueServices/queues/write`,
    ],
  ),
  role(
    ['0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3', 'Storage Table Data Contributor'],
    ['tableData'],
    [
      `${storage}/tableServices/tables/read`,
      `${storage}/tableServices/tables/write`,
      `${storage}/tableServices/tables/delete`,
    ],
  ),
  role(['3913510d-42f4-4e42-8a64-420c390055eb', 'Monitoring Metrics Publisher'], [], common),
  role(['749f88d5-cbae-40b8-bcfc-e573ddc772fa', 'Monitoring Contributor'], readers, [
    '*/read',
    'Microsoft.AlertsManagement/alerts/*',
    'Microsoft.Insights/actiongroups/*',
    'Microsoft.Insights/metricalerts/*',
    'Microsoft.Insights/scheduledqueryrules/*',
  ]),
  role(
    ['1e241071-0855-49ea-94dc-649edcd759de', 'EventGrid Contributor'],
    [],
    ['Microsoft.EventGrid/*', ...common],
  ),
  role(
    ['f58310d9-a9f6-439a-9e8d-f62e7b41a168', 'Role Based Access Control Administrator'],
    [...readers, 'assignRoles'],
    [
      '*/read',
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.Authorization/roleAssignments/delete',
    ],
  ),
  role(
    ['18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator'],
    [...readers, 'assignRoles'],
    ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
  ),
  role(['acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader'], [...readers, 'pull', 'catalog'], ['*/read']),
  role(
    ['b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor'],
    [...runs, ...images],
    ['*'],
    [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
    ],
  ),
  role(['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner'], [...runs, ...images, 'assignRoles'], ['*']),
];

/** Whether permissions grant an operation of Azure; each takes away only what it grants itself, by Azure's rules. */
export function grants(permissions: Permission[], operation: string): boolean {
  const matches = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split('*')
        .map((part) => part.replace(/[.\\/]/g, '\\$&'))
        .join('.*')}$`,
      'i',
    ).test(operation);
  return permissions.some(({ actions, notActions }) => actions.some(matches) && !notActions.some(matches));
}
