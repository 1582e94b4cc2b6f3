import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { createAcrRegistry } from '../adapters/acrRegistry.ts';
import { createAesSeal } from '../adapters/aesSeal.ts';
import { createArmRunEngine } from '../adapters/armRunEngine.ts';
import { boundedSource } from '../adapters/boundedSource.ts';
import { createCredentials } from '../adapters/identityToken.ts';
import { createKeyVault } from '../adapters/keyVault.ts';
import { createSourceContext } from '../adapters/sourceContext.ts';
import { createSourceControl } from '../adapters/sourceControl.ts';
import { sourceFiles } from '../adapters/sourceFiles.ts';
import { createStorageQueue } from '../adapters/storageQueue.ts';
import { createTableStore } from '../adapters/tableStore.ts';
import { queues, tables } from '../names.ts';
import type { Log } from '../ports/log.ts';
import type { Ports } from '../ports/ports.ts';
import { type Config, processConfig } from './config.ts';
import { guardsOf } from './guards.ts';

export interface App {
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
  const { storage } = config;
  // Azurite speaks plain http; the SDK takes that only when it is told.
  const insecure = 'connectionString' in storage && storage.connectionString.includes('http://');
  const table = (name: string) =>
    'connectionString' in storage
      ? TableClient.fromConnectionString(storage.connectionString, name, {
          allowInsecureConnection: insecure,
        })
      : new TableClient(storage.tableServiceUri, name, credential());
  const queue = (name: string) =>
    'connectionString' in storage
      ? new QueueClient(storage.connectionString, name)
      : new QueueClient(`${storage.queueServiceUri.replace(/\/$/, '')}/${name}`, credential());

  const guards = guardsOf(config);
  const sealingKeys = new Set(config.sealingKeys.map((key) => key.toString('base64')));

  return {
    config,
    ports: {
      settings: {
        registries: config.registries,
        runsPerRegistry: config.runsPerRegistry,
        runsPerTask: config.runsPerTask,
        maxContextBytes: config.maxContextBytes,
        reconcileMinutes: config.reconcileMinutes,
        pollMinutes: config.pollMinutes,
        ledgerDays: config.ledgerDays,
        deliveryDays: config.deliveryDays,
        runDays: config.runDays,
        vaults: config.vaults,
        publicUrl: config.publicUrl,
      },
      store: createTableStore({
        main: table(tables.main),
        edges: table(tables.edges),
        pushes: table(tables.pushes),
      }),
      queue: createStorageQueue({ start: queue(queues.start), follow: queue(queues.follow) }),
      registry: createAcrRegistry({ registries: config.registries, credential, guard: guards.registry }),
      engine: createArmRunEngine({
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

/** A key as any text of base64 says it. */
const keyText = (text: string) => Buffer.from(text.trim(), 'base64').toString('base64');
