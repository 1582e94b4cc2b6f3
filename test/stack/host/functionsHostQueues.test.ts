import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { suite } from 'uvu';
import {
  type SpawnedFunctionsHost,
  type SpawnOptions,
  spawnFunctionsHost,
} from '../../../local/functionsHost/spawn.ts';
import { freePort } from '../../../local/machine/listening.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { longTest } from '../../tier.ts';
import { sampleApp } from './sampleApp.ts';

interface Seen {
  kind: string;
  job: { name?: string };
  dequeueCount: number;
  queueTrigger: object;
  id: string;
  at: number;
  together: number;
}

const keys = { master: 'm', function: 'f', eventgrid: 'e' };
const queues = { batchSize: 4, newBatchThreshold: 2, maxDequeueCount: 3, visibilityTimeout: '00:00:01' };
const host = {
  extensions: { http: { routePrefix: '' }, queues: { ...queues, maxPollingInterval: '00:00:01' } },
};

const test = suite('queue triggers');
const azurite = await startAzurite();
const app = sampleApp(host);
const lines: string[] = [];
const spawnOptions = (jobs: string): SpawnOptions => ({
  appDir: app.dir,
  env: { AzureWebJobsStorage: azurite.connectionString, JOBS: jobs, TICK: '0 0 0 29 2 *' },
  keys,
  log: (line) => lines.push(line),
});
const running = await spawnFunctionsHost(spawnOptions('jobs'));
test.after(async () => {
  await running.stop();
  await azurite.stop();
  app.remove();
});

const queue = (name: string) => new QueueClient(azurite.connectionString, name);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
async function put(name: string, text: string): Promise<void> {
  await queue(name).createIfNotExists();
  await queue(name).sendMessage(text);
}
async function seenBy({ url }: SpawnedFunctionsHost): Promise<Seen[]> {
  return (await (await fetch(`${url}/seen`)).json()) as Seen[];
}
const runsOf = async (name: string, at = running) =>
  (await seenBy(at)).filter(({ job }) => job?.name === name);
const emptied = (name: string) =>
  waitFor(`the queue ${name} to be empty`, async () => {
    const { approximateMessagesCount } = await queue(name).getProperties();
    return approximateMessagesCount === 0 || undefined;
  });
const poisonOf = (name: string, holding: string) =>
  waitFor(`the poison queue of ${name}`, async () => {
    const exists = await queue(`${name}-poison`).exists();
    if (!exists) return undefined;
    const { peekedMessageItems } = await queue(`${name}-poison`).peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.find(({ messageText }) => messageText === holding);
  });

test('a message in a queue that came after the host runs once, and is deleted', async () => {
  await put('jobs', base64({ name: 'first' }));
  const [run] = await waitFor('the run', async () => {
    const runs = await runsOf('first');
    return runs.length > 0 ? runs : undefined;
  });
  assert.equal(run?.dequeueCount, 1);
  // The message, which the library reads as JSON where it can.
  assert.deepEqual(run?.queueTrigger, { name: 'first' });
  await emptied('jobs');
  assert.equal((await runsOf('first')).length, 1);
});

test('a message that fails comes again after visibilityTimeout, and after maxDequeueCount goes to the poison queue', async () => {
  const text = base64({ name: 'failing', fail: true });
  await put('jobs', text);
  await poisonOf('jobs', text);
  await emptied('jobs');
  const runs = await runsOf('failing');
  assert.deepEqual(
    runs.map(({ dequeueCount }) => dequeueCount),
    [1, 2, 3],
  );
  for (const [index, { at }] of runs.entries())
    if (index > 0) assert.ok(at - runs[index - 1]!.at >= 900, 'hidden for a second after each failure');
  assert.ok(lines.some((line) => /warning Host\.Queues: Moving a message of jobs to jobs-poison/.test(line)));
});

test('a message that is not base64 goes to the poison queue without a run', async () => {
  await put('jobs', '{"name":"plain"}');
  await poisonOf('jobs', '{"name":"plain"}');
  assert.deepEqual(await runsOf('plain'), []);
});

test('a message that is not UTF-8 fails as often as it may, and goes to the poison queue without a run', async () => {
  const text = Buffer.from([0x22, 0xff, 0x22]).toString('base64');
  const before = (await seenBy(running)).length;
  await put('jobs', text);
  await poisonOf('jobs', text);
  assert.equal((await seenBy(running)).length, before);
});

test('no more than batchSize and newBatchThreshold together run at once', async () => {
  await queue('crowd').createIfNotExists();
  await Promise.all(Array.from({ length: 24 }, (_, n) => queue('crowd').sendMessage(base64({ n }))));
  const crowd = await waitFor('24 runs', async () => {
    const runs = (await seenBy(running)).filter(({ kind }) => kind === 'crowd');
    return runs.length === 24 ? runs : undefined;
  });
  const most = Math.max(...crowd.map(({ together }) => together));
  assert.ok(most >= 4 && most <= 6, `${most} at once; at least a batch of 4, at most 4 + 2`);
});

longTest(
  test,
  'a function that runs longer than its lease keeps its message, as the lease is renewed',
  async () => {
    const other = await spawnFunctionsHost({ ...spawnOptions('leased'), queueLeaseSeconds: 2 });
    await put('leased', base64({ name: 'long', ms: 5000 }));
    await waitFor('the run', async () => (await runsOf('long', other))[0]);
    await emptied('leased');
    assert.equal((await runsOf('long', other)).length, 1);
    await other.stop();
  },
);

longTest(
  test,
  'a message that a killed host had taken runs again after its lease, at the same address',
  async () => {
    const options = { ...spawnOptions('crashing'), queueLeaseSeconds: 3, port: await freePort() };
    const killed = await spawnFunctionsHost(options);
    await put('crashing', base64({ name: 'crash', ms: 60_000 }));
    await waitFor('the run', async () => (await runsOf('crash', killed))[0]);
    killed.kill('SIGKILL');
    assert.equal(await killed.exited, null);
    const risen = await spawnFunctionsHost(options);
    assert.equal(risen.url, killed.url);
    const run = await waitFor('the run after the crash', async () => (await runsOf('crash', risen))[0]);
    assert.equal(run.dequeueCount, 2);
    risen.kill('SIGKILL');
    await risen.exited;
  },
);

test('SIGTERM lets requests and messages under way finish, takes no more, and ends with 0', async () => {
  const ending = await spawnFunctionsHost(spawnOptions('draining'));
  await put('draining', base64({ name: 'drained', ms: 1500 }));
  await waitFor('the run', async () => (await runsOf('drained', ending))[0]);
  const slow = fetch(`${ending.url}/slow?ms=1500`);
  await waitFor('the request', () => lines.find((line) => line.includes('Function.slow.User: slow begins')));
  ending.kill('SIGTERM');
  assert.equal(await (await slow).text(), 'done');
  assert.equal(await ending.exited, 0);
  const { approximateMessagesCount } = await queue('draining').getProperties();
  assert.equal(approximateMessagesCount, 0);
  assert.ok(lines.includes('appTerminate hook'));
  await assert.rejects(fetch(ending.url));
});

test.run();
