/** In which order ACR lists, and which of a run's times a change moves. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createApiWorld } from '../doubles/apiWorld.ts';

const task = (image: string) => ({
  location: 'westeurope',
  properties: {
    platform: { os: 'linux' },
    step: {
      ...{ type: 'Docker', contextPath: 'https://git.example.com/hello.git', dockerFilePath: 'Dockerfile' },
      imageNames: [image],
    },
  },
});

type Api = ReturnType<typeof createApiWorld>;
const put =
  (...names: string[]) =>
  async ({ call, world }: Api) => {
    for (const name of names) {
      world.pass(1);
      assert.equal((await call('tasks-create', { task: name }, task(`${name.toLowerCase()}:1`))).status, 200);
    }
  };
const remove =
  (name: string) =>
  async ({ call, world }: Api) => {
    world.pass(1);
    await call('tasks-delete', { task: name });
  };
const patch =
  (name: string) =>
  async ({ call, world }: Api) => {
    world.pass(1);
    await call('tasks-update', { task: name }, { properties: { timeout: 600 } });
  };
const lists: [what: string, acts: ((api: Api) => Promise<void>)[], names: string[]][] = [
  ['in the order of their names', [put('alpha', 'bravo', 'charlie')], ['alpha', 'bravo', 'charlie']],
  ['against the order of their names', [put('charlie', 'bravo', 'alpha')], ['charlie', 'bravo', 'alpha']],
  ['in any order', [put('bravo', 'zulu1', 'alpha')], ['bravo', 'zulu1', 'alpha']],
  [
    'and one of them written again',
    [put('charlie', 'bravo', 'alpha'), put('charlie')],
    ['charlie', 'bravo', 'alpha'],
  ],
  [
    'and one of them changed',
    [put('charlie', 'bravo', 'alpha'), patch('charlie')],
    ['charlie', 'bravo', 'alpha'],
  ],
  [
    'and one deleted and created anew',
    [put('charlie', 'bravo', 'alpha'), remove('charlie'), put('charlie')],
    ['bravo', 'alpha', 'charlie'],
  ],
  ['with names in capitals and numbers', [put('task10', 'Task2', 'task1')], ['task10', 'Task2', 'task1']],
];
for (const [what, acts, names] of lists)
  test(`tasks that were created ${what} are listed as they were created`, async () => {
    const api = createApiWorld();
    for (const act of acts) await act(api);
    const { body } = await api.call('tasks-list');
    assert.deepEqual(
      body.value.map(({ name }: { name: string }) => name),
      names,
    );
  });

const changes: [what: string, body: object, moves: boolean][] = [
  ['archives it', { isArchiveEnabled: true }, true],
  ['archives it no more', { isArchiveEnabled: false }, true],
  ['says nothing', {}, false],
  ['says null', { isArchiveEnabled: null }, false],
];
for (const [what, body, moves] of changes)
  test(`a PATCH of a run that ${what} ${moves ? 'moves' : 'leaves'} its lastUpdatedTime`, async () => {
    const api = createApiWorld();
    await put('hello')(api);
    const { name: run } = (
      await api.call('registries-schedule-run', {}, { type: 'TaskRunRequest', taskId: 'hello' })
    ).body;
    const time = async () =>
      Date.parse((await api.call('runs-get', { run })).body.properties.lastUpdatedTime);
    const before = await time();
    api.world.pass(5);
    const answer = await api.call('runs-update', { run }, body);
    assert.equal(answer.status, 200);
    assert.equal((await time()) - before, moves ? 5000 : 0);
  });

test.run();
