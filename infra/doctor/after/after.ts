import { type Azure, reasonOf } from '../azure.ts';
import type { AcrResource } from '../before/registry.ts';
import { assignRole, type Finding, fault, quoted, unseen, works } from '../finding.ts';
import { readRegistries, type Wanted } from '../wanted.ts';
import { ownRoles, rolesHeld, secretsOf, storageOf } from './afterApp.ts';
import { registryOf, registryRoles, usesAbac } from './afterRegistry.ts';
import { judgeHealth, judgeRefusal } from './app.ts';
import { type Base, versions } from './base.ts';
import {
  findParts,
  groupOf,
  judgeParts,
  type Listed,
  type ModuleDeployment,
  type Parts,
} from './deployed.ts';

/** How the app is called: with its host's key, or with a token where Entra signs callers in. */
export type TokenFor = (resource: string) => Promise<string | undefined>;

/** The parts of the environment that are deployed; none of them is a function app where it never was. */
export async function readParts(azure: Azure, environment: string | undefined): Promise<Parts> {
  if (!environment) return {};
  const filter = `tagName eq 'azd-env-name' and tagValue eq '${environment}'`;
  const path = `/subscriptions/${azure.subscriptionId}/resources?$filter=${filter}`;
  return findParts((await azure.list<Listed>(path, '2021-04-01')).body ?? []);
}

/** Whether each edge of what is deployed works, as whoever is signed in. It changes nothing. */
export async function examineAfter(
  azure: Azure,
  wanted: Wanted,
  parts: Parts,
  tokenFor: TokenFor,
): Promise<Finding[]> {
  const some = Object.values(parts)[0];
  if (!some) return [fault('deployment', `nothing of ${wanted.environment} is deployed`, 'azd up')];
  const deployments = await azure.list<ModuleDeployment>(
    `${groupOf(some.id)}/providers/Microsoft.Resources/deployments`,
    '2025-04-01',
  );
  const whole = judgeParts(parts, deployments.body ?? []);
  const { site } = parts;
  if (!site) return whole;
  const { base, findings } = await readSite(azure, wanted, parts, site);
  const rest = await Promise.all([
    secretsOf(base),
    storageOf(base),
    rolesHeld(azure, ownRoles(base)),
    ...base.registries.map((registry) => registryOf(base, registry)),
    apiOf(base, tokenFor),
  ]);
  return [...whole, ...findings, ...rest.flat()];
}

interface Site {
  properties: { state: string; defaultHostName: string };
}

async function readSite(azure: Azure, wanted: Wanted, parts: Parts, site: Listed) {
  const [resource, functions, list, identity] = await Promise.all([
    azure.get<Site>(site.id, versions.web),
    azure.list<{ name: string }>(`${site.id}/functions`, versions.web),
    azure.post<{ properties: Record<string, string> }>(`${site.id}/config/appsettings/list`, versions.web),
    azure.get<{ properties: { principalId: string } }>(parts.identity?.id ?? site.id, '2024-11-30'),
  ]);
  const group = groupOf(site.id).split('/').at(-1)!;
  const edge = `function app ${site.name}`;
  const findings: Finding[] = [];
  if (!resource.body) findings.push(unseen(edge, reasonOf(resource)));
  else if (resource.body.properties.state === 'Running') findings.push(works(edge, 'it runs'));
  else
    findings.push(
      fault(
        edge,
        `it is ${resource.body.properties.state}`,
        `az functionapp start --name ${quoted(site.name)} --resource-group ${quoted(group)}`,
      ),
    );
  if (functions.body && !functions.body.some(({ name }) => name.endsWith('/imagePushed')))
    findings.push(fault('code of the app', 'there is no function imagePushed', 'azd deploy'));
  if (!list.body)
    findings.push(unseen('settings of the app', reasonOf(list), websiteContributor(azure, site)));
  const settings = list.body?.properties;
  const own = readRegistries(settings?.PLINTH_REGISTRIES).registries;
  const registries = (own.length > 0 ? own : wanted.registries).map((registry) => ({
    ...registry,
    ...wanted.registries.find(({ id }) => id.toLowerCase() === registry.id.toLowerCase()),
  }));
  const place = {
    ...{ siteName: site.name, group, host: resource.body?.properties.defaultHostName },
    principalId: identity.body?.properties.principalId ?? settings?.PLINTH_IDENTITY_PRINCIPAL_ID ?? '',
    dataAccountId: parts.dataAccount?.id ?? '',
  };
  const base: Base = { azure, environment: wanted.environment!, parts, site, settings, registries, place };
  return { base, findings };
}

const websiteContributor = ({ principal }: Azure, site: Listed) =>
  assignRole(principal, 'Website Contributor', site.id);

/** The app itself: that it refuses whom it does not know, and what it says of its own edges. */
async function apiOf(base: Base, tokenFor: TokenFor): Promise<Finding[]> {
  const { azure, site, place, settings, registries } = base;
  const url = `https://${place.host}`;
  const [first] = registries;
  if (!place.host || !first) return [];
  const refusal = await azure.call(`${url}/registries/${first.name}`).catch(() => undefined);
  if (!refusal)
    return [
      fault(
        'the app',
        `${url} does not answer`,
        `az functionapp start --name ${quoted(site.name)} --resource-group ${quoted(place.group)}`,
      ),
    ];
  const headers = await credentialOf(base, settings, tokenFor);
  if (!headers)
    return [
      judgeRefusal(refusal.status),
      unseen('the app itself', 'you may not read its key', websiteContributor(azure, site)),
    ];
  const asked = await Promise.all(
    registries.map(async (registry) => {
      const answer = await azure.call(`${url}/registries/${registry.name}/health`, headers);
      const resource = await azure.get<AcrResource>(registry.id, '2025-11-01');
      if (resource.status === 404) return [];
      const roles = [
        ...ownRoles(base),
        ...registryRoles(base, registry, resource.body ? usesAbac(resource.body) : false),
      ];
      return judgeHealth(registry, answer, place, roles);
    }),
  );
  return [judgeRefusal(refusal.status), ...once(asked.flat())];
}

async function credentialOf({ azure, site }: Base, settings: Base['settings'], tokenFor: TokenFor) {
  const clientId = settings?.PLINTH_API_CLIENT_ID;
  if (clientId) {
    const token = await tokenFor(`api://${clientId}`);
    return token && { authorization: `Bearer ${token}` };
  }
  const keys = await azure.post<{ functionKeys: { default?: string } }>(
    `${site.id}/host/default/listkeys`,
    versions.web,
  );
  const key = keys.body?.functionKeys.default;
  return key && { 'x-functions-key': key };
}

/** Each registry is asked for, and each answer also tells of what is the same for all. */
const once = (findings: Finding[]) =>
  findings.filter(
    (one, at) => findings.findIndex(({ edge, says }) => edge === one.edge && says === one.says) === at,
  );
