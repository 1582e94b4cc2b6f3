import { randomUUID } from 'node:crypto';

/**
 * What a role may allow, in one word for each group of Azure's own actions: `pull`, `push`, `delete` and `catalog` on
 * images; `readRegistry`, `readTasks`, `writeTasks`, `listTaskDetails` (tasks with their secrets), `readRuns` (and their
 * logs), `scheduleRun` (and uploading its source), `changeRuns` (cancel, update) on registries; `readSecret`
 * on key vaults; `assignRoles` on any scope.
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
  | 'scheduleRun'
  | 'changeRuns'
  | 'readSecret'
  | 'assignRoles';

export interface RoleDefinition {
  /** The role's GUID, the same in every tenant. */
  id: string;
  name: string;
  actions: Action[];
}

export interface RoleAssignment {
  /** A GUID, the name of the assignment in ARM. */
  id: string;
  /** ARM id of a registry, a resource group or a subscription. */
  scope: string;
  principalId: string;
  /** Name of the role, in Azure's own spelling. */
  role: string;
}

export interface Roles {
  /**
   * Gives a principal a role in a scope. Given twice, it is still one assignment: the first.
   * @param assignment.role a role's name, its GUID or the ARM id of its definition, in any case
   * @throws for a role that is not in `roleDefinitions`
   */
  assign(assignment: Omit<RoleAssignment, 'id'> & { id?: string }): RoleAssignment;
  /** Takes an assignment away; false if there was none of that id. */
  remove(id: string): boolean;
  /** The assignments made in a scope or inherited by it; every one where no scope is named. */
  list(scope?: string): RoleAssignment[];
  allows(principalId: string, scope: string, action: Action): boolean;
}

const images: Action[] = ['pull', 'push', 'delete', 'catalog'];
const readers: Action[] = ['readRegistry', 'readTasks', 'readRuns'];
const runs: Action[] = [...readers, 'writeTasks', 'listTaskDetails', 'scheduleRun', 'changeRuns'];

/**
 * The roles that concern a registry, from Azure's list of built-in roles. Reader pulls, as its `* /read` takes in
 * `registries/pull/read`; Repository Reader does not list repositories, which is Catalog Lister's.
 */
export const roleDefinitions: RoleDefinition[] = [
  { id: '7f951dda-4ed3-4680-a7ca-43fe172d538d', name: 'AcrPull', actions: ['pull', 'catalog'] },
  { id: '8311e382-0749-4cb8-b61a-304f252e45ec', name: 'AcrPush', actions: ['pull', 'push', 'catalog'] },
  { id: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11', name: 'AcrDelete', actions: ['delete'] },
  {
    id: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
    name: 'Container Registry Repository Reader',
    actions: ['pull'],
  },
  {
    id: '2a1e307c-b015-4ebd-883e-5b7698a07328',
    name: 'Container Registry Repository Writer',
    actions: ['pull', 'push'],
  },
  {
    id: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7',
    name: 'Container Registry Repository Catalog Lister',
    actions: ['catalog'],
  },
  { id: 'fb382eab-e894-4461-af04-94435c366c3f', name: 'Container Registry Tasks Contributor', actions: runs },
  { id: '4633458b-17de-408a-b874-0445c86b69e6', name: 'Key Vault Secrets User', actions: ['readSecret'] },
  { id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', name: 'Reader', actions: [...readers, 'pull', 'catalog'] },
  { id: 'b24988ac-6180-42a0-ab88-20f7382dd24c', name: 'Contributor', actions: [...runs, ...images] },
  {
    id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    name: 'Owner',
    actions: [...runs, ...images, 'assignRoles'],
  },
];

const lower = (text: string) => text.toLowerCase();
const bare = (scope: string) => lower(scope).replace(/\/+$/, '');
const holds = (scope: string, inner: string) => `${bare(inner)}/`.startsWith(`${bare(scope)}/`);

/** The role of that name, GUID or definition's ARM id, whatever its case; undefined if Azure's list above lacks it. */
export function findRole(role: string): RoleDefinition | undefined {
  const wanted = lower(role.split('/').at(-1) ?? role);
  return roleDefinitions.find(({ id, name }) => id === wanted || lower(name) === wanted);
}

/** Role assignments, in memory, and the question they are for. A scope is inherited by everything under it. */
export function createRoles(): Roles {
  const assignments = new Map<string, RoleAssignment>();
  return {
    assign({ id = randomUUID(), scope, principalId, role }) {
      const definition = findRole(role);
      if (!definition)
        throw new Error(
          `Unknown role ${role}. The local roles are: ${roleDefinitions.map(({ name }) => name).join(', ')}.`,
        );
      const made = [...assignments.values()].find(
        (known) =>
          bare(known.scope) === bare(scope) &&
          lower(known.principalId) === lower(principalId) &&
          known.role === definition.name,
      );
      if (made) return made;
      const assignment = { id, scope, principalId, role: definition.name };
      assignments.set(lower(id), assignment);
      return assignment;
    },
    remove: (id) => assignments.delete(lower(id)),
    list: (scope) =>
      [...assignments.values()].filter((assignment) => scope === undefined || holds(assignment.scope, scope)),
    allows: (principalId, scope, action) =>
      [...assignments.values()].some(
        (assignment) =>
          lower(assignment.principalId) === lower(principalId) &&
          holds(assignment.scope, scope) &&
          findRole(assignment.role)?.actions.includes(action),
      ),
  };
}
