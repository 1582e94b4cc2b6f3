import { randomUUID } from 'node:crypto';
import { type Action, type RoleDefinition, roleDefinitions } from './roleDefinitions.ts';

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
  /** The roles that a principal has in a scope. */
  held(principalId: string, scope: string): RoleDefinition[];
  allows(principalId: string, scope: string, action: Action): boolean;
}

const lower = (text: string) => text.toLowerCase();
const bare = (scope: string) => lower(scope).replace(/\/+$/, '');
const holds = (scope: string, inner: string) => `${bare(inner)}/`.startsWith(`${bare(scope)}/`);

/** The role of that name, GUID or definition's ARM id, whatever its case; undefined if Azure's list above lacks it. */
export function findRole(role: string): RoleDefinition | undefined {
  const wanted = lower(role.split('/').at(-1) ?? role);
  return roleDefinitions.find(({ id, name }) => id === wanted || lower(name) === wanted);
}

/** How late an assignment counts. */
interface Lateness {
  /** Milliseconds from the assignment that is being made. */
  delayMs(): number;
  /** A question was answered with no for this alone. */
  refused(): void;
}

/**
 * Role assignments, in memory, and the question they are for. A scope is inherited by everything under it.
 * @param late they count at once when not given
 */
export function createRoles(late?: Lateness): Roles {
  const assignments = new Map<string, RoleAssignment>();
  const countsFrom = new Map<string, number>();
  const heldBy = (principalId: string, scope: string) =>
    [...assignments.values()].filter(
      (assignment) => lower(assignment.principalId) === lower(principalId) && holds(assignment.scope, scope),
    );
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
      if (late) countsFrom.set(assignment.id, Date.now() + late.delayMs());
      return assignment;
    },
    remove: (id) => assignments.delete(lower(id)),
    list: (scope) =>
      [...assignments.values()].filter((assignment) => scope === undefined || holds(assignment.scope, scope)),
    held: (principalId, scope) => heldBy(principalId, scope).map(({ role }) => findRole(role)!),
    allows(principalId, scope, action) {
      const allowing = heldBy(principalId, scope).filter(({ role }) =>
        findRole(role)!.actions.includes(action),
      );
      const isAllowed = allowing.some(({ id }) => (countsFrom.get(id) ?? 0) <= Date.now());
      if (allowing.length > 0 && !isAllowed) late?.refused();
      return isAllowed;
    },
  };
}
