import { type RoleDefinition, roleDefinitions } from '../identity/roleDefinitions.ts';
import { findRole, type RoleAssignment } from '../identity/roles.ts';
import { ArmError } from '../runEngine/api/armError.ts';
import { type JsonAnswer, type LocalAzure, ok } from './azure.ts';
import type { Caller } from './door.ts';

const provider = '/providers/Microsoft.Authorization';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface AuthorizationCall {
  method: string;
  /** ARM id of what the roles are about, as the caller wrote it. */
  scope: string;
  kind: 'roleDefinitions' | 'roleAssignments' | 'permissions';
  name?: string;
  filter: string | null;
  body: () => Promise<unknown>;
}

/** Takes `{scope}/providers/Microsoft.Authorization/{kind}[/{name}]` apart; undefined for any other path. */
export function authorizationPath(
  path: string,
): Pick<AuthorizationCall, 'scope' | 'kind' | 'name'> | undefined {
  const found =
    /^(.*)\/providers\/Microsoft\.Authorization\/(roleDefinitions|roleAssignments|permissions)(?:\/([^/]+))?\/?$/i.exec(
      path,
    );
  if (!found) return undefined;
  const kinds = ['roleDefinitions', 'roleAssignments', 'permissions'] as const;
  const kind = kinds.find((known) => known.toLowerCase() === found[2]!.toLowerCase())!;
  return { scope: found[1] || '/', kind, ...(found[3] && { name: found[3] }) };
}

/**
 * Role definitions and assignments of Microsoft.Authorization. What is assigned here decides at once, on ARM and on the
 * registries.
 * @throws ArmError
 */
export async function authorization(
  azure: LocalAzure,
  caller: Caller,
  call: AuthorizationCall,
): Promise<JsonAnswer> {
  if (call.kind === 'roleDefinitions') return definitions(azure, call);
  if (call.kind === 'permissions') return permissions(caller, call);
  caller.must(call.method === 'GET' ? 'readRegistry' : 'assignRoles', call.scope);
  if (call.name === undefined) {
    if (call.method !== 'GET') throw notThere(call);
    return ok({ value: listed(azure, call).map((assignment) => assignmentResource(assignment, azure)) });
  }
  const name = call.name.toLowerCase();
  const known = azure.roles.list().find(({ id }) => id.toLowerCase() === name);
  switch (call.method) {
    case 'GET':
      if (known) return ok(assignmentResource(known, azure));
      throw new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${call.name}' is not found.`);
    case 'DELETE':
      if (!known) return { status: 204 };
      azure.roles.remove(known.id);
      return ok(assignmentResource(known, azure));
    case 'PUT':
      return assign(azure, call, known);
    default:
      throw notThere(call);
  }
}

function definitions(
  azure: LocalAzure,
  { scope, name, filter, method, kind }: AuthorizationCall,
): JsonAnswer {
  if (method !== 'GET') throw notThere({ method, kind });
  const resource = (role: RoleDefinition) => ({
    id: definitionId(role, azure),
    name: role.id,
    type: 'Microsoft.Authorization/roleDefinitions',
    properties: {
      roleName: role.name,
      type: 'BuiltInRole',
      description: '',
      assignableScopes: ['/'],
      permissions: [role.permission],
    },
  });
  if (name !== undefined) {
    const role = roleDefinitions.find(({ id }) => id === name.toLowerCase());
    if (role) return ok(resource(role));
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${name}' does not exist at ${scope}.`,
    );
  }
  const wanted = /roleName eq '([^']*)'/i.exec(filter ?? '')?.[1];
  const found =
    wanted === undefined ? roleDefinitions : [findRole(wanted)].filter((role) => role !== undefined);
  return ok({ value: found.map(resource) });
}

/** What the caller may do in a scope, in Azure's words. */
function permissions(caller: Caller, { method, kind, scope }: AuthorizationCall): JsonAnswer {
  if (method !== 'GET') throw notThere({ method, kind });
  return ok({ value: caller.permissions(scope) });
}

async function assign(
  azure: LocalAzure,
  { scope, name, body }: AuthorizationCall,
  known: RoleAssignment | undefined,
): Promise<JsonAnswer> {
  if (!guid.test(name!))
    throw new ArmError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment id '${name}' is not valid. It has to be a GUID.`,
    );
  const { roleDefinitionId, principalId } = propertiesOf(await body());
  const role = roleDefinitionId === undefined ? undefined : findRole(roleDefinitionId);
  if (!role)
    throw new ArmError(
      400,
      'RoleDefinitionDoesNotExist',
      `The specified role definition '${roleDefinitionId ?? ''}' does not exist here. There are: ${roleDefinitions.map(({ name }) => name).join(', ')}.`,
    );
  if (principalId === undefined || !guid.test(principalId))
    throw new ArmError(
      400,
      'InvalidPrincipalId',
      `The principal ID '${principalId ?? ''}' is not valid. Principal ID must be a GUID.`,
    );
  const wanted = { scope, principalId, role: role.name };
  if (known) {
    if (!same(known, wanted))
      throw new ArmError(
        409,
        'RoleAssignmentUpdateNotPermitted',
        'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
      );
    return ok(assignmentResource(known, azure));
  }
  const made = azure.roles.assign({ id: name!, ...wanted });
  if (made.id !== name)
    throw new ArmError(
      409,
      'RoleAssignmentExists',
      `The role assignment already exists. The ID of the conflicting role assignment is ${made.id.replaceAll('-', '')}.`,
    );
  return { status: 201, body: assignmentResource(made, azure) };
}

function propertiesOf(body: unknown): { roleDefinitionId?: string; principalId?: string } {
  const properties = (body as { properties?: unknown } | null)?.properties;
  const text = (name: string) => {
    const value = (properties as Record<string, unknown> | undefined)?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [roleDefinitionId, principalId] = [text('roleDefinitionId'), text('principalId')];
  return { ...(roleDefinitionId && { roleDefinitionId }), ...(principalId && { principalId }) };
}

const same = (one: Omit<RoleAssignment, 'id'>, other: Omit<RoleAssignment, 'id'>) =>
  (['scope', 'principalId', 'role'] as const).every(
    (key) => one[key].toLowerCase() === other[key].toLowerCase(),
  );

function listed({ roles }: LocalAzure, { scope, filter }: AuthorizationCall): RoleAssignment[] {
  const principal =
    /principalId eq '?([0-9a-f-]+)'?/i.exec(filter ?? '')?.[1] ??
    /assignedTo\('([^']+)'\)/i.exec(filter ?? '')?.[1];
  return roles
    .list(scope)
    .filter(({ principalId }) => !principal || principalId.toLowerCase() === principal.toLowerCase());
}

const definitionId = ({ id }: RoleDefinition, { subscriptionId }: LocalAzure) =>
  `/subscriptions/${subscriptionId}${provider}/roleDefinitions/${id}`;

const assignmentResource = ({ id, scope, principalId, role }: RoleAssignment, azure: LocalAzure) => ({
  id: `${scope}${provider}/roleAssignments/${id}`,
  name: id,
  type: 'Microsoft.Authorization/roleAssignments',
  properties: {
    roleDefinitionId: definitionId(findRole(role)!, azure),
    principalId,
    principalType: 'ServicePrincipal',
    scope,
  },
});

const notThere = ({ method, kind }: Pick<AuthorizationCall, 'method' | 'kind'>) =>
  new ArmError(405, 'MethodNotAllowed', `${method} cannot be used on ${kind} here.`);
