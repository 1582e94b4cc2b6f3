// Tier: long, az follows builds to their ends.
/** Logs while a run goes on, and how az ends when a run is cancelled or takes too long. */
import assert from 'node:assert/strict';
import { TableClient } from '@azure/data-tables';
import { suite } from 'uvu';
import { createApiClient } from '../../../local/tutorial/apiClient.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { retryOnConflict } from '../../../shared/flow/retryOnConflict.ts';
import { tables } from '../../../shared/names/azureNames.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { type AzWorld, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('logs of az acr');

/** Long before the build that takes long has ended; on a busy machine a command of az takes many seconds. */
const limitMs = 240_000;

test.before(async (context) => {
  const world = await startAzWorld();
  context.world = world;
  const from = 'FROM baseacr.azurecr.io/upstream/node:15-alpine';
  await world.write({
    ticks: `${from}\nRUN for i in 1 2 3 4 5 6; do echo tick $i; sleep 1; done`,
    long: `${from}\nRUN echo it goes on && sleep 900`,
  });
});
test.after(({ world }) => world.stop());

/** Starts a build that takes long, with a client that follows its log. */
async function startLong(world: AzWorld, image: string) {
  const following = world.az(`acr build -r baseacr -t ${image}:v1 -f long .`);
  const run = await waitFor(
    `the run of ${image}`,
    async () => {
      const runs = await world.json('acr task list-runs -r baseacr --run-status Running');
      return runs[0];
    },
    limitMs,
  );
  const runId = run.runId as string;
  await waitFor(`the first line of ${image}`, () => saysThatItGoesOn(world, runId), limitMs);
  return { runId, following };
}

/** What Plinth's log of a run says by now. */
async function saysThatItGoesOn({ stack }: AzWorld, runId: string): Promise<true | undefined> {
  const api = createApiClient(stack.url, stack.keys.function);
  const { logLink } = await api.call('POST', `/registries/baseacr/runs/${runId}/listLogSasUrl`);
  const { pathname, search } = new URL(logLink);
  const log = await (await fetch(stack.url + pathname + search)).text();
  return /^it goes on/m.test(log) ? true : undefined;
}

test('lines come while the build prints them', async ({ world }) => {
  const { code, stdout, times } = await world.az('acr build -r baseacr -t ticks:v1 -f ticks .');
  assert.equal(code, 0, stdout);
  const lines = stdout.split('\n');
  const at = (text: string) => times[lines.findIndex((line) => line.trim() === text)]!;
  assert.ok(
    at('tick 6') - at('tick 1') > 1500,
    `tick 1 after ${at('tick 1')} ms, tick 6 after ${at('tick 6')} ms`,
  );
});

test('cancel-run ends a run; whoever follows it is told, and ends with 1', async ({ world }) => {
  const { runId, following } = await startLong(world, 'canceled');
  const live = world.az(`acr task logs -r baseacr --run-id ${runId}`);
  const cancel = await world.az(`acr task cancel-run -r baseacr -g localrg --run-id ${runId}`);
  assert.equal(cancel.code, 0, cancel.stderr);
  const { code, stdout, stderr } = await following;
  assert.equal(code, 1);
  assert.match(stderr, /ERROR: Run was canceled/);
  assert.match(stdout, /it goes on/);
  const logs = await live;
  assert.equal(logs.code, 0, 'logs alone judges no run');
  assert.match(logs.stdout, /it goes on/);
  const shown = await world.json(`acr task show-run -r baseacr --run-id ${runId}`);
  assert.equal(shown.status, 'Canceled');
  const again = await world.az(`acr task cancel-run -r baseacr --run-id ${runId}`);
  assert.equal(again.code, 0, 'a run that has ended stays as it is');
});

test('a run that takes too long ends as Timeout, and the client with 1', async ({ world }) => {
  const { runId, following } = await startLong(world, 'late');
  // ACR's shortest time-out is five minutes, and Plinth waits five more: this run's has passed already.
  const { connectionString } = world.stack.azurite;
  const table = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const store = createTableStore({
    main: table(tables.main),
    edges: table(tables.edges),
    pushes: table(tables.pushes),
  });
  await retryOnConflict(async () => {
    const { value, etag } = (await store.run('baseacr', runId))!;
    await store.commit('baseacr', [{ put: 'run', value: { ...value, timeout: -3600 }, etag }]);
  });
  const { code, stdout, stderr } = await following;
  assert.equal(code, 1);
  assert.match(stderr, /ERROR: Run timed out/);
  assert.match(stdout, /Timeout: The run did not end within/);
  const build = () => world.stack.engine.runs().at(-1)!.properties.status;
  await waitFor('the end of the build', () => build() === 'Canceled' || undefined, limitMs);
});

test.run();
