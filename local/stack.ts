import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AzAccess, startAzAccess } from './az/azAccess.ts';
import { type EventGrid, startEventGrid } from './eventGrid/eventGrid.ts';
import { type HostKeys, makeHostKeys } from './functionsHost/http/httpKeys.ts';
import type { SpawnedFunctionsHost } from './functionsHost/spawn.ts';
import { type GitServer, startGitServer } from './git/gitServer.ts';
import { createEntra, type Entra, type LocalIdentity } from './identity/entra.ts';
import { startIdentityEndpoint } from './identity/identityEndpoint.ts';
import { registryId, subscriptionId, tenantId } from './identity/resourceIds.ts';
import { createRoles, type Roles } from './identity/roles.ts';
import { freePort } from './machine/listening.ts';
import { createStops, type Stops } from './machine/stops.ts';
import { makeTls, type Tls } from './machine/tls.ts';
import type { Registry } from './registry/registry.ts';
import { startRoughHost } from './rough/host.ts';
import { roughParts } from './rough/parts.ts';
import { createRough, type Rough, type RoughOptions, roughnessNames } from './rough/rough.ts';
import type { RunEngine } from './runEngine/startRunEngine.ts';
import { type AppWishes, prepareApp, runApp } from './stackApp.ts';
import { type EngineWishes, startStackEngine } from './stackEngine.ts';
import { startRegistries } from './stackRegistries.ts';
import { startAccounts } from './storage/accounts.ts';
import type { Azurite } from './storage/azurite.ts';
import type { StorageCounts } from './storage/storageCounts.ts';

export interface StackOptions extends EngineWishes, AppWishes {
  /** Names of the registries; `baseacr` and `appacr` by default. */
  registries?: string[];
  /** Keeps images, tables and keys between two starts; without it all is gone at the end. */
  dir?: string;
  /** A line from any part, with the part's name. */
  log?: (part: string, line: string) => void;
  /** Port of the function app. */
  port?: number;
  /** Registries on which the app may pull from the start; all but the first, whose role is the tutorial's to give. */
  pull?: string[];
  /** What a second of Event Grid's retry schedule lasts here, in seconds. */
  eventTimeScale?: number;
  /** Makes Azure as rough as it is, for the app, once the stack has started. */
  rough?: RoughOptions;
  /** Lets the Azure CLI and the SDKs in: an ARM front, and az's configuration, signed in as the owner. */
  az?: boolean;
  /** Port of the ARM front. */
  azPort?: number;
  /** Ends the start: what was started so far is stopped, and the start rejects with the reason. */
  signal?: AbortSignal;
}

export interface Stack {
  url: string;
  keys: HostKeys;
  registries: Record<string, Registry>;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  azurite: Azurite;
  /** What was asked of the account with the app's data so far. */
  storageCounts(): StorageCounts;
  eventGrid: EventGrid;
  engine: RunEngine;
  git: GitServer;
  /** The app's own managed identity. */
  plinth: LocalIdentity;
  /** A person with every right, who pushes base images. */
  owner: LocalIdentity;
  app: SpawnedFunctionsHost;
  /** Undefined unless asked for. */
  az: AzAccess | undefined;
  /** How rough it is now. */
  roughness: Rough;
  /** Starts the function app again after it was killed, at the same address. */
  restartApp(): Promise<void>;
  /**
   * Deploys the app as its source is now, or the package of a folder, at the same address.
   * @throws where it does not build; the app then goes on
   */
  redeployApp(from?: string): Promise<void>;
  stop(): Promise<void>;
}

const identity = (name: string) => ({ name, clientId: randomUUID(), principalId: randomUUID() });

/**
 * Azure as the function app meets it, on this machine, and the app in it. On a fault all that was started is stopped.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stops = createStops();
  try {
    return await startParts(options, stops);
  } catch (error) {
    await stops.stop();
    throw error;
  }
}

type Started = <T extends { stop(): Promise<unknown> }>(part: T) => T;
type Azure = Awaited<ReturnType<typeof startAzure>>;

/** All that is in Azure without the app: storage, events, registries, the run engine, identities; and the git server. */
async function startAzure(options: StackOptions, dir: string, started: Started) {
  const { log = () => {} } = options;
  const names = options.registries ?? ['baseacr', 'appacr'];
  const tls = await makeTls(join(dir, 'tls'));
  const entra = createEntra(tenantId);
  const [plinth, owner, builder] = [identity('plinth'), identity('owner'), identity('acr-tasks')];
  // Calm until everything has started.
  const roughness = createRough({ seed: 0, ...options.rough, only: [] });
  const rough = roughParts(roughness, owner.principalId);
  const roles = createRoles(rough.roles);
  roles.assign({ scope: `/subscriptions/${subscriptionId}`, principalId: owner.principalId, role: 'Owner' });

  const accounts = started(
    await startAccounts({
      ...(options.dir && { dir: join(dir, 'azurite') }),
      ...{ tls, entra, roles, principalId: plinth.principalId, ...rough.storage },
    }),
  );
  const eventGrid = started(
    await startEventGrid({
      topics: names.map((name) => ({
        registryResourceId: registryId(name),
        loginServer: `${name}.azurecr.io`,
        location: 'local',
      })),
      ...(options.eventTimeScale && { timeScale: options.eventTimeScale }),
      ...rough.events,
      log: (line) => log('events', line),
    }),
  );
  const registries = await startRegistries({
    ...{ names, builder, plinth, eventGrid, tls, entra, roles, dir, started },
    pull: options.pull ?? names.slice(1),
    each: rough.registry,
  });
  options.signal?.throwIfAborted();
  const inOrder = names.map((name) => registries[name]!);
  const engineDir = { dir: join(dir, 'engine'), connectionString: accounts.azurite.connectionString };
  const engine = started(
    await startStackEngine(
      { ...rough.engine, ...options },
      { ...{ registries: inOrder, builder, tls, entra, roles }, ...engineDir },
    ),
  );
  const identities = { entra, systemAssigned: plinth, userAssigned: [plinth], cli: owner };
  const identityEndpoint = started(await startIdentityEndpoint({ ...identities, ...rough.identityEndpoint }));
  const git = started(await startGitServer({ dir: join(dir, 'git') }));
  const parts = { tls, entra, plinth, owner, roughness, rough, roles, accounts, eventGrid, registries };
  return { ...parts, inOrder, engine, identityEndpoint, git };
}

/** Builds the app, and what lets az in; the app itself is not started. */
async function prepareParts(options: StackOptions, dir: string, azure: Azure, started: Started) {
  const { log = () => {} } = options;
  const {
    tls,
    entra,
    plinth,
    roughness,
    rough,
    roles,
    accounts,
    eventGrid,
    inOrder,
    engine,
    identityEndpoint,
  } = azure;
  const keys = makeHostKeys();
  const az: AzAccess | undefined = options.az
    ? started(
        await startAzAccess({
          ...{ subscriptionId, tenantId, tls, entra, roles, dir: join(dir, 'az') },
          ...{ identity: plinth, storage: accounts, deliveries: eventGrid.counts, registries: inOrder },
          plinth: () => ({ url: `http://localhost:${port}`, functionKey: keys.function, settings }),
          blobEndpoint: `http://127.0.0.1:${accounts.azurite.blobPort}`,
          identityEnvironment: identityEndpoint.cliEnvironment,
          ...(options.azPort && { port: options.azPort }),
        }),
      )
    : undefined;
  const resourceManager = options.rough ? started(await rough.resourceManager(engine.url, tls)) : engine;
  // Last of all ports, so that nothing here takes it before the app does.
  const port = options.port ?? (await freePort());
  // Ten minutes; on a busy machine a renewal needs seconds.
  const queueLeaseSeconds =
    options.queueLeaseSeconds ?? (options.rough && Math.max(4, Math.ceil(roughness.ms(10) / 1000)));
  const wishes = { ...options, ...(queueLeaseSeconds && { queueLeaseSeconds }) };
  const { settings, launch, build } = await prepareApp(wishes, {
    ...{ registries: inOrder, storage: accounts, identity: plinth, keys, dir },
    ...{ identityEndpoint, armEndpoint: resourceManager.url, caFile: tls.caFile },
    // Where clients find logs: az takes addresses with https only.
    publicUrl: az?.origin ?? `http://localhost:${port}`,
    log: (line) => log('app', line),
  });
  options.signal?.throwIfAborted();
  return { keys, az, port, launch, build };
}

async function startParts(options: StackOptions, stops: Stops): Promise<Stack> {
  const started: Started = (part) => {
    stops.add(() => part.stop());
    return part;
  };
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'plinth-stack-')));
  if (!options.dir) stops.add(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'tmp'), { recursive: true });

  const azure = await startAzure(options, dir, started);
  const { keys, az, port, launch, build } = await prepareParts(options, dir, azure, started);
  const { tls, entra, roles, accounts, eventGrid, registries, engine, git, plinth, owner, roughness } = azure;
  const app = started(
    options.rough ? await startRoughHost(launch, port, roughness) : await runApp(launch, port),
  );
  for (const { resourceId } of azure.inOrder)
    await eventGrid.subscribe({
      registryResourceId: resourceId,
      endpointUrl: `${app.url}/runtime/webhooks/eventgrid?functionName=imagePushed&code=${keys.eventgrid}`,
      includedEventTypes: ['Microsoft.ContainerRegistry.ImagePushed'],
      endpointType: 'AzureFunction',
    });
  if (options.rough) roughness.only(...(options.rough.only ?? roughnessNames));

  return {
    url: app.url,
    keys,
    registries,
    tls,
    entra,
    roles,
    azurite: accounts.azurite,
    storageCounts: accounts.data.counts,
    eventGrid,
    engine,
    git,
    plinth,
    owner,
    az,
    roughness,
    get app() {
      return app.process;
    },
    restartApp: app.restart,
    redeployApp: async (from) => app.replace(await build(from)),
    stop: stops.stop,
  };
}
