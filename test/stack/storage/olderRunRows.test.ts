import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Azurite, startAzurite } from '../../../local/storage/azurite.ts';
import { provisionStorage } from '../../../local/storage/provision.ts';
import { toProperties } from '../../../shared/adapters/storage/tableDocument.ts';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { tables } from '../../../shared/names/azureNames.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { tableClient } from './storage.ts';

const registry = 'olderrows';
let azurite: Azurite;
test.before(async () => {
  azurite = await startAzurite();
  await provisionStorage(azurite.connectionString);
});
test.after(() => azurite.stop());

test('runs that an older version wrote without a column for their status are found by it, and by it alone', async () => {
  const table = (name: string) => tableClient(azurite.connectionString, name);
  const main = table(tables.main);
  const store = createTableStore({ main, edges: table(tables.edges), pushes: table(tables.pushes) });
  const runOf = (number: number, status: 'Failed' | 'Succeeded') => ({
    ...sampleRun(registry, formatRunId(registry, number)),
    status,
  });
  for (const [number, status] of [
    [1, 'Failed'],
    [2, 'Succeeded'],
  ] as const) {
    const run = runOf(number, status);
    const rowKey = keys.runRow(registry, run.runId)!;
    await main.createEntity({
      partitionKey: keys.registryPartition(registry),
      rowKey,
      task: 'task1',
      ...toProperties('a run', run),
    });
  }
  for (const [number, status] of [
    [3, 'Failed'],
    [4, 'Succeeded'],
  ] as const)
    await store.commit(registry, [{ put: 'run', value: runOf(number, status) }]);
  const found: string[] = [];
  for await (const { runId } of store.runs(registry, { status: 'Failed', task: 'TASK1' })) found.push(runId);
  assert.deepEqual(
    found,
    [3, 1].map((number) => formatRunId(registry, number)),
  );
});

test.run();
