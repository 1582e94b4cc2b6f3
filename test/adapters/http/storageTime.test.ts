// Tier: normal, servers that do not answer are waited for.
import assert from 'node:assert/strict';
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { suite } from 'uvu';
import { createStorageQueue } from '../../../shared/adapters/storage/storageQueue.ts';
import { timeLimited } from '../../../shared/adapters/storage/storageTime.ts';
import { answerMs } from '../../../shared/rules/timing.ts';
import { startTestServers, type TestServers } from './testServers.ts';

const test = suite<{ servers: TestServers; asked: number; connection: string }>('storage that is silent');
const limit = answerMs.storage;

test.before(async (world) => {
  Object.assign(answerMs, { storage: 300 });
  world.servers = await startTestServers();
  const address = await world.servers.http(() => void world.asked++);
  const account = 'AccountName=a;AccountKey=a2V5';
  world.connection = `DefaultEndpointsProtocol=http;${account};TableEndpoint=${address}/a;QueueEndpoint=${address}/a`;
});
test.after(async ({ servers }) => {
  Object.assign(answerMs, { storage: limit });
  await servers.stop();
});

const row = { partitionKey: 'p', rowKey: 'r' };
const tableWork: [title: string, ask: (table: TableClient) => Promise<unknown>][] = [
  ['a row that is read', (table) => table.getEntity('p', 'r')],
  ['a row that is made', (table) => table.createEntity(row)],
  ['a row that is changed', (table) => table.updateEntity(row, 'Replace', { etag: 'e' })],
  ['a row that is removed', (table) => table.deleteEntity('p', 'r')],
  ['a page of rows', (table) => table.listEntities().byPage().next()],
  ['a transaction', (table) => table.submitTransaction([['create', row]])],
];
const work: [title: string, ask: (connection: string) => Promise<unknown>][] = [
  ...tableWork.map(([title, ask]): (typeof work)[number] => [
    title,
    (connection) =>
      ask(
        TableClient.fromConnectionString(connection, 't', { ...timeLimited, allowInsecureConnection: true }),
      ),
  ]),
  ...(['start', 'follow'] as const).map((name): (typeof work)[number] => [
    `a message to ${name} a run`,
    (connection) => {
      const queue = new QueueClient(connection, 'q');
      const { sendStart, sendFollow } = createStorageQueue(queue);
      const run = { registry: 'appacr', runId: 'ca1' };
      return name === 'start' ? sendStart([run]) : sendFollow({ ...run, polls: 0 } as never, 1);
    },
  ]),
];
for (const [title, ask] of work)
  test(`${title}: storage that takes it and never answers is given up in time`, async (world) => {
    world.asked = 0;
    const started = Date.now();
    await assert.rejects(
      ask(world.connection),
      /^LateError: 127\.0\.0\.1:\d+ did not answer \(given up after 0.3 s\)/,
    );
    assert.ok(Date.now() - started < 20_000);
    assert.equal(world.asked, 1);
  });

test.run();
