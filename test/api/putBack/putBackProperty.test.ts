import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { anyTask } from '../../doubles/anyTask.ts';
import { createApiWorld } from '../../doubles/apiWorld.ts';
import { byTier } from '../../tier.ts';

type Api = ReturnType<typeof createApiWorld>;
const task = { task: 'hello' };
const named = Number(process.env.SEED);
const seed = Number.isInteger(named) && named !== 0 ? named : Math.floor(Math.random() * 2 ** 31);

/** What there is of the task: the rows as they stand with their versions, and as documents without what is sealed. */
function rowsOf({ main }: Api) {
  const keys = main.keys('appacr');
  return keys.map((key) => [key, main.row('appacr', key)] as const);
}
const statesOf = (api: Api) =>
  rowsOf(api)
    .filter(([key]) => String(key).startsWith('state'))
    .map(([key, row]) => [key, JSON.parse(String(row?.json0))]);
const keysOf = (api: Api) => rowsOf(api).map(([key]) => key);

async function ok(answer: ReturnType<Api['call']>) {
  const { status, body } = await answer;
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const everyTask = (title: string, check: (api: Api) => Promise<void>) =>
  test(`${title} (SEED=${seed})`, () =>
    fc.assert(
      fc.asyncProperty(anyTask, async (body) => {
        const api = createApiWorld();
        await ok(api.call('tasks-create', task, body));
        api.world.pass(5);
        await check(api);
        assert.equal((await ok(api.call('runs-list'))).value.length, 0, 'no run was started');
        assert.deepEqual(api.world.messages, []);
      }),
      { seed, numRuns: byTier({ fast: 15, normal: 40, long: 400 }), includeErrorInReport: true },
    ));

everyTask('any task that a GET answered can be put back: no row is written', async (api) => {
  const got = await ok(api.call('tasks-get', task));
  const before = rowsOf(api);
  assert.deepEqual(await ok(api.call('tasks-create', task, got)), got);
  assert.deepEqual(await ok(api.call('tasks-get', task)), got);
  assert.deepEqual(rowsOf(api), before);
});

everyTask(
  'any task that listDetails answered can be put back: it is the same with its secrets',
  async (api) => {
    const got = await ok(api.call('tasks-get', task));
    const details = await ok(api.call('tasks-list-details', task));
    const [states, keys] = [statesOf(api), keysOf(api)];
    assert.deepEqual(await ok(api.call('tasks-create', task, details)), got);
    assert.deepEqual(await ok(api.call('tasks-list-details', task)), details);
    assert.deepEqual([statesOf(api), keysOf(api)], [states, keys]);
  },
);

everyTask('any task that a list answered can be put back: no row is written', async (api) => {
  const [got] = (await ok(api.call('tasks-list'))).value;
  const before = rowsOf(api);
  await ok(api.call('tasks-create', task, got));
  assert.deepEqual((await ok(api.call('tasks-list'))).value, [got]);
  assert.deepEqual(rowsOf(api), before);
});

test.run();
