import assert from 'node:assert/strict';
import { test } from 'uvu';
import { deleteTaskRun, getTaskRun, putTaskRun } from '../../../shared/flow/api/taskRuns.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import { TaskRunCreate } from '../../../shared/model/taskRun.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { registry } from '../push/steps/pushWorld.ts';
import { conflict, writesOf } from '../queue/steps/queueRows.ts';

const own = (world: World) => world.ports.settings.registries[0]!;
const id = (number: number) => formatRunId(registry, number);
const build = (more: object = {}) => ({
  ...{ type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile', sourceLocation: 'https://a.example/b.git' },
  arguments: [{ name: 'TOKEN', value: 'hunter2', isSecret: true }],
  ...more,
});
const ofTask = (more: object = {}) => ({ type: 'TaskRunRequest', taskId: 'hello', ...more });
const create = (runRequest: object, more: object = {}, besides: object = {}) =>
  TaskRunCreate.parse({ ...besides, properties: { runRequest, ...more } });

async function worldOf() {
  const world = createWorld({ registries: [registry] });
  await world.ports.store.commit(registry, [{ put: 'state', value: sampleState(registry, 'hello') }]);
  return world;
}
const overridden = (overrides: object) => ofTask({ overrideTaskStepProperties: overrides });
const args = (name: string) => ({ arguments: [{ name, value: 'b' }] });

/** Each: a request, the next by the same name, and whether that makes a run of its own. */
const pairs: [title: string, first: TaskRunCreate, second: TaskRunCreate, isNewRun: boolean][] = [
  ['the same build', create(build()), create(build()), false],
  [
    'another secret',
    create(build()),
    create(build({ arguments: [{ name: 'TOKEN', value: 'x', isSecret: true }] })),
    false,
  ],
  ['another image', create(build()), create(build({ imageNames: ['a:1'] })), true],
  ['another tag', create(build()), create(build(), { forceUpdateTag: 'now' }), true],
  [
    'the same tag',
    create(build(), { forceUpdateTag: 'now' }),
    create(build(), { forceUpdateTag: 'now' }),
    false,
  ],
  ['another location', create(build()), create(build(), {}, { location: 'west' }), true],
  ['the same task', create(ofTask()), create(ofTask()), false],
  [
    'the same task by its ARM id',
    create(ofTask()),
    create(ofTask({ taskId: '/registries/appacr/tasks/HELLO' })),
    false,
  ],
  ['the same task with overrides that ask for nothing', create(ofTask()), create(overridden({})), false],
  ['the same task with an argument', create(ofTask()), create(overridden(args('A'))), true],
  [
    'the same task with the same argument',
    create(overridden(args('A'))),
    create(overridden(args('A'))),
    false,
  ],
  ['the same task with another argument', create(overridden(args('A'))), create(overridden(args('B'))), true],
  [
    'the same task with a log that is kept',
    create(ofTask()),
    create(ofTask({ isArchiveEnabled: true })),
    true,
  ],
  ['the same task with another tag', create(ofTask()), create(ofTask(), { forceUpdateTag: 'now' }), true],
  ['a build in place of a task', create(ofTask()), create(build()), true],
];
for (const [title, first, second, isNewRun] of pairs)
  test(`a task run that is put again as ${title} makes ${isNewRun ? 'one more' : 'no'} run`, async () => {
    const world = await worldOf();
    const put = (name: string, given: TaskRunCreate) => putTaskRun(own(world), name, given, world.ports);
    const made = await put('Once-1', first);
    assert.deepEqual([made.isNew, made.run?.runId], [true, id(1)]);
    const { runRequest, ...rest } = made.taskRun.properties;
    assert.deepEqual(
      [made.taskRun.registry, made.taskRun.name, made.taskRun.runId, rest.forceUpdateTag],
      [registry, 'Once-1', id(1), first.properties.forceUpdateTag],
    );
    assert.equal(runRequest.type, first.properties.runRequest.type);
    const again = await put('ONCE-1', second);
    assert.deepEqual([again.isNew, again.taskRun.name], [false, 'Once-1']);
    assert.equal(again.run?.runId, id(isNewRun ? 2 : 1));
    const got = await getTaskRun(own(world), 'once-1', world.ports);
    assert.deepEqual(got, { taskRun: again.taskRun, run: again.run });
    assert.ok(!JSON.stringify(got.taskRun).includes('hunter2'));
    assert.equal(world.messages.length, isNewRun ? 2 : 1);
  });

test('a task run is written with its run, and again where another write came between', async () => {
  const world = await worldOf();
  const writes = writesOf(world, (at) => (at === 0 ? { before: conflict } : {}));
  await putTaskRun(own(world), 'once-1', create(ofTask()), world.ports);
  const rows = ['put run', 'put state', 'put place', 'put taskRun'];
  assert.deepEqual(writes, [rows, rows]);
});

test('a task run that cannot be read is replaced, and one whose run is gone is shown without it', async () => {
  const world = await worldOf();
  const { store } = world.ports;
  await putTaskRun(own(world), 'once-1', create(ofTask()), world.ports);
  const { etag } = (await store.taskRun(registry, 'once-1'))!;
  const { taskRun } = store;
  store.taskRun = async () => {
    throw new UnreadableError('cut short', { etag });
  };
  const put = await putTaskRun(own(world), 'once-1', create(ofTask()), world.ports);
  assert.deepEqual([put.isNew, put.run?.runId], [true, id(2)]);
  store.taskRun = taskRun;
  await store.forgetRun((await store.run(registry, id(2)))!);
  const { run, taskRun: kept } = await getTaskRun(own(world), 'once-1', world.ports);
  assert.deepEqual([run, kept.runId], [undefined, id(2)]);
});

test('a task run is deleted once, and its run stays', async () => {
  const world = await worldOf();
  await putTaskRun(own(world), 'once-1', create(build()), world.ports);
  writesOf(world, (at) => (at === 0 ? { before: conflict } : {}));
  assert.equal(await deleteTaskRun(own(world), 'ONCE-1', world.ports), true);
  assert.equal(await deleteTaskRun(own(world), 'once-1', world.ports), false);
  assert.ok(await world.ports.store.run(registry, id(1)));
  await assert.rejects(
    getTaskRun(own(world), 'once-1', world.ports),
    (error) =>
      error instanceof Refusal &&
      error.status === 404 &&
      /no task run 'once-1' in registry/.test(error.message),
  );
});

test.run();
