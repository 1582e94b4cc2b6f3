import assert from 'node:assert/strict';
import { test } from 'uvu';
import { openTask, patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { type Task, TaskCreate } from '../../../shared/model/task.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { callsOf, registry, time } from '../push/steps/pushWorld.ts';
import { conflict, writesOf } from '../queue/steps/queueRows.ts';

const own = (world: World) => world.ports.settings.registries[0]!;
const contextPath = 'https://github.com/contoso/app.git';
const docker = { type: 'Docker', contextPath, dockerFilePath: 'Dockerfile', imageNames: ['app:1'] };
const create = (properties: object = {}, more: object = {}): TaskCreate =>
  TaskCreate.parse({ location: 'local', properties: { step: docker, ...properties }, ...more });
const worldOf = () => createWorld({ registries: [registry] });
const stored = async ({ ports: { store } }: World) => ({
  task: (await store.task(registry, 'hello'))!.value,
  state: (await store.state(registry, 'hello'))!.value,
});
const image = 'appacr.azurecr.io/app:1';
const makersOf = async ({ ports: { store } }: World, of: string) =>
  (await store.producers(of)).map(({ task }) => task);
const secret = { name: 'TOKEN', value: 'hunter2', isSecret: true };
const baseImageTrigger = (more: object = {}) => ({ trigger: { baseImageTrigger: more } });
const timer = (more: object = {}) => ({
  trigger: { timerTriggers: [{ name: 't', schedule: '0 1 * * *', ...more }] },
});

/** Each: the properties of a new task, and what its state has that is not usual. */
const made: [title: string, properties: object, state: Partial<TaskState>][] = [
  ['with what it needs', {}, {}],
  ['that is disabled', { status: 'Disabled' }, { enabled: false }],
  [
    'for another platform',
    { platform: { os: 'Linux', architecture: 'arm64' } },
    { platform: { os: 'Linux', architecture: 'arm64' } },
  ],
  ['with two processors', { agentConfiguration: { cpu: 2 } }, { cpu: 2 }],
  ['without a number of processors', { agentConfiguration: {} }, {}],
  ['with an hour less', { timeout: 600 }, { timeout: 600 }],
  ['with a base image trigger', baseImageTrigger(), { trigger: 'Runtime' }],
  ['with one for all base images', baseImageTrigger({ baseImageTriggerType: 'All' }), { trigger: 'All' }],
  ['with one that is disabled', baseImageTrigger({ status: 'Disabled' }), {}],
  ['with a timer', timer(), { timers: [{ name: 't', schedule: '0 1 * * *', last: time }] }],
  ['with a timer that is disabled', timer({ status: 'Disabled' }), {}],
  ['that pushes nothing', { step: { ...docker, isPushEnabled: false } }, { outputs: [] }],
  [
    'of a file',
    { step: { type: 'FileTask', contextPath, taskFilePath: 'a.yaml' } },
    { stepType: 'FileTask', outputs: [] },
  ],
  [
    'in the name of another registry',
    {
      step: { ...docker, imageNames: ['any.io/app:1'] },
      credentials: { customRegistries: { 'any.io': { userName: { value: 'u' }, password: { value: 'w' } } } },
    },
    { outputs: ['any.io/app:1'] },
  ],
];
for (const [title, properties, state] of made)
  test(`a new task ${title} is written with its state, before its first run`, async () => {
    const world = worldOf();
    const writes = writesOf(world);
    const edges = callsOf(world, 'changeEdges');
    const task = await putTask(own(world), 'hello', create(properties), world.ports);
    const rows = await stored(world);
    assert.deepEqual(rows.task, task);
    assert.deepEqual(rows.state, {
      ...{ registry, task: 'hello', enabled: true, trigger: 'Disabled', stepType: 'Docker' },
      ...{ platform: { os: 'Linux' }, timeout: 3600, bases: [], open: [], outputs: [image] },
      ...state,
    });
    assert.equal(task.creationDate, time);
    const none = { bases: [], outputs: [] };
    const changes = edges.map(({ args }) => args.slice(1));
    // What it makes is known first; what it makes no more, which is nothing, last.
    assert.deepEqual(changes, [[{ ...none, outputs: rows.state.outputs }, none], Array(2).fill(none)]);
    assert.deepEqual(edges[1]!.args[0], { registry, task: 'hello' });
    for (const output of rows.state.outputs) assert.deepEqual(await makersOf(world, output), ['hello']);
    assert.deepEqual(writes, [['put task', 'put state']]);
    assert.deepEqual(world.messages, []);
  });

const user = { userAssignedIdentities: { '/a': {} } };
for (const [title, given, kept] of [
  ['none', undefined, undefined],
  ['its own', { type: 'SystemAssigned' }, { type: 'SystemAssigned' }],
  [
    'its own, beside others that it has no more',
    { type: 'SystemAssigned', ...user },
    { type: 'SystemAssigned' },
  ],
  ['others', { type: 'UserAssigned', ...user }, { type: 'UserAssigned', ...user }],
  [
    'both',
    { type: 'SystemAssigned, UserAssigned', ...user },
    { type: 'SystemAssigned, UserAssigned', ...user },
  ],
  ['others of which none is named', { type: 'UserAssigned' }, { type: 'UserAssigned' }],
] as const)
  test(`a task has the identities that its type names: ${title}`, async () => {
    const world = worldOf();
    const task = await putTask(own(world), 'hello', create({}, given && { identity: given }), world.ports);
    assert.deepEqual(task.identity, kept);
    assert.equal('identity' in task, kept !== undefined);
  });

/** Each: properties that the schema lets pass, and how they are refused. */
const refused: [title: string, properties: object, code: string][] = [
  ['a timer that is none', timer({ schedule: 'daily' }), 'InvalidTrigger'],
  ['a name that is no reference', { step: { ...docker, imageNames: ['a:b:c'] } }, 'InvalidTaskStep'],
  [
    'a token for any registry',
    { credentials: { customRegistries: { 'any.io': { identity: 'c' } } } },
    'InvalidCredentials',
  ],
  [
    'an identity that it has not',
    { credentials: { customRegistries: { 'a.azurecr.io': { identity: '[system]' } } } },
    'TaskIdentityMissing',
  ],
];
for (const [title, properties, code] of refused)
  test(`a task with ${title} is refused, and nothing of it is written`, async () => {
    const world = worldOf();
    await assert.rejects(
      putTask(own(world), 'hello', create(properties), world.ports),
      (error) => error instanceof Refusal && error.status === 400 && error.code === code,
    );
    assert.equal(await world.ports.store.task(registry, 'hello'), undefined);
    assert.deepEqual(await makersOf(world, image), []);
  });

const pin = { image: 'baseacr.azurecr.io/base:1', type: 'RunTime' as const, digest: 'old' };
const known: Partial<TaskState> = {
  bases: [{ ...pin, pinnedAt: time }],
  built: { runId: 'ca1', pins: [pin] },
  last: { runId: 'ca2', status: 'Failed', inputs: 'x', failures: 3, automatic: true, endedAt: time },
  ...{ cpu: 4, deleted: true, timers: [{ name: 'old', schedule: '0 2 * * *', last: time }] },
};
const stopped = { ...known.last!, failures: 0 };

/** Each: the properties of the next PUT, what becomes of the state, and the images of which it is no maker any more. */
const replaced: [title: string, properties: object, state: Partial<TaskState>, gone: string[]][] = [
  ['the same', {}, { outputs: ['appacr.azurecr.io/made:1', image], last: known.last! }, []],
  [
    'another time limit',
    { timeout: 600 },
    { timeout: 600, outputs: [image], last: stopped },
    ['appacr.azurecr.io/made:1'],
  ],
  [
    'another image',
    { step: { ...docker, imageNames: ['app:2'] } },
    { outputs: ['appacr.azurecr.io/app:2'], last: stopped },
    ['appacr.azurecr.io/made:1', image],
  ],
];
for (const [title, properties, state, gone] of replaced)
  test(`a task that is put again, ${title}, keeps what is known of it`, async () => {
    const world = worldOf();
    const { store } = world.ports;
    const first = await putTask(own(world), 'Hello', create(), world.ports);
    const { value, etag } = (await store.state(registry, 'hello'))!;
    const outputs = ['appacr.azurecr.io/made:1', image];
    await store.commit(registry, [{ put: 'state', value: { ...value, ...known, outputs }, etag }]);
    await store.changeEdges({ registry, task: 'Hello' }, { bases: [], outputs }, { bases: [], outputs: [] });
    world.pass(60);
    const again = await putTask(own(world), 'HELLO', create(properties), world.ports);
    assert.deepEqual([again.name, again.creationDate], ['Hello', first.creationDate]);
    const { state: after } = await stored(world);
    const { bases, built } = known;
    assert.deepEqual(after, { ...value, ...{ bases, built }, ...state });
    for (const one of outputs)
      assert.equal((await makersOf(world, one)).length, gone.includes(one) ? 0 : 1, one);
  });

const id = (number: number) => formatRunId(registry, number);
const waitingFor = { runs: [], images: [], reason: 'busy', nextTry: '2026-11-23T10:30:00.000Z' };
for (const [title, properties, phase, goesOn] of [
  ['that is changed', { timeout: 600 }, 'Queued', true],
  ['that is put again as it was', {}, 'Queued', false],
  ['that is changed while it is built', { timeout: 600 }, 'Pinned', false],
] as const)
  test(`a run that waits for a time ${goesOn ? 'waits no more' : 'goes on to wait'} for a task ${title}`, async () => {
    const world = worldOf();
    const { store } = world.ports;
    await putTask(own(world), 'hello', create(), world.ports);
    const { value, etag } = (await store.state(registry, 'hello'))!;
    const open = [{ runId: id(1), phase, automatic: true, canonical: true }];
    const run: Run = { ...sampleRun(registry, id(1), 'hello'), waitingFor };
    await store.commit(registry, [
      { put: 'state', value: { ...value, open }, etag },
      { put: 'run', value: run },
      { put: 'place', value: { registry, runId: id(1), automatic: false, waitsFor: [] } },
    ]);
    const calls = callsOf(world, 'runsOf');
    await putTask(own(world), 'hello', create(properties), world.ports);
    assert.equal(calls.length, goesOn ? 1 : 0);
    assert.deepEqual((await store.run(registry, id(1)))!.value.waitingFor, goesOn ? undefined : waitingFor);
  });

test('a task that would make what it is built on, over another, is refused', async () => {
  const world = worldOf();
  const { store } = world.ports;
  const base = 'appacr.azurecr.io/base:1';
  const making = (name: string) => create({ step: { ...docker, imageNames: [name] }, ...baseImageTrigger() });
  const on = (image: string): TaskState['bases'] => [{ ...pin, image, pinnedAt: time }];
  await putTask(own(world), 'hello', making('app:2'), world.ports);
  await putTask(own(world), 'maker', making('base:1'), world.ports);
  for (const [name, above] of [
    ['hello', base],
    ['maker', image],
  ] as const) {
    const { value, etag } = (await store.state(registry, name))!;
    await store.commit(registry, [{ put: 'state', value: { ...value, bases: on(above) }, etag }]);
  }
  await assert.rejects(
    putTask(own(world), 'hello', making('app:1'), world.ports),
    (error) => error instanceof Refusal && error.code === 'TaskRing' && error.status === 400,
  );
  assert.deepEqual((await stored(world)).state.outputs, ['appacr.azurecr.io/app:2']);
  const away = new TypeError('away');
  store.producers = async () => {
    throw away;
  };
  await assert.rejects(putTask(own(world), 'hello', making('app:1'), world.ports), away);
});

test('a PUT may be made from the task that is there, its secrets in the clear, and is made again where it is disturbed', async () => {
  const world = worldOf();
  const secretly = create({ step: { ...docker, arguments: [secret] } });
  const given: object[] = [];
  const from = (before: object) => {
    given.push(before);
    return secretly;
  };
  await putTask(own(world), 'hello', from, world.ports);
  writesOf(world, (at) => (at === 0 ? { before: conflict } : {}));
  await putTask(own(world), 'hello', from, world.ports);
  const [none, ...opened] = given;
  assert.deepEqual(none, {});
  assert.equal(opened.length, 2);
  for (const one of opened) assert.deepEqual((one as Task).properties.step, secretly.properties.step);
  assert.ok(!JSON.stringify((await stored(world)).task).includes('hunter2'));
});

/** A world whose task has a secret that opens and one that was sealed for another. */
async function sealedWorld() {
  const world = worldOf();
  const lost = { ...secret, name: 'LOST' };
  await putTask(own(world), 'hello', create({ step: { ...docker, arguments: [secret, lost] } }), world.ports);
  const { value, etag } = (await world.ports.store.task(registry, 'hello'))!;
  const sealed = world.ports.seal.seal('hunter2', 'another');
  const step = value.properties.step as { arguments: (typeof secret)[] };
  step.arguments[1]!.value = sealed;
  await world.ports.store.commit(registry, [{ put: 'task', value, etag }]);
  return { world, sealed };
}
const argumentsOf = ({ properties: { step } }: Task | TaskCreate) =>
  (step as { arguments: (typeof secret)[] }).arguments.map(({ value }) => value);

test('a task is opened without the secrets that do not open', async () => {
  const { world } = await sealedWorld();
  assert.deepEqual(argumentsOf(await openTask(own(world), 'hello', world.ports)), ['hunter2']);
  await assert.rejects(openTask(own(world), 'gone', world.ports), /no task 'gone'/);
});

for (const way of ['PATCH', 'PUT'])
  test(`a secret that does not open stays as it is where a ${way} leaves it alone`, async () => {
    const { world, sealed } = await sealedWorld();
    if (way === 'PATCH') await patchTask(own(world), 'hello', { properties: { timeout: 600 } }, world.ports);
    else
      await putTask(
        own(world),
        'hello',
        (before) => TaskCreate.parse({ ...before, tags: { a: 'b' } }),
        world.ports,
      );
    const { task } = await stored(world);
    assert.equal(argumentsOf(task)[1], sealed);
    assert.notEqual(argumentsOf(task)[0], 'hunter2');
    assert.equal(argumentsOf(await openTask(own(world), 'hello', world.ports))[0], 'hunter2');
  });

/** Each: the change, and what the task has then. */
const patches: [title: string, patch: object, changed: object][] = [
  ['nothing', {}, {}],
  ['a time limit', { properties: { timeout: 600 } }, { timeout: 600 }],
  ['a member that is taken away', { properties: { agentPoolName: null } }, { agentPoolName: undefined }],
];
for (const [title, patch, changed] of patches)
  test(`a PATCH changes ${title}`, async () => {
    const world = worldOf();
    const before = await putTask(own(world), 'hello', create({ agentPoolName: 'pool' }), world.ports);
    const after = await patchTask(own(world), 'HELLO', patch, world.ports);
    const properties = Object.fromEntries(
      Object.entries({ ...before.properties, ...changed }).filter(([, one]) => one !== undefined),
    );
    assert.deepEqual(after, { ...before, properties });
    assert.deepEqual((await stored(world)).task, after);
  });

test('a PATCH that leads a token to another server takes it away', async () => {
  const world = worldOf();
  await putTask(
    own(world),
    'hello',
    create({ step: { ...docker, contextAccessToken: 'hunter2' } }),
    world.ports,
  );
  const step = { contextPath: 'https://other.example/app.git' };
  const { properties } = await patchTask(own(world), 'hello', { properties: { step } }, world.ports);
  assert.equal(properties.step.contextAccessToken, undefined);
});

test('a PATCH of what is no task then, or of none, is refused; a row that cannot be read is replaced by a PUT alone', async () => {
  const world = worldOf();
  const bad = { properties: { timeout: 1 } };
  const isRefused = (status: number) => (error: unknown) =>
    error instanceof Refusal && error.status === status;
  await assert.rejects(patchTask(own(world), 'hello', bad, world.ports), isRefused(404));
  await putTask(own(world), 'hello', create(), world.ports);
  await assert.rejects(patchTask(own(world), 'hello', bad, world.ports), isRefused(400));
  const { store } = world.ports;
  const { etag } = (await store.task(registry, 'hello'))!;
  const { task } = store;
  const cut = new UnreadableError('cut short', { etag });
  store.task = async () => {
    throw cut;
  };
  await assert.rejects(patchTask(own(world), 'hello', {}, world.ports), cut);
  world.pass(60);
  const put = await putTask(own(world), 'hello', create({ timeout: 600 }), world.ports);
  store.task = task;
  assert.deepEqual(without((await stored(world)).task, 'creationDate'), without(put, 'creationDate'));
  assert.equal(put.creationDate, '2026-11-23T10:01:00.000Z');
});

test.run();
