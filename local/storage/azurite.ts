import { createRequire } from 'node:module';
import { freePort } from '../machine/listening.ts';
import { endWithParent, type OwnedChild, startOwnedChild } from '../machine/ownedChild.ts';

export interface Azurite {
  /** Names all three services; what AzureWebJobsStorage and the like are set to. */
  connectionString: string;
  account: string;
  accountKey: string;
  blobPort: number;
  queuePort: number;
  tablePort: number;
  readonly pid: number;
  /**
   * Ends the process and starts it again on the same ports with the same data, as storage that was away for a
   * moment. Not by SIGKILL: Azurite writes its tables every 5 s, and Azure's storage loses nothing it confirmed.
   * Throws without a `dir`.
   */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

type Ports = Record<'blob' | 'queue' | 'table', number>;

const startLimitMs = 30_000;
const stopLimitMs = 10_000;
const account = 'devstoreaccount1';
// Published by Microsoft for the emulator; every Azure SDK has it. It opens nothing but this process.
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/**
 * Starts Azurite (blob, queue and table storage) as a child process on free loopback ports.
 * @param options.dir where it keeps its data; in memory, lost at stop(), when not given
 * @throws when it does not answer within 30 s, with what it printed
 */
export async function startAzurite(options: { dir?: string } = {}): Promise<Azurite> {
  const ports = { blob: await freePort(), queue: await freePort(), table: await freePort() };
  let child = await launch(ports, options.dir);
  const endpoint = (service: keyof Ports) => `http://127.0.0.1:${ports[service]}/${account}`;
  return {
    connectionString: [
      'DefaultEndpointsProtocol=http',
      `AccountName=${account}`,
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${endpoint('blob')}`,
      `QueueEndpoint=${endpoint('queue')}`,
      `TableEndpoint=${endpoint('table')}`,
      '',
    ].join(';'),
    account,
    accountKey,
    blobPort: ports.blob,
    queuePort: ports.queue,
    tablePort: ports.table,
    get pid() {
      return child.pid;
    },
    async restart() {
      if (options.dir === undefined)
        throw new Error('Azurite cannot restart: it keeps its data in memory. Start it with a dir.');
      await child.stop(stopLimitMs);
      child = await launch(ports, options.dir);
    },
    stop: () => child.stop(options.dir === undefined ? 0 : stopLimitMs),
  };
}

async function launch(ports: Ports, dir: string | undefined): Promise<OwnedChild> {
  let tellReady = () => {};
  const ready = new Promise<void>((resolve) => {
    tellReady = resolve;
  });
  const services = ['blob', 'queue', 'table'] as const;
  const listening = new Set<string>();
  const child = startOwnedChild(
    [
      '--import',
      endWithParent,
      createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js'),
      ...services.flatMap((name) => [`--${name}Host`, '127.0.0.1', `--${name}Port`, String(ports[name])]),
      ...(dir === undefined ? ['--inMemoryPersistence'] : ['--location', dir]),
      '--skipApiVersionCheck',
      '--disableTelemetry',
      '--disableProductStyleUrl',
    ],
    {},
    (line) => {
      const service = /Azurite (Blob|Queue|Table) service (?:is )?successfully listen/.exec(line)?.[1];
      if (service) listening.add(service);
      if (listening.size === services.length) tellReady();
    },
  );
  const limit = AbortSignal.timeout(startLimitMs);
  const failed = Promise.race([
    child.exited.then((code) => `it ended with ${code}`),
    new Promise<string>((resolve) =>
      limit.addEventListener('abort', () => resolve(`it was not ready after ${startLimitMs / 1000} s`)),
    ),
  ]);
  const outcome = await Promise.race([ready.then(() => answers(ports, limit)), failed]);
  if (outcome) {
    await child.stop(0);
    throw new Error(`Azurite did not start: ${outcome}. It printed:\n${child.lastLines()}`);
  }
  return child;
}

/** Any HTTP answer will do: without a signature it is a 4xx. */
async function answers(ports: Ports, limit: AbortSignal): Promise<undefined> {
  for (const port of Object.values(ports)) {
    const answer = await fetch(`http://127.0.0.1:${port}/${account}?comp=list`, { signal: limit });
    await answer.arrayBuffer();
  }
}
