import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { createArmRunEngine } from '../adapters/engine/armRunEngine.ts';
import { createSourceControl } from '../adapters/hooks/sourceControl.ts';
import { createAcrRegistry } from '../adapters/registry/acrRegistry.ts';
import { createAesSeal } from '../adapters/secrets/aesSeal.ts';
import { createCredentials } from '../adapters/secrets/identityToken.ts';
import { createKeyVault } from '../adapters/secrets/keyVault.ts';
import { boundedSource } from '../adapters/source/boundedSource.ts';
import { createSourceContext } from '../adapters/source/sourceContext.ts';
import { sourceFiles } from '../adapters/source/sourceFiles.ts';
import { createStorageQueue } from '../adapters/storage/storageQueue.ts';
import { timeLimited } from '../adapters/storage/storageTime.ts';
import { createTableStore } from '../adapters/storage/tableStore.ts';
import { messageQueue, tables } from '../names/azureNames.ts';
import type { Log } from '../ports/log.ts';
import type { Ports, Settings } from '../ports/ports.ts';
import { type Config, processConfig } from './config.ts';
import { guardsOf } from './guards.ts';

interface App {
  config: Config;
  ports: Omit<Ports, 'log'>;
}

let app: App | undefined;

/** The app's parts, put together on first use and kept for the life of the process. @throws ConfigError */
export function theApp(): App {
  app ??= wire(processConfig());
  return app;
}

/** The parts, with the log of one invocation. */
export const portsWith = (log: Log): Ports => ({ ...theApp().ports, log });

function wire(config: Config): App {
  const credential = createCredentials(config.identity.clientId);
  const { table, queue } = storageClients(config.storage, credential);

  const guards = guardsOf(config);
  const sealingKeys = new Set(config.sealingKeys.map((key) => key.toString('base64')));

  return {
    config,
    ports: {
      settings: settingsOf(config),
      store: createTableStore({
        main: table(tables.main),
        edges: table(tables.edges),
        pushes: table(tables.pushes),
      }),
      queue: createStorageQueue(queue(messageQueue)),
      registry: createAcrRegistry({ registries: config.registries, credential, guard: guards.registry }),
      engine: createArmRunEngine({
        startBy: config.runEngine,
        endpoint: config.armEndpoint,
        registries: config.registries,
        credential: credential(),
      }),
      source: boundedSource(createSourceContext({ fetch: guards.context.fetch })),
      sourceControl: createSourceControl(config.sourceControlApis, guards.sourceControl.fetch),
      vault: createKeyVault({
        endpoints: config.keyVaultEndpoints,
        credential,
        rules: config.vaults,
        isOwn: (value) => value.split(',').some((part) => sealingKeys.has(keyText(part))),
        fetch: guards.vault.fetch,
      }),
      files: sourceFiles,
      seal: createAesSeal(config.sealingKeys),
      clock: { now: () => new Date() },
    },
  };
}

/** How to open a table and a queue of the app's storage account. */
function storageClients(storage: Config['storage'], credential: ReturnType<typeof createCredentials>) {
  if ('connectionString' in storage) {
    const { connectionString } = storage;
    // Azurite serves plain http, which the SDK allows only with this option.
    const options = { ...timeLimited, allowInsecureConnection: connectionString.includes('http://') };
    return {
      table: (name: string) => TableClient.fromConnectionString(connectionString, name, options),
      queue: (name: string) => new QueueClient(connectionString, name),
    };
  }
  const { tableServiceUri, queueServiceUri } = storage;
  return {
    table: (name: string) => new TableClient(tableServiceUri, name, credential(), timeLimited),
    queue: (name: string) => new QueueClient(`${queueServiceUri.replace(/\/$/, '')}/${name}`, credential()),
  };
}

const settingsOf = (config: Config): Settings => ({
  registries: config.registries,
  app: config.app,
  runsPerRegistry: config.runsPerRegistry,
  runsPerTask: config.runsPerTask,
  maxContextBytes: config.maxContextBytes,
  reconcileMinutes: config.reconcileMinutes,
  pollMinutes: config.pollMinutes,
  ledgerDays: config.ledgerDays,
  deliveryDays: config.deliveryDays,
  runDays: config.runDays,
  vaults: config.vaults,
  policies: config.policies,
  publicUrl: config.publicUrl,
});

/** A key from base64. */
const keyText = (text: string) => Buffer.from(text.trim(), 'base64').toString('base64');
