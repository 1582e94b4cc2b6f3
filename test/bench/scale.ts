import { type TableClient, type TableEntity, TableTransaction } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { startAzurite } from '../../local/storage/azurite.ts';
import { provisionStorage } from '../../local/storage/provision.ts';
import { createStorageQueue } from '../../shared/adapters/storage/storageQueue.ts';
import { dependentRow, imagePartition } from '../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../shared/adapters/storage/tableStore.ts';
import { listRuns } from '../../shared/flow/api/listRuns.ts';
import { chunks, mapAtMost } from '../../shared/flow/concurrency.ts';
import { continuePush, onPush } from '../../shared/flow/push/onPush.ts';
import type { Push, PushProgress } from '../../shared/model/state.ts';
import { messageQueue, tables } from '../../shared/names/azureNames.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import { sampleSettings } from '../doubles/storeContract.ts';
import { tableClient } from '../stack/storage/storage.ts';
import { addStates, addTasks, countedStore, push, registry } from '../worlds/countedWorld.ts';
import { line } from './figures.ts';
import { startPacedTables } from './pacedTables.ts';

const dependents = Number(process.env.PLINTH_DEPENDENTS ?? 10_000);
const times = 30;
const image = 'baseacr.azurecr.io/base0:1';
const knownRegistry = {
  name: registry,
  id: '/registries/appacr',
  loginServer: 'appacr.azurecr.io',
  endpoint: 'https://a',
};

/** Real tables and queues of Azurite, each call counted. */
export async function onAzurite(connectionString: string) {
  await provisionStorage(connectionString);
  const counts = { calls: 0 };
  const table = (name: string) => {
    const client = tableClient(connectionString, name);
    client.pipeline.addPolicy({
      name: 'counting',
      sendRequest(request, next) {
        counts.calls++;
        return next(request);
      },
    });
    return client;
  };
  const [main, edges] = [table(tables.main), table(tables.edges)];
  const store = createTableStore({ main, edges, pushes: table(tables.pushes) });
  const queue = createStorageQueue(new QueueClient(connectionString, messageQueue));
  const settings = { ...sampleSettings, registries: [knownRegistry] };
  return {
    counts,
    main,
    edges,
    ports: {
      ...{ store, queue, settings, clock: { now: () => new Date() }, log: () => {} },
      ...{
        registry: { contentsOf: async () => ({ contents: {} }) } as never,
        seal: {} as never,
        vault: {} as never,
      },
    },
  };
}

/** All in one partition, a hundred at a time: one by one it would take minutes. */
export async function addEdges(edges: TableClient, count: number): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    const transaction = new TableTransaction();
    for (let one = at; one < at + 100; one++)
      transaction.createEntity({
        partitionKey: imagePartition(image),
        rowKey: dependentRow(registry, `app-${one}`),
      });
    await edges.submitTransaction(transaction.actions);
  }
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

async function repeated(action: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let turn = 0; turn < times; turn++) took.push(await timed(action));
  return took;
}

/** The highest resident size while an action goes on, in MiB. */
async function peakOf(action: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 20);
  await action();
  look();
  clearInterval(timer);
  return Math.round(peak / 2 ** 20);
}

/** A push and the messages by which it goes on, until all has been decided. */
async function pushAll(ports: Flow): Promise<void> {
  await untilDecided(ports, (own) => onPush({ ...push(image), timestamp: new Date().toISOString() }, own));
}

type Flow = Parameters<typeof onPush>[1];

/** Handles the messages by which what is begun goes on, page by page. */
export async function untilDecided(ports: Flow, begin: (ports: Flow) => Promise<unknown>): Promise<void> {
  const sent: (Push | PushProgress)[] = [];
  const queue = { ...ports.queue, sendPush: async (one: Push | PushProgress) => void sent.push(one) };
  await begin({ ...ports, queue });
  for (let next = sent.shift(); next; next = sent.shift())
    if ('push' in next) await continuePush(next, { ...ports, queue });
}

/** How long the SDK takes to write the rows that a push wrote, in another partition. */
async function bareWrites(main: TableClient): Promise<number> {
  const rows: TableEntity[] = [];
  for (const kind of ['decision', 'place', 'run', 'state']) {
    const filter = `PartitionKey eq '${registry}' and RowKey gt '${kind}!' and RowKey lt '${kind}"'`;
    for await (const row of main.listEntities({ queryOptions: { filter } }))
      rows.push(JSON.parse(JSON.stringify({ ...row, partitionKey: 'bare' })));
  }
  const parts = chunks(rows, 100);
  return timed(() =>
    mapAtMost(parts, 4, async (part) => {
      const transaction = new TableTransaction();
      for (const { etag: _, timestamp: __, ...row } of part as Record<string, unknown>[])
        transaction.createEntity(row as TableEntity);
      await main.submitTransaction(transaction.actions);
    }),
  );
}

/** A push with 10,000 dependent tasks, and how small questions compare with the bare SDK. */
export default async function run(): Promise<void> {
  const azurite = await startAzurite();
  const paced = await startPacedTables(azurite);
  try {
    const { counts, main, edges, ports } = await onAzurite(paced.connectionString);
    await addStates(ports.store, dependents, () => image);
    await addEdges(edges, dependents);
    const before = Math.round(process.memoryUsage.rss() / 2 ** 20);
    counts.calls = 0;
    let ms = 0;
    const peak = await peakOf(async () => {
      ms = await timed(() => pushAll(ports));
    });
    console.log(
      `a push with ${dependents} dependents: all queued after ${(ms / 1000).toFixed(1)} s at 2,000 entities a second, ` +
        `${counts.calls} table calls (${(counts.calls / dependents).toFixed(3)} a task), ` +
        `${paced.busy()} answers of 503, peak ${peak} MiB (${before} MiB before)`,
    );
    const bareMs = await bareWrites(main);
    console.log(
      `the same rows by the bare SDK, four transactions at once: ${(bareMs / 1000).toFixed(1)} s; ratio ${(ms / bareMs).toFixed(2)}`,
    );
    const query = new URLSearchParams();
    const filter = `PartitionKey eq '${registry}' and RowKey gt 'run!' and RowKey lt 'run"'`;
    const bare = async () => {
      for await (const _ of main.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 101 }))
        return;
    };
    await bare();
    console.log(
      line(
        'the first page of runs',
        await repeated(() => listRuns(knownRegistry, query, ports as unknown as Ports)),
      ),
    );
    console.log(line('the same query by the bare SDK', await repeated(bare)));
    console.log(line('one state', await repeated(() => ports.store.state(registry, 'app-7'))));
    console.log(
      line('the same row by the bare SDK', await repeated(() => main.getEntity(registry, 'state!app-7'))),
    );
  } finally {
    await paced.stop();
    await azurite.stop();
  }

  for (const tasks of [100, 100_000]) {
    const { ports, cost } = countedStore();
    await addTasks(ports.store, tasks, (at) => `baseacr.azurecr.io/base${at}:1`);
    const { main, edges, pushes } = await cost(() => onPush(push(image), ports));
    console.log(
      `a push with one dependent among ${tasks} tasks: ${main!.calls + edges!.calls + pushes!.calls} calls, ${main!.rows + edges!.rows} rows read`,
    );
  }
}
