import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { test } from 'uvu';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import { provisionStorage } from '../../local/provision.ts';
import { createStorageQueue } from '../../shared/adapters/storageQueue.ts';
import { createTableStore } from '../../shared/adapters/tableStore.ts';
import { onPush } from '../../shared/flow/onPush.ts';
import type { Push } from '../../shared/model/state.ts';
import { queues, tables } from '../../shared/names.ts';
import { sampleSettings, sampleState } from '../storeContract.ts';
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
  const queue = createStorageQueue({
    start: new QueueClient(azurite.connectionString, queues.start),
    follow: new QueueClient(azurite.connectionString, queues.follow),
  });
  ports = {
    store: createTableStore({
      main: table(tables.main),
      edges: table(tables.edges),
      pushes: table(tables.pushes),
    }),
    queue: {
      ...queue,
      ringStart(doorbells, delay) {
        calls.push(...doorbells.map(() => `POST ${queues.start}`));
        return queue.ringStart(doorbells, delay);
      },
    },
    clock: { now: () => new Date('2026-11-23T10:10:00.500Z') },
    log: () => {},
    settings: sampleSettings,
  };
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

test('a push that nobody stands on is one read of one partition', async () => {
  assert.deepEqual(await counted({ ...push, image: 'baseacr.azurecr.io/base/nobody:1' }), [
    `GET ${tables.edges}`,
  ]);
});

test('a push with one dependent task is eight calls: three reads, four writes and the doorbell', async () => {
  assert.deepEqual(await counted(push), [
    `GET ${tables.edges}`,
    `GET ${tables.main}`,
    `GET ${tables.main}`,
    `POST ${tables.main}`,
    `POST ${tables.main} (transaction)`,
    `PUT ${tables.pushes}`,
    `POST ${tables.pushes} (transaction)`,
    `POST ${queues.start}`,
  ]);
});

test.run();
