import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { test } from 'uvu';
import { type Azurite, startAzurite } from '../../../local/storage/azurite.ts';
import { provisionStorage } from '../../../local/storage/provision.ts';
import { createStorageQueue } from '../../../shared/adapters/storage/storageQueue.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import type { Push } from '../../../shared/model/state.ts';
import { messageQueue, tables } from '../../../shared/names/azureNames.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { sampleSettings, sampleState } from '../../doubles/storeContract.ts';
import { tableClient } from './storage.ts';

const image = 'baseacr.azurecr.io/base/counted:1';
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const push: Push = { id: 'event-1', image, digest: digest('b'), timestamp: '2026-11-23T10:10:00.000Z' };
const none = { bases: [], outputs: [] };

let azurite: Azurite;
let calls: string[] = [];
let ports: Parameters<typeof onPush>[1];

test.before(async () => {
  azurite = await startAzurite();
  await provisionStorage(azurite.connectionString);
  const table = (name: string) => {
    const client = tableClient(azurite.connectionString, name);
    client.pipeline.addPolicy({
      name: 'counting',
      sendRequest(request, next) {
        calls.push(`${request.method} ${name}${request.url.includes('/$batch') ? ' (transaction)' : ''}`);
        return next(request);
      },
    });
    return client;
  };
  const queue = (name: string) => {
    const client = new QueueClient(azurite.connectionString, name);
    const { sendMessage } = client;
    client.sendMessage = (...message) => {
      calls.push(`POST ${name}`);
      return sendMessage.apply(client, message);
    };
    return client;
  };
  ports = {
    store: createTableStore({
      main: table(tables.main),
      edges: table(tables.edges),
      pushes: table(tables.pushes),
    }),
    queue: createStorageQueue(queue(messageQueue)),
    clock: { now: () => new Date('2026-11-23T10:10:00.500Z') },
    log: () => {},
    registry: { contentsOf: async () => ({ contents: {} }) } as never,
    seal: {} as never,
    vault: {} as never,
    settings: sampleSettings,
  };
  // The registry has had a run, so that its counter is there.
  await ports.store.takeRunNumbers('appacr', 1);
  const task = { registry: 'appacr', task: 'app-1' };
  const bases = [
    { image, type: 'RunTime' as const, digest: digest('a'), pinnedAt: '2026-11-23T10:00:00.000Z' },
  ];
  await ports.store.commit('appacr', [{ put: 'state', value: { ...sampleState('appacr', 'app-1'), bases } }]);
  await ports.store.changeEdges(task, { bases: [image], outputs: [] }, none);
});
test.after(() => azurite?.stop());

async function counted(pushed: Push): Promise<string[]> {
  calls = [];
  await onPush(pushed, ports);
  return calls;
}

test('a push without dependents is one read of one partition', async () => {
  assert.deepEqual(await counted({ ...push, image: 'baseacr.azurecr.io/base/nobody:1' }), [
    `GET ${tables.edges}`,
  ]);
});

test('a push with one dependent task is eleven calls: five reads, five writes and the start message', async () => {
  assert.deepEqual(await counted(push), [
    `GET ${tables.edges}`,
    `POST ${tables.edges}`,
    `GET ${tables.main}`,
    `GET ${tables.main}`,
    `GET ${tables.main}`,
    `GET ${tables.main}`,
    `PUT ${tables.main}`,
    `POST ${tables.main} (transaction)`,
    `POST ${tables.pushes}`,
    `POST ${tables.pushes} (transaction)`,
    `POST ${messageQueue}`,
  ]);
});

test('a conflict says which write of a transaction met another', async () => {
  const { store } = ports;
  const state = sampleState('appacr', 'conflict');
  await store.commit('appacr', [{ put: 'state', value: state }]);
  const { etag } = (await store.state('appacr', 'conflict'))!;
  await store.commit('appacr', [{ put: 'state', value: state, etag }]);
  const place = { registry: 'appacr', runId: formatRunId('appacr', 900), automatic: false };
  await assert.rejects(
    store.commit('appacr', [
      { put: 'place', value: place },
      { put: 'state', value: state, etag },
    ]),
    /appacr: state of conflict: another write came between/,
  );
  await store.commit('appacr', [{ put: 'place', value: place }]);
  await assert.rejects(
    store.commit('appacr', [{ put: 'place', value: place }]),
    /appacr: place of cgp0: another write came between/,
  );
});

test.run();
