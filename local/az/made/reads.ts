import { ArmError } from '../../runEngine/api/armError.ts';
import { type JsonAnswer, ok } from '../azure.ts';
import type { Caller } from '../door.ts';
import type { ArmResource, Made } from './made.ts';

interface MadeCall {
  made: Made;
  caller: Caller;
  subscriptionId: string;
  path: string;
  query: URLSearchParams;
}

const providerNames =
  'Microsoft\\.(?:Web|KeyVault|Storage|EventGrid|ManagedIdentity|OperationalInsights|Insights|Resources)';
const known = new RegExp(`/providers/${providerNames}/`, 'i');

/** What of a deployment a GET asks for; undefined where it asks for something else. @throws ArmError */
export function readMade(call: MadeCall): JsonAnswer | undefined {
  const { made, caller, subscriptionId, path, query } = call;
  const subscription = `/subscriptions/${subscriptionId}`;
  const below = path.toLowerCase().startsWith(`${subscription}/`)
    ? path.slice(subscription.length)
    : undefined;
  if (below === undefined) return undefined;

  const filter = query.get('$filter');
  const tag = /^tagName eq '([^']+)' and tagValue eq '([^']+)'$/i.exec(filter ?? '');
  if (/^\/resources$/i.test(below) && tag)
    return listed(call, (resource) => isTop(resource) && resource.tags?.[tag[1]!] === tag[2]);
  const ofKind = /^resourceType eq '(Microsoft\.Storage\/storageAccounts)'$/i.exec(filter ?? '')?.[1];
  if (/^\/resources$/i.test(below) && ofKind)
    return listed(call, ({ type }) => type.toLowerCase() === ofKind.toLowerCase());
  const provider = /^\/providers\/([\w.]+)$/i.exec(below)?.[1];
  if (provider) return ok(providerOf(made, subscription, provider));
  const deleted = /^\/providers\/Microsoft\.KeyVault\/locations\/[^/]+\/deletedVaults\/([^/]+)$/i.exec(
    below,
  )?.[1];
  if (deleted) return deletedVault(made, deleted);
  const ofType = /^\/providers\/(Microsoft\.EventGrid\/systemTopics)$/i.exec(below)?.[1];
  if (ofType) return listed(call, ({ type }) => type.toLowerCase() === ofType.toLowerCase());

  const resource = made.resources.get(path.toLowerCase());
  if (resource) {
    caller.mustDo(`${resource.type}/read`, resource.id);
    return ok(resource);
  }
  return part(call) ?? list(call) ?? missing(call);
}

const isTop = ({ id }: ArmResource) => id.split('/').length === 9;

const listed = ({ made, caller }: MadeCall, wanted: (resource: ArmResource) => boolean) =>
  ok({
    value: [...made.resources.values()].filter(wanted).filter(({ id, type }) => {
      try {
        caller.mustDo(`${type}/read`, id);
        return true;
      } catch {
        return false;
      }
    }),
  });

/** What is listed below a group or a resource, also where there is none. */
const collections = ['deployments', 'systemtopics', 'eventsubscriptions', 'functions'];

/** A list of what lies in a group or below a resource, by its type. */
function list(call: MadeCall): JsonAnswer | undefined {
  const path = call.path.toLowerCase();
  const parent = path.replace(/(\/providers\/[\w.]+)?\/\w+$/, '');
  if (!call.made.resources.has(parent) || !collections.includes(path.split('/').at(-1)!)) return undefined;
  return listed(call, ({ id }) => id.toLowerCase().replace(/\/[^/]+$/, '') === path);
}

/** Parts of a resource that are none of their own. */
function part({ made, caller, path, query }: MadeCall): JsonAnswer | undefined {
  const references = /^(.*\/sites\/[^/]+)\/config\/configreferences\/appsettings$/i.exec(path)?.[1];
  if (references && made.resources.has(references.toLowerCase())) {
    caller.mustDo('Microsoft.Web/sites/config/read', references);
    return ok({
      value: Object.entries(made.references).map(([name, properties]) => ({
        id: `${path}/${name}`,
        name,
        type: 'Microsoft.Web/sites/config',
        properties: { source: 'KeyVault', identityType: 'UserAssigned', ...properties },
      })),
    });
  }
  const topic = /^(.*\/systemTopics\/[^/]+)\/providers\/Microsoft\.Insights\/metrics$/i.exec(path)?.[1];
  const resource = topic && made.resources.get(topic.toLowerCase());
  if (!resource) return undefined;
  caller.mustDo('Microsoft.Insights/metrics/read', resource.id);
  return ok(metrics(made, resource, query));
}

/** https://learn.microsoft.com/rest/api/monitor/metrics/list; the one value is of the whole timespan. */
function metrics(made: Made, { id, properties }: ArmResource, query: URLSearchParams) {
  const counts: Record<string, number> = { ...made.deliveries(properties.source) };
  const timespan = query.get('timespan') ?? '';
  const asked = (query.get('metricnames') ?? '').split(',');
  const bad = asked.find((name) => counts[name] === undefined);
  if (bad !== undefined)
    throw new ArmError(
      400,
      'BadRequest',
      `Failed to find metric configuration for provider: Microsoft.EventGrid, resource Type: systemTopics, metric: ${bad}, Valid metrics: ${Object.keys(counts).join(',')}`,
    );
  return {
    ...{ cost: 0, timespan, interval: query.get('interval') ?? 'PT1M' },
    ...{ namespace: 'Microsoft.EventGrid/systemTopics', resourceregion: 'local' },
    value: asked.map((name) => ({
      ...{ id: `${id}/providers/Microsoft.Insights/metrics/${name}`, type: 'Microsoft.Insights/metrics' },
      ...{ name: { value: name, localizedValue: name }, unit: 'Count', errorCode: 'Success' },
      timeseries: [
        { metadatavalues: [], data: [{ timeStamp: timespan.split('/')[0], total: counts[name] }] },
      ],
    })),
  };
}

const providerOf = (made: Made, subscription: string, namespace: string) => ({
  id: `${subscription}/providers/${namespace}`,
  namespace,
  registrationState: made.providers[namespace] ?? 'Registered',
  registrationPolicy: 'RegistrationRequired',
  resourceTypes: [],
});

function deletedVault(made: Made, name: string): JsonAnswer {
  const properties = made.deletedVaults.get(name);
  if (properties) return ok({ name, type: 'Microsoft.KeyVault/deletedVaults', properties });
  throw new ArmError(404, 'DeletedVaultNotFound', `The specified deleted vault '${name}' does not exist.`);
}

/** What infra/ could have made, and has not. */
function missing({ path }: MadeCall): undefined {
  const group = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)$/i.exec(path)?.[1];
  if (group)
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
  if (known.test(path) && !/\/providers\/Microsoft\.Authorization\//i.test(path))
    throw new ArmError(
      404,
      'ResourceNotFound',
      `The Resource '${path.replace(/^.*\/providers\//i, '')}' was not found.`,
    );
  return undefined;
}

/** What of a deployment a POST asks for, changing nothing; undefined where it asks for something else. @throws ArmError */
export async function askMade(
  { made, caller, path }: MadeCall,
  body: () => Promise<unknown>,
): Promise<JsonAnswer | undefined> {
  if (/\/providers\/Microsoft\.(Storage|KeyVault|Web)\/checkNameAvailability$/i.test(path)) {
    const { name = '' } = (await body()) as { name?: string };
    const ours = [...made.resources.values()].some((resource) => resource.name === name);
    const isTaken = ours || made.takenNames.has(name) || made.deletedVaults.has(name);
    const message = `${name} is already taken.`;
    return ok({ nameAvailable: !isTaken, ...(isTaken && { reason: 'AlreadyExists', message }) });
  }
  const [, site, what] =
    /^(.*\/sites\/[^/]+)\/(config\/appsettings\/list|host\/default\/listkeys)$/i.exec(path) ?? [];
  if (!site || !made.resources.has(site.toLowerCase())) return undefined;
  const isSettings = what!.toLowerCase().startsWith('config');
  caller.mustDo(`Microsoft.Web/sites/${isSettings ? 'config/list' : 'host/listkeys'}/action`, site);
  const { settings, functionKey } = made.app();
  if (!isSettings) return ok({ masterKey: '', functionKeys: { default: functionKey }, systemKeys: {} });
  const references = Object.entries(made.references).map(([name, { reference }]) => [name, reference]);
  return ok({ name: 'appsettings', properties: { ...settings, ...Object.fromEntries(references) } });
}
