import { z } from 'zod';
import { readPrivateHosts } from '../adapters/http/addressRules.ts';
import { Policies, type Policy, strayPatterns } from '../model/bases/policy.ts';
import { faultsOf } from '../model/faultsOf.ts';
import type { KnownRegistry } from '../model/registry.ts';
import { storageConnection } from '../names/azureNames.ts';
import { PlinthError } from '../names/plinthError.ts';
import { isVaultHost, type VaultRules } from '../names/vaultUri.ts';
import { RegistrySetting } from './registrySetting.ts';

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
});

/** One or more keys of 32 bytes in base64, the newest first: the others still open what they sealed. */
const sealingKeys = z.string().transform((text, context) => {
  const keys = text.split(',').map((key) => Buffer.from(key.trim(), 'base64'));
  if (keys.some((key) => key.length !== 32)) {
    context.addIssue('must be 32 bytes in base64 (openssl rand -base64 32), several with commas between');
    return z.NEVER;
  }
  return keys as [Buffer, ...Buffer[]];
});

const listed = (text: string) =>
  text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');

/** Host names, addresses and CIDR ranges. */
const privateHosts = z.string().transform((text, context) => {
  const hosts = listed(text);
  try {
    readPrivateHosts(hosts);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
  return hosts;
});

const vaultHosts = z.string().transform((text, context) => {
  const hosts = listed(text).map((entry) => (URL.canParse(entry) ? new URL(entry).host : entry));
  if (!hosts.every(isVaultHost))
    context.addIssue('must be hosts of key vaults, such as corp.vault.azure.net');
  return hosts;
});

const count = (max: number) => z.coerce.number().int().min(1).max(max);

/**
 * By host, where something answers: https, as tokens go there. Plain http is for a server of this machine alone, which
 * is what local development has.
 */
const addresses = json
  .pipe(
    z.record(
      z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'must be a host in lower case'),
      z.url().regex(/^(https:|http:\/\/(localhost|127\.0\.0\.1)(:|\/|$))/, 'must be https'),
    ),
  )
  .optional();

/** Two of one name would share a partition, and a run of one would be started in the other. */
function namedOnce(registries: KnownRegistry[], context: z.RefinementCtx): void {
  const names = registries.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  for (const name of new Set(twice)) context.addIssue(`names the registry ${name} more than once`);
}

/** Each setting, its bounds and its default. The names are those of the function app's application settings. */
const Environment = z.object({
  PLINTH_REGISTRIES: json.pipe(z.array(RegistrySetting).min(1)).superRefine(namedOnce),
  PLINTH_SEALING_KEY: sealingKeys,
  PLINTH_ARM_ENDPOINT: z.url().default('https://management.azure.com'),
  PLINTH_RUN_ENGINE: z.enum(['taskRuns', 'scheduleRun']).default('taskRuns'),
  PLINTH_PUBLIC_URL: z.url().optional(),
  PLINTH_SOURCE_CONTROL_APIS: addresses,
  PLINTH_KEY_VAULT_ENDPOINTS: addresses,
  PLINTH_KEY_VAULTS: vaultHosts.optional(),
  PLINTH_OWN_KEY_VAULTS: vaultHosts.optional(),
  PLINTH_PRIVATE_HOSTS: privateHosts.optional(),
  PLINTH_BASE_IMAGE_POLICIES: json.pipe(Policies).optional(),
  PLINTH_IDENTITY_PRINCIPAL_ID: z.string().optional(),
  PLINTH_API_CLIENT_ID: z.string().optional(),
  /** A fetch takes about seven times as much memory, and three times as much temporary disk. */
  PLINTH_MAX_CONTEXT_MIB: count(128).default(64),
  PLINTH_RUNS_PER_REGISTRY: count(100).default(10),
  PLINTH_RUNS_PER_TASK: count(10).default(1),
  PLINTH_RECONCILE_MINUTES: count(1440).default(5),
  PLINTH_POLL_MINUTES: count(1440).default(15),
  PLINTH_LEDGER_DAYS: count(3650).default(90),
  PLINTH_DELIVERY_DAYS: count(3650).default(90),
  PLINTH_RUN_DAYS: count(3650).default(365),
  AZURE_CLIENT_ID: z.string().optional(),
  AZURE_TENANT_ID: z.string().optional(),
  WEBSITE_HOSTNAME: z.string().optional(),
  [storageConnection]: z.string().optional(),
  [`${storageConnection}__tableServiceUri`]: z.url().optional(),
  [`${storageConnection}__queueServiceUri`]: z.url().optional(),
});

export interface Config {
  registries: KnownRegistry[];
  sealingKeys: [Buffer, ...Buffer[]];
  armEndpoint: string;
  /** The host name of this app, which no other has. */
  app: string;
  /** How builds are started: `scheduleRun` is for an identity that may not write taskRuns. */
  runEngine: 'taskRuns' | 'scheduleRun';
  /** Where clients reach this app, without a slash at the end. */
  publicUrl: string;
  /** By a repository's host, the REST API of its server. */
  sourceControlApis: Record<string, string>;
  /** By a vault's host, where it answers when that is not there. */
  keyVaultEndpoints: Record<string, string>;
  vaults: VaultRules;
  /** Host names, addresses and CIDR ranges that tasks may lead the app to, though they are private. */
  privateHosts: string[];
  identity: { clientId?: string; principalId?: string; tenantId?: string };
  policies: Policy[];
  maxContextBytes: number;
  runsPerRegistry: number;
  runsPerTask: number;
  reconcileMinutes: number;
  pollMinutes: number;
  ledgerDays: number;
  deliveryDays: number;
  runDays: number;
  storage: { connectionString: string } | { tableServiceUri: string; queueServiceUri: string };
}

export class ConfigError extends PlinthError {
  constructor(message: string) {
    super(message, { answer: [503, 'NotConfigured'] });
  }
}

/**
 * The settings, held against their bounds.
 * @throws ConfigError that names every fault at once; no value is repeated, it may be a secret
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const read = Environment.safeParse(given);
  const faults = read.success ? [] : faultsOf(read.error);
  const uris = [`${storageConnection}__tableServiceUri`, `${storageConnection}__queueServiceUri`] as const;
  if (!given[storageConnection] && !uris.every((name) => given[name]))
    faults.push(`${uris.join(' and ')}: needed (or a connection string in ${storageConnection})`);
  if (read.success)
    for (const pattern of strayPatterns(
      read.data.PLINTH_BASE_IMAGE_POLICIES ?? [],
      read.data.PLINTH_REGISTRIES,
    ))
      faults.push(`PLINTH_BASE_IMAGE_POLICIES: ${pattern} is a task of no registry of PLINTH_REGISTRIES`);
  if (!read.success || faults.length > 0)
    throw new ConfigError(`The settings of the function app are not complete. ${faults.join('. ')}.`);

  const settings = read.data;
  const connectionString = settings[storageConnection];
  const host = settings.WEBSITE_HOSTNAME ?? 'localhost:7071';
  return {
    registries: settings.PLINTH_REGISTRIES,
    sealingKeys: settings.PLINTH_SEALING_KEY,
    armEndpoint: settings.PLINTH_ARM_ENDPOINT.replace(/\/$/, ''),
    app: settings.WEBSITE_HOSTNAME ?? new URL(settings.PLINTH_PUBLIC_URL ?? `https://${host}`).host,
    runEngine: settings.PLINTH_RUN_ENGINE,
    publicUrl: (settings.PLINTH_PUBLIC_URL ?? `https://${host}`).replace(/\/$/, ''),
    sourceControlApis: settings.PLINTH_SOURCE_CONTROL_APIS ?? {},
    keyVaultEndpoints: settings.PLINTH_KEY_VAULT_ENDPOINTS ?? {},
    vaults: { own: settings.PLINTH_OWN_KEY_VAULTS ?? [], allowed: settings.PLINTH_KEY_VAULTS },
    privateHosts: settings.PLINTH_PRIVATE_HOSTS ?? [],
    policies: settings.PLINTH_BASE_IMAGE_POLICIES ?? [],
    identity: {
      ...(settings.AZURE_CLIENT_ID && { clientId: settings.AZURE_CLIENT_ID }),
      ...(settings.PLINTH_IDENTITY_PRINCIPAL_ID && { principalId: settings.PLINTH_IDENTITY_PRINCIPAL_ID }),
      ...(settings.AZURE_TENANT_ID && { tenantId: settings.AZURE_TENANT_ID }),
    },
    maxContextBytes: settings.PLINTH_MAX_CONTEXT_MIB * 2 ** 20,
    runsPerRegistry: settings.PLINTH_RUNS_PER_REGISTRY,
    runsPerTask: settings.PLINTH_RUNS_PER_TASK,
    reconcileMinutes: settings.PLINTH_RECONCILE_MINUTES,
    pollMinutes: settings.PLINTH_POLL_MINUTES,
    ledgerDays: settings.PLINTH_LEDGER_DAYS,
    deliveryDays: settings.PLINTH_DELIVERY_DAYS,
    runDays: settings.PLINTH_RUN_DAYS,
    storage: connectionString
      ? { connectionString }
      : { tableServiceUri: settings[uris[0]]!, queueServiceUri: settings[uris[1]]! },
  };
}

/** Entra signs callers in where an API registration is given; else the host asks for a function key. Never open. */
const usesEntra = (environment: Record<string, string | undefined>) =>
  Boolean(environment.PLINTH_API_CLIENT_ID);

/** Where telemetry goes; the names are Application Insights' and OpenTelemetry's own. None of them is needed. */
export interface TelemetrySettings {
  connectionString?: string;
  /** The managed identity for Application Insights; undefined where it takes the connection string alone. */
  identity?: { clientId?: string };
  otlp: boolean;
  /** `service.name` and `service.instance.id` of what is sent. */
  service: string;
  instance?: string;
}

/**
 * The settings of telemetry.
 * @returns undefined where no destination is set
 */
export function readTelemetry(
  environment: Record<string, string | undefined>,
): TelemetrySettings | undefined {
  const connectionString = environment.APPLICATIONINSIGHTS_CONNECTION_STRING;
  const otlp = Boolean(environment.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (!connectionString && !otlp) return undefined;
  // `ClientId={id};Authorization=AAD`, as the Functions host reads it.
  const authentication = new Map(
    (environment.APPLICATIONINSIGHTS_AUTHENTICATION_STRING ?? '')
      .split(';')
      .map((part) => part.split('=').map((text) => text.trim()) as [string, string | undefined])
      .map(([name, value]) => [name.toLowerCase(), value]),
  );
  const clientId = authentication.get('clientid') || environment.AZURE_CLIENT_ID;
  return {
    ...(connectionString && { connectionString }),
    ...(authentication.get('authorization')?.toUpperCase() === 'AAD' && {
      identity: { ...(clientId && { clientId }) },
    }),
    otlp,
    service: environment.OTEL_SERVICE_NAME || environment.WEBSITE_SITE_NAME || 'plinth',
    ...(environment.WEBSITE_INSTANCE_ID && { instance: environment.WEBSITE_INSTANCE_ID }),
  };
}

/** The settings of this process. @throws ConfigError */
export const processConfig = () => readConfig(process.env);
export const processUsesEntra = () => usesEntra(process.env);
export const processTelemetry = () => readTelemetry(process.env);
