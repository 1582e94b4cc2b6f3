// Tier: long, the app finds by its clock what was pushed meanwhile.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { suite } from 'uvu';
import { runCommand } from '../../../local/machine/command.ts';
import { programArguments } from '../../../local/machine/program.ts';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { storageConnection, tables } from '../../../shared/names/azureNames.ts';
import { startWorld, type World } from '../whole/world.ts';

const test = suite('the region of the app is lost, and what it stored with it');
const script = join(import.meta.dirname, '../../../infra/scripts/tables.ts');
let world: World;
let dir: string;

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-region-'));
  world = await startWorld({
    executor: (work) => instantExecutor(world.stack.tls.ca)(work),
    queueLeaseSeconds: 3,
    eventTimeScale: 0.05,
    settings: { PLINTH_RECONCILE_MINUTES: '1' },
  });
});
test.after(async () => {
  await world?.stack.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const connection = () => world.stack.azurite.connectionString;
const copy = (action: 'save' | 'restore') =>
  runCommand(process.execPath, [...programArguments(script), action, join(dir, 'tables.jsonl')], {
    env: { ...process.env, [storageConnection]: connection() },
    limit: 120_000,
  });

async function loseAllRows(): Promise<void> {
  for (const name of Object.values(tables)) {
    const table = TableClient.fromConnectionString(connection(), name, { allowInsecureConnection: true });
    for await (const { partitionKey, rowKey } of table.listEntities())
      await table.deleteEntity(String(partitionKey), String(rowKey));
  }
}

test('restored from a copy, the app rebuilds once what was pushed since, and gives no run id twice', async () => {
  await world.pushBase('base/one:1', 'first');
  await world.task('build-app', 'FROM baseacr.azurecr.io/base/one:1\nCOPY Dockerfile /\n');
  const first = await world.run('build-app');
  assert.equal(first.status, 'Succeeded', first.runErrorMessage);
  await copy('save');

  await world.stack.app.stop();
  await loseAllRows();
  const pushed = await world.pushBase('base/one:1', 'while the region was lost');
  await copy('restore');
  await world.stack.restartApp();

  const [update, ...more] = await eventually('the update of build-app', 180, async () => {
    const runs = (await world.runsOf('build-app')).filter((run) => run.imageUpdateTrigger);
    return runs.length > 0 && runs.every(({ status }) => status === 'Succeeded') && runs;
  });
  await world.stack.eventGrid.settled();
  assert.deepEqual(more, []);
  assert.equal((await world.runsOf('build-app')).length, 2);
  assert.equal(update!.plinth.baseImageDependencies[0].digest, pushed);
  assert.notEqual(update!.runId, first.runId);
});

test('without a copy, the tasks are written again and run once each: from then on they are rebuilt', async () => {
  await world.stack.app.stop();
  await loseAllRows();
  await world.stack.restartApp();
  assert.deepEqual(await world.runsOf('build-app'), []);
  await world.task('again-app', 'FROM baseacr.azurecr.io/base/one:1\nCOPY Dockerfile /\n');
  assert.equal((await world.run('again-app')).status, 'Succeeded');
  await world.pushBase('base/one:1', 'after the region was lost');
  const updates = await world.updates('again-app', 1);
  assert.equal(updates.length, 1);
});

test.run();
