import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import { programArguments } from '../../../local/machine/program.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { provisionStorage } from '../../../local/storage/provision.ts';
import { storageConnection, tables } from '../../../shared/names/azureNames.ts';
import { tableClient } from './storage.ts';

const script = join(import.meta.dirname, '../../../infra/scripts/tables.ts');
const run = (connectionString: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [...programArguments(script), ...args], {
    env: { ...process.env, [storageConnection]: connectionString },
  });

async function rowsOf(connectionString: string) {
  const rows = [];
  for (const table of Object.values(tables))
    for await (const { etag: _, timestamp: __, ...row } of tableClient(
      connectionString,
      table,
    ).listEntities())
      rows.push({ table, ...row });
  return rows;
}

test('tables that were saved come back row for row in an empty account', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-tables-'));
  const [from, to] = await Promise.all([startAzurite(), startAzurite()]);
  try {
    await provisionStorage(from.connectionString);
    const main = tableClient(from.connectionString, tables.main);
    for (let row = 0; row < 3; row += 1)
      await main.createEntity({
        partitionKey: 'team1',
        rowKey: `task!app${row}`,
        version: 1,
        json0: `{"a":"ü\n${row}"}`,
      });
    await tableClient(from.connectionString, tables.edges).createEntity({
      partitionKey: 'base.azurecr.io|node:20',
      rowKey: 'dependent!team1!app0',
    });
    const file = join(folder, 'tables.jsonl');
    assert.match((await run(from.connectionString, 'save', file)).stdout, /4 rows saved/);
    assert.equal(statSync(file).mode & 0o077, 0);
    assert.match((await run(to.connectionString, 'restore', file)).stdout, /4 rows restored/);
    await run(to.connectionString, 'restore', file);
    assert.deepEqual(await rowsOf(to.connectionString), await rowsOf(from.connectionString));
  } finally {
    await Promise.all([from.stop(), to.stop()]);
    rmSync(folder, { recursive: true });
  }
});

test.run();
