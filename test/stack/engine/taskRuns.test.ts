import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startRunEngine } from '../../../local/runEngine/startRunEngine.ts';
import { dockerBuild, idOf, startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('taskRuns of the run engine');
test.before(async () => {
  world = await startWorld({ executor: async () => [] });
});
test.after(() => world.stop());

const body = (change: object = {}, more: object = {}) => ({
  location: 'westeurope',
  properties: {
    runRequest: { ...dockerBuild, sourceLocation: 'https://localhost/x.tar.gz', ...change },
    ...more,
  },
});
const runIdOf = (answer: { body: any }) => answer.body.properties.runResult.properties.runId;

/** Each: a second PUT of the name, and whether it runs again. */
const puts: [title: string, second: object, runsAgain: boolean, rerunsChanged?: boolean][] = [
  ['the same', body(), false],
  ['another request', body({ timeout: 900 }), true],
  ['another request, where that does not count', body({ timeout: 900 }), false, false],
  ['another forceUpdateTag', body({}, { forceUpdateTag: '2' }), true],
  ['another forceUpdateTag, where a request does not count', body({}, { forceUpdateTag: '2' }), true, false],
];
for (const [title, second, runsAgain, rerunsChanged = true] of puts)
  test(`a second PUT runs ${runsAgain ? 'again' : 'not again'}: ${title}`, async () => {
    const engine = await startRunEngine({ ...world.engineOptions, taskRuns: { rerunsChanged } });
    try {
      const put = (what: object) => world.arm('PUT', 'taskRuns/plinth-ca1', what, { url: engine.url });
      const first = await put(body());
      assert.equal(first.status, 201);
      assert.equal(first.body.id, `${idOf('appacr')}/taskRuns/plinth-ca1`);
      assert.equal(first.body.type, 'Microsoft.ContainerRegistry/registries/taskRuns');
      const again = await put(second);
      assert.equal(runIdOf(again) !== runIdOf(first), runsAgain);
      assert.equal(engine.runs().length, runsAgain ? 2 : 1);
    } finally {
      await engine.stop();
    }
  });

test('a taskRun is read, in any case of its name, listed and deleted; its run stays', async () => {
  const runId = runIdOf(await world.arm('PUT', 'taskRuns/Plinth-ca2', body()));
  assert.equal(runIdOf(await world.arm('GET', 'taskRuns/plinth-CA2')), runId);
  await world.ended(runId);
  const { value } = (await world.arm('GET', 'taskRuns')).body;
  assert.deepEqual(
    value.map((one: any) => [one.name, one.properties.provisioningState]),
    [['Plinth-ca2', 'Succeeded']],
  );
  assert.equal((await world.arm('DELETE', 'taskRuns/plinth-ca2')).status, 200);
  assert.equal((await world.arm('DELETE', 'taskRuns/plinth-ca2')).status, 204);
  assert.equal((await world.arm('GET', 'taskRuns/plinth-ca2')).body.error.code, 'TaskRunNotFound');
  assert.equal((await world.show(runId)).status, 'Succeeded');
  assert.deepEqual(world.engine.taskRuns(), []);
});

const old = { version: '2019-04-01' };
const refusals: [title: string, call: Parameters<World['arm']>, status: number, code: string][] = [
  ['a name too short', ['PUT', 'taskRuns/ca1', body()], 400, 'BadRequest'],
  ['a name with a dot', ['PUT', 'taskRuns/plinth.ca1', body()], 400, 'BadRequest'],
  ['a name too long', ['PUT', `taskRuns/${'x'.repeat(51)}`, body()], 400, 'BadRequest'],
  ['no request', ['PUT', 'taskRuns/plinth-ca1', { properties: {} }], 400, 'BadRequest'],
  ['a request that is none', ['PUT', 'taskRuns/plinth-ca1', body({ type: 'x' })], 400, 'BadRequest'],
  ['an unknown member', ['PUT', 'taskRuns/plinth-ca1', body({}, { x: 1 })], 400, 'BadRequest'],
  ['a version without', ['GET', 'taskRuns/plinth-ca1', undefined, old], 400, 'NoRegisteredProviderFound'],
  ['a reader', ['PUT', 'taskRuns/plinth-ca1', body(), { token: 'reader' }], 403, 'AuthorizationFailed'],
  ['another method', ['PATCH', 'taskRuns/plinth-ca1', body()], 405, 'MethodNotAllowed'],
];
for (const [title, call, status, code] of refusals)
  test(`refuses ${title}, and makes nothing`, async () => {
    const before = world.engine.runs().length;
    const answer = await world.arm(...call);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.error.code, code);
    assert.equal(world.engine.runs().length, before);
    assert.deepEqual(world.engine.taskRuns(), []);
  });

test('what the documentation leaves open can be rough: 404 at first, no run in the answer, a quota', async () => {
  const taskRuns = { unseenMs: 400, tellsRunAtOnce: false, quota: 1 };
  const engine = await startRunEngine({ ...world.engineOptions, taskRuns });
  try {
    const url = { url: engine.url };
    const put = await world.arm('PUT', 'taskRuns/plinth-ca1', body(), url);
    assert.equal(put.status, 201);
    assert.equal(put.body.properties.runResult, undefined);
    assert.equal((await world.arm('GET', 'taskRuns/plinth-ca1', undefined, url)).status, 404);
    const full = await world.arm('PUT', 'taskRuns/plinth-ca2', body(), url);
    assert.equal(full.body.error.code, 'QuotaExceeded');
    await new Promise((resolve) => setTimeout(resolve, 450));
    const seen = await world.arm('GET', 'taskRuns/plinth-ca1', undefined, url);
    assert.equal(runIdOf(seen), engine.runs()[0]!.name);
  } finally {
    await engine.stop();
  }
});

test.run();
