import { guidOfName } from '../../../shared/names/eventGuid.ts';
import roleIds from '../../roles.json' with { type: 'json' };
import { assignRole, type Finding, fault, works } from '../finding.ts';

/** https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope */
export interface RoleAssignment {
  properties: { roleDefinitionId: string; principalId: string; scope: string };
}

/** A role that the template gives. */
export interface GivenRole {
  principalId: string;
  /** Whose role it is, in words. */
  who: string;
  /** A name of roles.json. */
  role: keyof typeof roleIds;
  scope: string;
}

/** The namespace of the function guid() of ARM templates, which joins its values by hyphens. */
const ofTemplates = Buffer.from('11fb06fb712d4ddd98c7e71bbd588830', 'hex');

/** The id of the role that registryRoles.bicep makes with a registry, in place of Azure's role for tasks. */
const runStarterId = (registryId: string) => guidOfName(ofTemplates, `${registryId}-Plinth Run Starter`);

const last = (id: string) => id.split('/').at(-1)!;

/** The roles on a registry: registryRoles.bicep. Without runs it is only looked at. */
export function rolesOnRegistry(usesAbac: boolean, runsTasks: boolean): GivenRole['role'][] {
  const reading: GivenRole['role'][] = usesAbac ? ['Container Registry Repository Reader'] : ['AcrPull'];
  if (!runsTasks) return reading;
  const running: GivenRole['role'][] = usesAbac
    ? ['Container Registry Repository Catalog Lister', 'Container Registry Repository Writer']
    : [];
  return [...reading, 'Container Registry Tasks Contributor', ...running];
}

/** Either role lets the app start runs: a deployer who may not create roles gives Azure's. */
const idsOf = (role: GivenRole['role'], scope: string): string[] =>
  role === 'Container Registry Tasks Contributor' ? [roleIds[role], runStarterId(scope)] : [roleIds[role]];

/** Which of the given roles on one scope are gone. @param assignments those that reach the scope */
export function judgeRoles(given: GivenRole[], assignments: RoleAssignment[]): Finding[] {
  return given.map(({ principalId, who, role, scope }) => {
    const edge = `role of ${who} on ${last(scope)}`;
    const has = assignments.some(
      ({ properties }) =>
        properties.principalId.toLowerCase() === principalId.toLowerCase() &&
        idsOf(role, scope).includes(last(properties.roleDefinitionId).toLowerCase()) &&
        `${scope}/`.toLowerCase().startsWith(`${properties.scope.replace(/\/$/, '')}/`.toLowerCase()),
    );
    if (has) return works(edge, role);
    return fault(
      edge,
      `${role} is missing`,
      assignRole({ id: principalId, type: 'ServicePrincipal' }, role, scope),
    );
  });
}
