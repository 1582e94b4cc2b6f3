import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPackage } from '../infra/package.ts';
import { deployPackage, packageOfSource } from './functionsHost/deployPackage.ts';
import type { HostKeys } from './functionsHost/http/httpKeys.ts';
import { type SpawnedFunctionsHost, spawnFunctionsHost } from './functionsHost/spawn.ts';
import type { LocalIdentity } from './identity/entra.ts';
import type { IdentityEndpoint } from './identity/identityEndpoint.ts';
import { tenantId } from './identity/resourceIds.ts';
import type { Registry } from './registry/registry.ts';
import type { StorageFront } from './storage/storageFront.ts';

export interface AppWishes {
  /** More settings of the function app. */
  settings?: Record<string, string>;
  queueLeaseSeconds?: number;
  /** Folder of the package that is deployed first; this source's by default. */
  package?: string;
}

interface AppParts {
  registries: Registry[];
  storage: { host: StorageFront; data: StorageFront };
  identity: LocalIdentity;
  identityEndpoint: IdentityEndpoint;
  armEndpoint: string;
  publicUrl: string;
  /** The authority of everything here. */
  caFile: string;
  dir: string;
  keys: HostKeys;
  log: (line: string) => void;
}

/** Starts the app at a port, or at a free one; `heard` gets each line that it prints. */
export type Launch = (port?: number, heard?: (line: string) => void) => Promise<SpawnedFunctionsHost>;

/** The app at its address, whatever process serves it. */
export interface RunningApp {
  url: string;
  readonly process: SpawnedFunctionsHost;
  /** Starts it again after its process was killed. */
  restart(): Promise<void>;
  /** Stops it, puts another in its place and starts that. */
  replace(put: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

interface PreparedApp {
  settings: Record<string, string>;
  launch: Launch;
  build(from?: string): Promise<() => Promise<void>>;
}

/**
 * Puts the function app in place as a deployment does, with the settings of the template.
 * @returns its settings, what starts it, at a port or at a free one, and what builds it anew and then puts it in the place
 * of the one before; it may be started again after its end
 */
export async function prepareApp(wishes: AppWishes, parts: AppParts): Promise<PreparedApp> {
  const appDir = join(parts.dir, 'wwwroot');
  const settings = { ...templateSettings(parts), ...wishes.settings };
  const env = { ...settings, ...machineSettings(parts), ...wishes.settings };
  // In a place of this stack's own: a build beside it changes nothing here.
  await deployPackage(appDir, wishes.package ?? (await packageOfSource(`${appDir}-built`)));
  const launch: Launch = (port, heard) =>
    spawnFunctionsHost({
      appDir,
      env,
      keys: parts.keys,
      ...(port && { port }),
      log(line) {
        heard?.(line);
        parts.log(line);
      },
      ...(wishes.queueLeaseSeconds && { queueLeaseSeconds: wishes.queueLeaseSeconds }),
    });
  const build = async (from?: string) => {
    const next = `${appDir}-next`;
    await rm(next, { recursive: true, force: true });
    const built = `${next}-built`;
    if (from === undefined) await buildPackage(built);
    await deployPackage(next, from ?? built);
    return async () => {
      await rm(appDir, { recursive: true });
      await rename(next, appDir);
    };
  };
  return { settings, launch, build };
}

/** The app as one process, which is there until it is killed. */
export async function runApp(launch: Launch, port: number): Promise<RunningApp> {
  let app = await launch(port);
  return {
    url: app.url,
    get process() {
      return app;
    },
    async restart() {
      await app.exited;
      app = await launch(port);
    },
    async replace(put) {
      await app.stop();
      await put();
      app = await launch(port);
    },
    stop: () => app.stop(),
  };
}

/** The settings of infra/main.bicep and its modules, under its names and with its defaults. */
function templateSettings({ registries, storage, identity, armEndpoint, publicUrl }: AppParts) {
  return {
    AZURE_CLIENT_ID: identity.clientId,
    AZURE_TENANT_ID: tenantId,
    AzureWebJobsDisableHomepage: 'true',
    AzureWebJobsStorage__blobServiceUri: storage.host.endpoints.blob,
    AzureWebJobsStorage__clientId: identity.clientId,
    AzureWebJobsStorage__credential: 'managedidentity',
    AzureWebJobsStorage__tableServiceUri: storage.host.endpoints.table,
    PLINTH_API_CLIENT_ID: '',
    PLINTH_ARM_ENDPOINT: armEndpoint,
    PLINTH_BASE_IMAGE_POLICIES: '',
    PLINTH_DELIVERY_DAYS: '90',
    PLINTH_IDENTITY_PRINCIPAL_ID: identity.principalId,
    PLINTH_KEY_VAULT_ENDPOINTS: '',
    PLINTH_KEY_VAULTS: '',
    PLINTH_LEDGER_DAYS: '90',
    PLINTH_MAX_CONTEXT_MIB: '64',
    PLINTH_OWN_KEY_VAULTS: 'https://kv-plinth-local.vault.azure.net/',
    PLINTH_POLL_MINUTES: '15',
    // Everything here answers on this machine.
    PLINTH_PRIVATE_HOSTS: 'localhost, 127.0.0.0/8, ::1',
    PLINTH_PUBLIC_URL: publicUrl,
    PLINTH_RECONCILE_MINUTES: '5',
    // The endpoint, as a registry behind a private name has one.
    PLINTH_REGISTRIES: JSON.stringify(
      registries.map(({ resourceId, loginServer, endpoint }) => ({
        ...{ id: resourceId, loginServer, endpoint },
        roleAssignmentMode: 'LegacyRegistryPermissions',
      })),
    ),
    PLINTH_RUN_DAYS: '365',
    PLINTH_RUN_ENGINE: 'taskRuns',
    PLINTH_RUNS_PER_REGISTRY: '10',
    PLINTH_RUNS_PER_TASK: '1',
    // App Service puts the secret here that the template's reference names.
    PLINTH_SEALING_KEY: randomBytes(32).toString('base64'),
    PLINTH_SOURCE_CONTROL_APIS: '',
    PlinthStorage__clientId: identity.clientId,
    PlinthStorage__credential: 'managedidentity',
    PlinthStorage__queueServiceUri: storage.data.endpoints.queue,
    PlinthStorage__tableServiceUri: storage.data.endpoints.table,
  };
}

/** What the platform sets there, or this machine here. */
const machineSettings = ({ identityEndpoint, caFile, dir }: AppParts) => ({
  ...identityEndpoint.environment,
  NODE_EXTRA_CA_CERTS: caFile,
  // What a killed app leaves behind goes with the stack.
  TMPDIR: join(dir, 'tmp'),
});
