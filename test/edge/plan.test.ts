import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startRun } from '../../shared/flow/start/startRun.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';

const base = 'baseacr.azurecr.io/base:1';

/** A task that has been started once, so that it is known what it is built from. */
async function startedWorld() {
  const api = createApiWorld();
  const { world, ports, call } = api;
  const own = 'appacr.azurecr.io/own:1';
  world.push(base);
  world.push(own);
  for (const [name, bases] of [
    ['hello', [base]],
    ['child', [own]],
  ] as const) {
    await call('tasks-create', { task: name }, world.task(name, [...bases]));
    const { body } = await call('registries-schedule-run', {}, { type: 'TaskRunRequest', taskId: name });
    await startRun({ registry: 'appacr', runId: body.name }, ports);
  }
  return api;
}

const rows: [title: string, image: string, registry: string, tasks: string[]][] = [
  ['a full name', base, 'appacr', ['hello']],
  ['a relative name, which is one of the registry asked', 'base:1', 'baseacr', ['hello']],
  ['a relative name of another registry', 'base:1', 'appacr', []],
  ['a relative name of the task’s own registry', 'own:1', 'appacr', ['child']],
  [
    'a name with a digest, of which only the tag counts',
    `${base}@sha256:${'a'.repeat(64)}`,
    'appacr',
    ['hello'],
  ],
  ['the host in another case', 'BaseACR.azurecr.io/base:1', 'appacr', ['hello']],
  ['another tag', 'base:2', 'baseacr', []],
  ['no tag, which is latest', 'base', 'baseacr', []],
  ['a name that nobody knows', 'docker.io/library/nothing:1', 'appacr', []],
];
for (const [title, image, registry, tasks] of rows)
  test(`a plan of ${title} (${registry}) names ${tasks.join() || 'no task, and says so'}`, async () => {
    const { call } = await startedWorld();
    const { status, body } = await call('plan', { registry }, { image });
    assert.equal(status, 200, JSON.stringify(body));
    const found = body.waves.flatMap(({ tasks }: any) => tasks.map(({ task }: any) => task));
    assert.deepEqual(found, tasks, JSON.stringify(body));
    if (tasks.length > 0) assert.equal(body.message, undefined);
    else assert.match(body.message, /^No task is known to be built from \S+:\S+\. /);
  });

test('a plan says of which image no task is built, with its registry', async () => {
  const { call } = await startedWorld();
  const { body } = await call('plan', {}, { image: 'nothing:1' });
  assert.match(body.message, /built from appacr\.azurecr\.io\/nothing:1\./);
});

const bad: [title: string, body: unknown, says: RegExp][] = [
  ['no image', {}, /image: is missing/],
  ['an empty image', { image: '' }, /image: is empty/],
  ['an image that is none', { image: 'A B' }, /image: /],
  ['a list', { image: ['a'] }, /image: has to be a string, not a list/],
  ['an unknown word', { images: 'a:1', image: 'a:1' }, /Did you mean image\?/],
  ['nothing', '', /not JSON/],
];
for (const [title, body, says] of bad)
  test(`a plan of ${title} is refused`, async () => {
    const { call } = createApiWorld();
    const answer = await call('plan', {}, body);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.match(answer.body.error.message, says);
  });

test('a plan of a task’s own images is asked by its name; of no task it is 404', async () => {
  const { call } = await startedWorld();
  const { status, body } = await call('tasks-plan', { task: 'hello' });
  assert.equal(status, 200);
  assert.deepEqual(body.waves, []);
  assert.equal((await call('tasks-plan', { task: 'nobody' })).status, 404);
});

test.run();
