import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueClient } from '@azure/storage-queue';
import { test } from 'uvu';
import { startAzurite } from '../../../local/storage/azurite.ts';

const table = (connectionString: string) =>
  TableClient.fromConnectionString(connectionString, 'things', { allowInsecureConnection: true });

test('one connection string opens blobs, queues and tables; after stop() nothing answers', async () => {
  const azurite = await startAzurite();
  await new QueueClient(azurite.connectionString, 'things').create();
  await BlobServiceClient.fromConnectionString(azurite.connectionString).createContainer('things');
  await table(azurite.connectionString).createTable();
  await azurite.stop();
  for (const port of [azurite.blobPort, azurite.queuePort, azurite.tablePort])
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

test('two stand side by side', async () => {
  const [one, other] = await Promise.all([startAzurite(), startAzurite()]);
  assert.notEqual(one.tablePort, other.tablePort);
  await Promise.all([one.stop(), other.stop()]);
});

test('a restart keeps the ports and what was written just before', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'azurite-'));
  const azurite = await startAzurite({ dir });
  const { pid } = azurite;
  await table(azurite.connectionString).createTable();
  await table(azurite.connectionString).createEntity({ partitionKey: 'p', rowKey: 'r', value: 'kept' });
  await azurite.restart();
  assert.notEqual(azurite.pid, pid);
  const entity = await table(azurite.connectionString).getEntity<{ value: string }>('p', 'r');
  assert.equal(entity.value, 'kept');
  await azurite.stop();
  rmSync(dir, { recursive: true });
});

test('what keeps its data in memory refuses to restart, and says why', async () => {
  const azurite = await startAzurite();
  await assert.rejects(azurite.restart(), /keeps its data in memory/);
  await azurite.stop();
});

test.run();
