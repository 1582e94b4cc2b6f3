import { type Finding, fault, quoted, unseen, works } from '../finding.ts';

/** A resource as a list has it. */
export interface Listed {
  id: string;
  name: string;
  type: string;
  tags?: Record<string, string>;
}

/** What main.bicep makes in its group, by the beginning of its name. */
const parts = {
  identity: ['Microsoft.ManagedIdentity/userAssignedIdentities', 'id-plinth-'],
  hostAccount: ['Microsoft.Storage/storageAccounts', 'sthost'],
  dataAccount: ['Microsoft.Storage/storageAccounts', 'stdata'],
  vault: ['Microsoft.KeyVault/vaults', 'kv-plinth-'],
  workspace: ['Microsoft.OperationalInsights/workspaces', 'log-plinth-'],
  insights: ['Microsoft.Insights/components', 'appi-plinth-'],
  plan: ['Microsoft.Web/serverfarms', 'plan-plinth-'],
  site: ['Microsoft.Web/sites', 'func-plinth-'],
} as const;

export type Parts = Partial<Record<keyof typeof parts, Listed>>;

/** The parts of an environment among the resources that carry its tag. */
export function findParts(listed: Listed[]): Parts {
  const found = Object.entries(parts).map(([part, [type, prefix]]) => [
    part,
    listed.find((one) => one.type.toLowerCase() === type.toLowerCase() && one.name.startsWith(prefix)),
  ]);
  return Object.fromEntries(found.filter(([, resource]) => resource));
}

/** ARM id of the group that a resource is in. */
export const groupOf = (id: string) => id.replace(/\/providers\/.*$/i, '');

/** A deployment of one of the template's modules. */
export interface ModuleDeployment {
  name: string;
  properties: { provisioningState: string; error?: ArmFault };
}
interface ArmFault {
  code: string;
  message: string;
  details?: ArmFault[];
}

const innermost = (error: ArmFault): string =>
  error.details?.[0] ? innermost(error.details[0]) : `${error.code}: ${error.message}`;

/** What of the template is not there, and what ARM said when it was to be made. */
export function judgeParts(found: Parts, deployments: ModuleDeployment[]): Finding[] {
  const missing = Object.entries(parts).filter(([part]) => !found[part as keyof Parts]);
  if (missing.length === 0) return [works('deployment', 'all parts of the template are there')];
  const failed = deployments.filter(({ properties }) => properties.provisioningState === 'Failed');
  const why = failed.map(
    ({ name, properties }) =>
      `${name} failed: ${properties.error ? innermost(properties.error) : 'no reason was given'}`,
  );
  const names = missing.map(([, [type, prefix]]) => `${prefix}… (${type})`).join(', ');
  return [fault('deployment', [`half made: there is no ${names}`, ...why].join('. '), 'azd provision')];
}

/** A Key Vault reference: https://learn.microsoft.com/azure/app-service/app-service-key-vault-references */
export interface KeyVaultReference {
  name: string;
  properties: { status: string; details?: string; activeVersion?: string };
}

/** The command with which App Service reads references anew; it keeps what it read for a day. */
const refresh = (siteId: string) =>
  `az rest --method post --url ${quoted(`${siteId}/config/configreferences/appsettings/refresh?api-version=2022-03-01`)}`;

/** Whether each secret of the settings came from the vault. @param giveRole the command that gives the app its role there */
export function judgeReferences(
  references: KeyVaultReference[],
  siteId: string,
  giveRole: string,
): Finding[] {
  if (references.length === 0)
    return [fault('setting PLINTH_SEALING_KEY', 'it is no reference to the vault', 'azd provision')];
  return references.map(({ name, properties: { status, details } }) => {
    const edge = `setting ${name}`;
    if (status === 'Resolved') return works(edge, 'resolved from the vault');
    const says = `its reference is not resolved: ${status}${details ? `, ${details}` : ''}`;
    if (status === 'AccessToKeyVaultDenied') return fault(edge, says, giveRole, refresh(siteId));
    if (/NotFound$/.test(status)) return fault(edge, says, 'azd provision', refresh(siteId));
    return fault(edge, says, refresh(siteId));
  });
}

/** Whether the app works with the newest version of the sealing key. @param newest the secret's address with its version */
export function judgeSealingKey(references: KeyVaultReference[], newest: string, siteId: string): Finding {
  const edge = 'sealing key';
  const active = references.find(({ name }) => name === 'PLINTH_SEALING_KEY')?.properties.activeVersion;
  if (!active)
    return unseen(
      edge,
      'App Service does not say which version it read; this reads the newest',
      refresh(siteId),
    );
  if (newest.endsWith(`/${active}`)) return works(edge, `the vault's newest, ${active}`);
  const version = newest.split('/').at(-1);
  return fault(edge, `the app seals with version ${active}, the vault has ${version}`, refresh(siteId));
}

/**
 * Whether the app works on the tables of its own account.
 * @param account the own one, with the address of its tables
 * @param environments by the name of an account the environment whose tag it carries
 */
export function judgeStorage(
  settings: Record<string, string>,
  account: { tables: string; queues: string },
  environments: Map<string, string | undefined>,
  site: Listed,
): Finding {
  const edge = 'storage of the app';
  const given = settings.PlinthStorage__tableServiceUri ?? '';
  const bare = (url: string) => url.replace(/\/$/, '').toLowerCase();
  if (bare(given) === bare(account.tables)) return works(edge, given);
  const name = URL.canParse(given) ? new URL(given).hostname.split('.')[0]! : '';
  const environment = environments.get(name);
  const whose = environment ? `, an account of the environment ${environment}` : '';
  return fault(
    edge,
    `it works on ${given || 'nothing'}${whose}, and not on its own, ${account.tables}`,
    `az functionapp config appsettings set --name ${quoted(site.name)} --resource-group ${quoted(groupOf(site.id).split('/').at(-1)!)} --settings ${quoted(`PlinthStorage__tableServiceUri=${account.tables}`)} ${quoted(`PlinthStorage__queueServiceUri=${account.queues}`)}`,
  );
}
