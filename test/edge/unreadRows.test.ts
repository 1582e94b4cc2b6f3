/** A row that this version cannot read is the state of a resource, not a fault of the server: nobody should try again. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createApiWorld } from '../doubles/apiWorld.ts';

const task = {
  location: 'westeurope',
  properties: {
    platform: { os: 'linux' },
    step: { type: 'Docker', contextPath: 'https://git.example.com/hello.git', dockerFilePath: 'Dockerfile' },
  },
};
const run = { type: 'TaskRunRequest', taskId: 'hello' };

/** A task with a queued run, and a taskRun. */
async function worldWithRows() {
  const api = createApiWorld();
  const { call, main } = api;
  assert.equal((await call('tasks-create', { task: 'hello' }, task)).status, 200);
  const { name } = (await call('registries-schedule-run', {}, run)).body;
  const runRequest = {
    type: 'DockerBuildRequest',
    dockerFilePath: 'Dockerfile',
    sourceLocation: 'https://git.example.com/hello.git',
  };
  const made = await call(
    'task-runs-create',
    { taskRun: 'once1' },
    { location: 'x', properties: { runRequest } },
  );
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const spoil = (kind: string, columns: Record<string, unknown>) => {
    const keys = main.keys('appacr').filter((key) => key.startsWith(`${kind}!`));
    for (const key of keys) main.change('appacr', key, columns);
    return keys;
  };
  return { ...api, runId: name as string, spoil };
}
type Spoilt = Awaited<ReturnType<typeof worldWithRows>>;

const spoilers: [how: string, columns: Record<string, unknown>][] = [
  ['is not JSON', { json0: '{"cut' }],
  ['has version 2', { version: 2 }],
  ['does not have the expected shape', { json0: '{"registry":"appacr"}' }],
];
const asks: [
  what: string,
  kind: string,
  ask: (world: Spoilt) => ReturnType<Spoilt['call']>,
  advice: RegExp,
][] = [
  ['a cancel', 'run', ({ call, runId }) => call('runs-cancel', { run: runId }), /storage entity delete/],
  ['a GET of a run', 'run', ({ call, runId }) => call('runs-get', { run: runId }), /storage entity delete/],
  [
    'a PATCH of a run',
    'run',
    ({ call, runId }) => call('runs-update', { run: runId }, { isArchiveEnabled: true }),
    /storage entity delete/,
  ],
  ['a log', 'run', ({ call, runId }) => call('runs-log-url', { run: runId }), /storage entity delete/],
  ['a GET of a task', 'task', ({ call }) => call('tasks-get', { task: 'hello' }), /Write the task again/],
  [
    'listDetails',
    'task',
    ({ call }) => call('tasks-list-details', { task: 'hello' }),
    /Write the task again \(PUT\) or delete it/,
  ],
  [
    'a PATCH of a task',
    'task',
    ({ call }) => call('tasks-update', { task: 'hello' }, { properties: { timeout: 600 } }),
    /Write the task again/,
  ],
  [
    'a run of a task',
    'state',
    ({ call }) => call('registries-schedule-run', {}, run),
    /Write the task again/,
  ],
  ['why', 'state', ({ call }) => call('tasks-why', { task: 'hello' }), /Write the task again/],
  [
    'a GET of a taskRun',
    'taskrun',
    ({ call }) => call('task-runs-get', { taskRun: 'once1' }),
    /Write the taskRun again \(PUT\) or delete it/,
  ],
];
for (const [how, columns] of spoilers)
  for (const [what, kind, ask, advice] of asks)
    test(`where a row of the kind ${kind} ${how}, ${what} is answered 409, with the row and what to do`, async () => {
      const world = await worldWithRows();
      const keys = world.spoil(kind, columns);
      const { status, body } = await ask(world);
      assert.deepEqual([status, body.error?.code], [409, 'StoredRowUnreadable'], JSON.stringify(body));
      const { message } = body.error;
      assert.ok(
        keys.some((key) => message.startsWith(`row appacr/${key} ${how}`)),
        message,
      );
      assert.match(message, advice);
      assert.doesNotMatch(message, /\{"/);
    });

const mends: [what: string, kind: string, mend: (world: Spoilt) => ReturnType<Spoilt['call']>][] = [
  ['a PUT of the task', 'task', ({ call }) => call('tasks-create', { task: 'hello' }, task)],
  ['a DELETE of the task', 'task', ({ call }) => call('tasks-delete', { task: 'hello' })],
  ['a PUT of the task, its state', 'state', ({ call }) => call('tasks-create', { task: 'hello' }, task)],
  ['a DELETE of the task, its state', 'state', ({ call }) => call('tasks-delete', { task: 'hello' })],
];
for (const [what, kind, mend] of mends)
  test(`${what}, which could not be read, mends it`, async () => {
    const world = await worldWithRows();
    world.spoil(kind, { json0: '{"cut' });
    assert.equal((await mend(world)).status, 200);
    const { status } = await world.call('tasks-get', { task: 'hello' });
    assert.equal(status, what.startsWith('a PUT') ? 200 : 404);
  });

test.run();
