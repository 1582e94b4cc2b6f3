import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackage } from '../infra/package.ts';
import { type AzAccess, startAzAccess } from './azAccess.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { createEntra, type Entra, type LocalIdentity } from './entra.ts';
import { type EventGrid, startEventGrid } from './eventGrid.ts';
import { type HostKeys, makeHostKeys } from './functionsHost/httpKeys.ts';
import { type SpawnedFunctionsHost, spawnFunctionsHost } from './functionsHost/spawn.ts';
import { type GitServer, startGitServer } from './gitServer.ts';
import { startIdentityEndpoint } from './identityEndpoint.ts';
import { freePort } from './listening.ts';
import { provisionStorage } from './provision.ts';
import { type Registry, startRegistry } from './registry.ts';
import { registryId, subscriptionId, tenantId } from './resourceIds.ts';
import { createRoles, type Roles } from './roles.ts';
import type { RunEngine } from './runEngine/startRunEngine.ts';
import { type EngineWishes, startStackEngine } from './stackEngine.ts';
import { makeTls, type Tls } from './tls.ts';

export interface StackOptions extends EngineWishes {
  /** Names of the registries; `baseacr` and `appacr` unless told. */
  registries?: string[];
  /** Keeps images, tables and keys between two starts; without it all is gone at the end. */
  dir?: string;
  /** A line from any part, with the part's name. */
  log?: (part: string, line: string) => void;
  /** Port of the function app. */
  port?: number;
  /** More settings of the function app. */
  settings?: Record<string, string>;
  /** Registries on which the app may pull from the start; all but the first, whose role is the tutorial's to give. */
  pull?: string[];
  /** What a second of Event Grid's retry schedule lasts here, in seconds. */
  eventTimeScale?: number;
  queueLeaseSeconds?: number;
  /** Where Event Grid sends the app's events instead: somebody between the two, who passes them on or does not. */
  eventsBy?: (endpointUrl: string) => string;
  /** Lets the Azure CLI and the SDKs in: an ARM front, and az's configuration, signed in as the owner. */
  az?: boolean;
  /** Port of the ARM front. */
  azPort?: number;
}

export interface Stack {
  url: string;
  keys: HostKeys;
  registries: Record<string, Registry>;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  azurite: Azurite;
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
  /** Starts the function app again after it was killed, at the same address. */
  restartApp(): Promise<void>;
  stop(): Promise<void>;
}

const identity = (name: string) => ({ name, clientId: randomUUID(), principalId: randomUUID() });

/** Azure as the function app meets it, on this machine, and the app in it. On a fault all that was started is stopped. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const undo of stops.splice(0).reverse()) await undo().catch((error) => console.error(error));
  };
  try {
    return await startParts(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  options: StackOptions,
  stops: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const { log = () => {}, eventsBy = (endpointUrl) => endpointUrl } = options;
  const started = <T extends { stop(): Promise<unknown> }>(part: T): T => {
    stops.push(() => part.stop());
    return part;
  };
  const names = options.registries ?? ['baseacr', 'appacr'];
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'plinth-stack-')));
  if (!options.dir) stops.push(() => rm(dir, { recursive: true, force: true }));
  const temporary = join(dir, 'tmp');
  await mkdir(temporary, { recursive: true });

  const tls = await makeTls(join(dir, 'tls'));
  const entra = createEntra(tenantId);
  const roles = createRoles();
  const [plinth, owner, builder] = [identity('plinth'), identity('owner'), identity('acr-tasks')];
  const subscription = `/subscriptions/${subscriptionId}`;
  roles.assign({ scope: subscription, principalId: owner.principalId, role: 'Owner' });

  const azurite = started(await startAzurite(options.dir ? { dir: join(dir, 'azurite') } : {}));
  await provisionStorage(azurite.connectionString);
  const eventGrid = started(
    await startEventGrid({
      topics: names.map((name) => ({
        registryResourceId: registryId(name),
        loginServer: `${name}.azurecr.io`,
        location: 'local',
      })),
      ...(options.eventTimeScale && { timeScale: options.eventTimeScale }),
      log: (line) => log('events', line),
    }),
  );

  const registries: Record<string, Registry> = {};
  await Promise.all(
    names.map(async (name) => {
      registries[name] = started(
        await startRegistry({
          name,
          resourceId: registryId(name),
          loginServer: `${name}.azurecr.io`,
          dir: join(dir, 'registries', name),
          tls,
          entra,
          roles,
          notifications: { url: eventGrid.notificationUrl(name), secret: eventGrid.notificationSecret },
        }),
      );
      // What a registry's own run engine may do by itself, and what infra/ grants the app.
      roles.assign({ scope: registryId(name), principalId: builder.principalId, role: 'AcrPush' });
      roles.assign({
        scope: registryId(name),
        principalId: plinth.principalId,
        role: 'Container Registry Tasks Contributor',
      });
      if ((options.pull ?? names.slice(1)).includes(name))
        roles.assign({ scope: registryId(name), principalId: plinth.principalId, role: 'AcrPull' });
    }),
  );

  const engine = started(
    await startStackEngine(options, {
      ...{
        registries: names.map((name) => registries[name]!),
        builder,
        tls,
        entra,
        roles,
        dir: join(dir, 'engine'),
      },
      connectionString: azurite.connectionString,
    }),
  );

  const identityEndpoint = started(
    await startIdentityEndpoint({ entra, systemAssigned: plinth, userAssigned: [plinth], cli: owner }),
  );
  const git = started(await startGitServer({ dir: join(dir, 'git') }));

  const keys = makeHostKeys();
  const az = options.az
    ? started(
        await startAzAccess({
          ...{ subscriptionId, tenantId, tls, entra, roles, dir: join(dir, 'az') },
          registries: names.map((name) => registries[name]!),
          plinth: () => ({ url: `http://localhost:${port}`, functionKey: keys.function }),
          blobEndpoint: `http://127.0.0.1:${azurite.blobPort}`,
          msiEndpoint: identityEndpoint.msiEndpoint,
          ...(options.azPort && { port: options.azPort }),
        }),
      )
    : undefined;
  // Last of all ports, so that nothing here takes it before the app does.
  const port = options.port ?? (await freePort());
  const settings = {
    // Where clients find logs: az takes addresses with https only.
    PLINTH_PUBLIC_URL: az?.origin ?? `http://localhost:${port}`,
    // What a killed app leaves behind goes with the stack.
    TMPDIR: temporary,
    AzureWebJobsStorage: azurite.connectionString,
    PlinthStorage: azurite.connectionString,
    PLINTH_REGISTRIES: JSON.stringify(
      names.map((name) => ({ id: registryId(name), endpoint: registries[name]!.endpoint })),
    ),
    PLINTH_SEALING_KEY: randomBytes(32).toString('base64'),
    PLINTH_ARM_ENDPOINT: engine.url,
    PLINTH_IDENTITY_PRINCIPAL_ID: plinth.principalId,
    // Everything here answers on this machine.
    PLINTH_PRIVATE_HOSTS: 'localhost, 127.0.0.0/8, ::1',
    AZURE_CLIENT_ID: plinth.clientId,
    AZURE_TENANT_ID: tenantId,
    NODE_EXTRA_CA_CERTS: tls.caFile,
    ...identityEndpoint.environment,
    ...options.settings,
  };
  // What is deployed, in a place of this stack's own: a build beside it changes nothing here.
  await buildPackage(join(dir, 'wwwroot'));
  const launch = (port?: number) =>
    spawnFunctionsHost({
      appDir: join(dir, 'wwwroot'),
      env: settings,
      keys,
      ...(port && { port }),
      log: (line) => log('app', line),
      ...(options.queueLeaseSeconds && { queueLeaseSeconds: options.queueLeaseSeconds }),
    });
  let app = await launch(port);
  stops.push(() => app.stop());
  for (const name of names)
    await eventGrid.subscribe({
      registryResourceId: registryId(name),
      endpointUrl: eventsBy(
        `${app.url}/runtime/webhooks/eventgrid?functionName=imagePushed&code=${keys.eventgrid}`,
      ),
      includedEventTypes: ['Microsoft.ContainerRegistry.ImagePushed'],
    });

  return {
    url: app.url,
    keys,
    registries,
    tls,
    entra,
    roles,
    azurite,
    eventGrid,
    engine,
    git,
    plinth,
    owner,
    az,
    get app() {
      return app;
    },
    async restartApp() {
      await app.exited;
      app = await launch(app.port);
    },
    stop,
  };
}
