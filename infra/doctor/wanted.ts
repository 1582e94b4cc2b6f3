import { type Finding, fault } from './finding.ts';

/** A registry of PLINTH_REGISTRIES, as main.bicep takes it. */
export interface WantedRegistry {
  name: string;
  id: string;
  subscriptionId: string;
  /** ARM id of its resource group. */
  group: string;
  runsTasks: boolean;
  topicName: string | undefined;
  repositoryPrefix: string | undefined;
  /** Of runs that name none themselves. */
  agentPoolName: string | undefined;
}

/** What is to be deployed, or was: the values that azd keeps of an environment. */
export interface Wanted {
  environment: string | undefined;
  location: string | undefined;
  group: string | undefined;
  registries: WantedRegistry[];
  hasNetwork: boolean;
  /** Whether roles are made for the app; else Azure's are given. */
  customRole: boolean;
  apiClientId: string | undefined;
}

type Values = Record<string, string | undefined>;

/** Reads azd's values. What is missing or cannot be read is a fault of its own and left out. */
export function readWanted(values: Values): { wanted: Wanted; faults: Finding[] } {
  const text = (name: string) => values[name] || undefined;
  const { registries, faults } = readRegistries(text('PLINTH_REGISTRIES'));
  const missing = (name: string, example: string) =>
    text(name) ? [] : [fault(`setting ${name}`, 'it is not set', `azd env set ${name} ${example}`)];
  return {
    wanted: {
      environment: text('AZURE_ENV_NAME'),
      location: text('AZURE_LOCATION'),
      group: text('AZURE_RESOURCE_GROUP'),
      registries,
      hasNetwork: text('PLINTH_VNET_ENABLED') === 'true' || text('PLINTH_SUBNET_ID') !== undefined,
      customRole: text('PLINTH_CUSTOM_ROLE') !== 'false',
      apiClientId: text('PLINTH_API_CLIENT_ID'),
    },
    faults: [
      ...environmentFaults(text('AZURE_ENV_NAME'), text('AZURE_RESOURCE_GROUP')),
      ...missing('AZURE_LOCATION', 'westeurope'),
      ...faults,
    ],
  };
}

/** As many letters as main.bicep takes. */
const maxLetters = 32;

/** What Azure would say of the environment's name only in the middle of a deployment. @param group of its own, where one is set */
function environmentFaults(name: string | undefined, group: string | undefined): Finding[] {
  const faulty = (says: string) => [fault('setting AZURE_ENV_NAME', says, 'azd env new prod')];
  if (!name) return faulty('no environment is chosen');
  if (name.length > maxLetters)
    return faulty(`${name} has ${name.length} letters, and the template takes ${maxLetters} at most`);
  if (!/^[A-Za-z0-9-_.()]+$/.test(name)) return faulty(`${name} has more than letters, digits and - _ . ( )`);
  if (name.endsWith('.') && !group)
    return faulty(`the resource group rg-plinth-${name} would end with a dot, which Azure does not take`);
  return [];
}

const registryId =
  /^(\/subscriptions\/([^/]+)\/resourceGroups\/[^/]+)\/providers\/Microsoft\.ContainerRegistry\/registries\/([^/]+)$/i;
const example = `azd env set PLINTH_REGISTRIES '[{"id": "/subscriptions/…/registries/team1"}]'`;

/** @param text JSON: a list of `{id, runsTasks?, topicName?, repositoryPrefix?, agentPoolName?}` */
export function readRegistries(text: string | undefined): {
  registries: WantedRegistry[];
  faults: Finding[];
} {
  const edge = 'setting PLINTH_REGISTRIES';
  if (!text) return { registries: [], faults: [fault(edge, 'it is not set', example)] };
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return { registries: [], faults: [fault(edge, 'it is not JSON', example)] };
  }
  if (!Array.isArray(given) || given.length === 0)
    return { registries: [], faults: [fault(edge, 'it is not a list of registries', example)] };
  const registries = given.map(toRegistry);
  const names = registries.flatMap((registry) => registry?.name.toLowerCase() ?? []);
  const twice = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return {
    registries: registries.filter((registry) => registry !== undefined),
    faults: [
      ...given
        .filter((_, at) => !registries[at])
        .map((one) => fault(edge, `${JSON.stringify(one)} has no resource id of a registry`, example)),
      ...[...twice].map((name) => fault(edge, `it names the registry ${name} more than once`, example)),
    ],
  };
}

const textOf = (given: unknown) => (typeof given === 'string' && given !== '' ? given : undefined);

function toRegistry(given: unknown): WantedRegistry | undefined {
  const { id, runsTasks, ...names } = (given ?? {}) as Record<string, unknown>;
  const [whole, group, subscriptionId, name] = registryId.exec(typeof id === 'string' ? id : '') ?? [];
  if (!whole) return undefined;
  return {
    name: name!,
    id: whole,
    subscriptionId: subscriptionId!,
    group: group!,
    runsTasks: runsTasks !== false,
    topicName: textOf(names.topicName),
    repositoryPrefix: textOf(names.repositoryPrefix),
    agentPoolName: textOf(names.agentPoolName),
  };
}

/** The command that sets PLINTH_REGISTRIES to what it is after a change. */
export function setRegistries(registries: WantedRegistry[]): string {
  const entries = registries.map(({ id, runsTasks, topicName, repositoryPrefix, agentPoolName }) => ({
    id,
    ...(!runsTasks && { runsTasks }),
    ...(topicName && { topicName }),
    ...(repositoryPrefix && { repositoryPrefix }),
    ...(agentPoolName && { agentPoolName }),
  }));
  return `azd env set PLINTH_REGISTRIES '${JSON.stringify(entries)}' && azd provision`;
}

/** `NAME="value"` lines, as `azd env get-values` prints them. */
export function readAzdValues(text: string): Record<string, string> {
  const lines = text.matchAll(/^(\w+)="((?:[^"\\]|\\.)*)"$/gm);
  return Object.fromEntries(
    [...lines].map(([, name, value]) => [
      name!,
      value!.replace(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one)),
    ]),
  );
}
