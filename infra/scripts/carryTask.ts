import { faultsOf } from '../../shared/model/faultsOf.ts';
import { TaskCreate } from '../../shared/model/task.ts';

/** A task as ARM's listDetails gives it; what Azure adds to a task's definition is not looked at. */
export interface AcrTask {
  name: string;
  location?: string;
  tags?: Record<string, string>;
  identity?: { type?: string; userAssignedIdentities?: Record<string, unknown> };
  properties?: Record<string, unknown>;
}

export type Carried =
  | { kind: 'carried'; body: TaskCreate; remarks: string[] }
  /** Something secret is missing, so the task is to be carried disabled until it is given. */
  | { kind: 'incomplete'; body: TaskCreate; missing: string[]; remarks: string[] }
  | { kind: 'refused'; reasons: string[] };

type Json = Record<string, unknown>;

/** What a task of ACR Tasks becomes as the body of PUT …/tasks/{name}, and what a person still has to see to. */
export function carryTask(task: AcrTask): Carried {
  const { provisioningState: _, creationDate: __, ...properties } = structuredClone(task.properties ?? {});
  if (properties.isSystemTask) return refused('it is one of Azure’s own, for `az acr build`');
  const step = (properties.step ?? {}) as Json;
  delete step.baseImageDependencies;
  const missing = [
    ...missingFrom(step, 'arguments', 'argument'),
    ...missingFrom(step, 'values', 'value'),
    ...missingTokens((properties.trigger ?? {}) as Json),
    ...missingPasswords((properties.credentials ?? {}) as Json),
  ];
  const body = TaskCreate.safeParse({
    location: task.location ?? 'global',
    ...(task.tags && { tags: task.tags }),
    ...(task.identity?.type && { identity: identityOf(task.identity) }),
    properties: { ...dropNulls(properties), ...(missing.length > 0 && { status: 'Disabled' }) },
  });
  if (!body.success) return { kind: 'refused', reasons: faultsOf(body.error) };
  const remarks = remarksOn(task, body.data);
  return missing.length > 0
    ? { kind: 'incomplete', body: body.data, missing, remarks }
    : { kind: 'carried', body: body.data, remarks };
}

const refused = (reason: string): Carried => ({ kind: 'refused', reasons: [reason] });

/** Azure sets the object ids in it. */
const identityOf = ({ type, userAssignedIdentities }: NonNullable<AcrTask['identity']>) => ({
  type,
  ...(userAssignedIdentities && {
    userAssignedIdentities: Object.fromEntries(Object.keys(userAssignedIdentities).map((id) => [id, {}])),
  }),
});

/** Takes secret arguments (or values) without a value out of the step, and names them. */
function missingFrom(step: Json, list: string, what: string): string[] {
  if (!step[list]) return [];
  const given = step[list] as { name: string; value?: string | null; isSecret?: boolean }[];
  const isMissing = ({ value }: (typeof given)[number]) => value === undefined || value === null;
  step[list] = given.filter((argument) => !isMissing(argument));
  return given.filter(isMissing).map(({ name }) => `the ${what} ${name}`);
}

function missingTokens(trigger: Json): string[] {
  const triggers = (trigger.sourceTriggers ?? []) as {
    name: string;
    sourceRepository?: { sourceControlAuthProperties?: { token?: string | null } | null };
  }[];
  return triggers
    .filter(({ sourceRepository }) => !sourceRepository?.sourceControlAuthProperties?.token)
    .map(({ name }) => `the token of the source trigger ${name}`);
}

/** Takes credentials without a password out, and names their registries. */
function missingPasswords(credentials: Json): string[] {
  const registries = (credentials.customRegistries ?? {}) as Record<
    string,
    { identity?: string; userName?: { value?: string }; password?: { value?: string } } | null
  >;
  const missing = Object.entries(registries)
    .filter(([, given]) => !given?.identity && !(given?.userName?.value && given.password?.value))
    .map(([server]) => server);
  for (const server of missing) delete registries[server];
  return missing.map((server) => `the user name and password for ${server}`);
}

function remarksOn(task: AcrTask, { properties }: TaskCreate): string[] {
  const remarks: string[] = [];
  const identities = Object.keys(task.identity?.userAssignedIdentities ?? {}).map((id) =>
    id.split('/').at(-1),
  );
  if (task.identity?.type?.includes('SystemAssigned'))
    remarks.push('its own identity is now the app’s: give that the roles which the task’s had');
  if (identities.length > 0) remarks.push(`assign to the function app: ${identities.join(', ')}`);
  if (properties.agentPoolName)
    remarks.push(
      `it runs in the agent pool ${properties.agentPoolName}, if that may be used by runs without a task`,
    );
  const vault = Object.entries(properties.credentials?.customRegistries ?? {}).filter(
    ([, { userName, password }]) => [userName, password].some((secret) => secret?.type === 'Vaultsecret'),
  );
  for (const [server] of vault)
    remarks.push(`the credentials for ${server} are in a key vault: let the app’s identity read them`);
  if (properties.trigger?.sourceTriggers?.length)
    remarks.push('the webhook that ACR set in the git repository still points to ACR');
  return remarks;
}

/** Azure writes what is not set as null. */
function dropNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(dropNulls) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, dropNulls(inner as unknown)]),
  ) as T;
}
