import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scheduleQuickRun, scheduleTaskRun, taskNamed } from '../../../shared/flow/api/runs.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import { runOwner } from '../../../shared/flow/secrets/owners.ts';
import { unsealRun } from '../../../shared/flow/secrets/sealedSecrets.ts';
import { changeRequestSecrets } from '../../../shared/model/mapSecrets.ts';
import { type Run, RunRequest, type TaskRunRequest } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { callsOf, linesOf, registry, time } from '../push/steps/pushWorld.ts';
import { conflict, writesOf } from '../queue/steps/queueRows.ts';

const id = (number: number) => formatRunId(registry, number);
const own = (world: World) => world.ports.settings.registries[0]!;
const isRefusal = (status: number, code: string, says: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.status === status && error.code === code && says.test(error.message);
const value = (name: string, text: string, isSecret = false) => ({ name, value: text, isSecret });
const contextPath = 'https://github.com/contoso/app.git';

async function worldOf(state?: Partial<TaskState>) {
  const world = createWorld({ registries: [registry] });
  const row = { ...sampleState(registry, 'hello'), ...state };
  if (state) await world.ports.store.commit(registry, [{ put: 'state', value: row }]);
  return world;
}
const request = (more: object = {}) =>
  RunRequest.parse({ type: 'TaskRunRequest', taskId: 'hello', ...more }) as TaskRunRequest;
const asked = (overrides: object) => request({ overrideTaskStepProperties: overrides });
const started = (world: World) => world.messages.map(({ queue, body }) => [queue, body]);
const start = [['start', { registry, runId: id(1) }]];

/** Each: the task's state, the request, and what its run has beside what every run has. */
const scheduled: [title: string, state: Partial<TaskState>, request: TaskRunRequest, has: object][] = [
  ['as it is', {}, request(), {}],
  ['whose log is kept', {}, request({ isArchiveEnabled: true }), { isArchiveEnabled: true }],
  ['in a pool', {}, request({ agentPoolName: 'pool' }), { agentPoolName: 'pool' }],
  ['with a template of its log', {}, request({ logTemplate: 'a:1' }), { logTemplate: 'a:1' }],
  ['that changes nothing of it', {}, asked({ arguments: [], values: [] }), {}],
  [
    'for another context',
    {},
    asked({ contextPath }),
    { overrides: { contextPath, arguments: [], values: [] } },
  ],
  [
    'with a secret argument',
    {},
    asked({ arguments: [value('A', 'shown'), value('B', 'hunter2', true)] }),
    { overrides: { arguments: [value('A', 'shown'), value('B', 'hunter2', true)], values: [] } },
  ],
  [
    'of a build with a target',
    { stepType: 'Docker' },
    asked({ target: 'last', file: 'Other' }),
    { overrides: { target: 'last', file: 'Other', arguments: [], values: [] } },
  ],
  [
    'of steps in another file',
    { stepType: 'FileTask' },
    asked({ file: 'other.yaml', values: [value('a', 'b')] }),
    { overrides: { file: 'other.yaml', values: [value('a', 'b')], arguments: [] } },
  ],
  [
    'of steps with values',
    { stepType: 'EncodedTask' },
    asked({ values: [value('a', 'b')] }),
    { overrides: { values: [value('a', 'b')], arguments: [] } },
  ],
];
for (const [title, state, given, has] of scheduled)
  test(`a run of a task ${title} is queued, and told to start`, async () => {
    const world = await worldOf(state);
    const run = await scheduleTaskRun(own(world), given, world.ports);
    const { nonce, ...expected } = { ...newRun, task: 'hello', ...has } as Run;
    assert.deepEqual(without(unsealRun(run, world.ports), 'nonce'), expected);
    assert.ok(!JSON.stringify(run).includes('hunter2'));
    assert.deepEqual((await world.ports.store.run(registry, id(1)))?.value, run);
    assert.deepEqual(started(world), start);
    assert.deepEqual(world.log, []);
  });
const newRun = {
  ...{ registry, runId: id(1), status: 'Queued', createTime: time, lastUpdatedTime: time },
  ...{ platform: { os: 'Linux', architecture: 'amd64' }, timeout: 3600, isArchiveEnabled: false },
};

/** Each: the task's state, what is asked for, and how it is refused. */
const refused: [
  title: string,
  state: Partial<TaskState> | undefined,
  request: TaskRunRequest,
  refusal: [status: number, code: string, says: RegExp],
][] = [
  ['that is not there', undefined, request(), [404, 'TaskNotFound', /no task 'hello' in registry 'appacr'/]],
  ['that is disabled', { enabled: false }, request(), [409, 'TaskDisabled', /^The task 'hello' is disabled/]],
  [
    'of another registry',
    {},
    request({ taskId: '/x/registries/other/tasks/hello' }),
    [400, 'InvalidRunRequest', /registry 'other', and the request was sent to 'appacr'/],
  ],
  ...(['FileTask', 'EncodedTask'] as const).flatMap(
    (stepType): [string, Partial<TaskState>, TaskRunRequest, [number, string, RegExp]][] =>
      [{ arguments: [value('A', 'b')] }, { target: 'last' }].map((overrides) => [
        `of type ${stepType} with ${Object.keys(overrides)}`,
        { stepType },
        asked(overrides),
        [
          400,
          'InvalidRunRequest',
          new RegExp(`^The step of task 'hello' is of type ${stepType}: it takes values`),
        ],
      ]),
  ),
  [
    'of type EncodedTask with a file',
    { stepType: 'EncodedTask' },
    asked({ file: 'other.yaml' }),
    [400, 'InvalidRunRequest', /its file is in the task itself/],
  ],
];
for (const [title, state, given, refusal] of refused)
  test(`a run of a task ${title} is refused, and takes no number`, async () => {
    const world = await worldOf(state);
    await assert.rejects(scheduleTaskRun(own(world), given, world.ports), isRefusal(...refusal));
    assert.equal(await world.ports.store.takeRunNumbers(registry, 1), 1);
    assert.deepEqual(started(world), []);
  });

for (const [taskId, task] of [
  ['hello', 'hello'],
  ['/subscriptions/s/registries/appacr/tasks/hello', 'hello'],
  ['/subscriptions/s/Registries/AppACR/Tasks/hello', 'hello'],
  ['/tasks/hello', 'hello'],
] as const)
  test(`${taskId} names the task ${task}`, () =>
    assert.equal(taskNamed(taskId, { ...{ name: registry, id: '', endpoint: '' }, loginServer: '' }), task));

test('a run that is disturbed as it is queued keeps its number, and its other rows are written with it', async () => {
  const world = await worldOf({});
  const numbers = callsOf(world, 'takeRunNumbers');
  const writes = writesOf(world, (at) => (at === 0 ? { before: conflict } : {}));
  const run = await scheduleTaskRun(own(world), request(), world.ports, (run) => [
    { put: 'run', value: { ...run, runId: id(9) } },
  ]);
  assert.deepEqual([run.runId, numbers.length, writes.length], [id(1), 1, 2]);
  assert.ok(await world.ports.store.run(registry, id(9)));
});

const quick = (type: string, more: object = {}) =>
  RunRequest.parse({ type, ...more }) as Exclude<RunRequest, TaskRunRequest>;
const build = { dockerFilePath: 'Dockerfile', sourceLocation: contextPath, imageNames: ['a:1'] };
const encodedTaskContent = Buffer.from('steps:\n  - cmd: bash\n').toString('base64');
const secret = [value('B', 'hunter2', true)];

/** Each: the request, the member of the run that keeps it, and what else the run has. */
const quicks: [
  title: string,
  request: Exclude<RunRequest, TaskRunRequest>,
  member: keyof Run,
  has: object,
][] = [
  ['a build', quick('DockerBuildRequest', { ...build, arguments: secret }), 'quickBuild', {}],
  [
    'a build in a pool, with two processors',
    quick('DockerBuildRequest', {
      ...{ ...build, agentPoolName: 'pool', logTemplate: 'a:1', isArchiveEnabled: true, timeout: 600 },
      agentConfiguration: { cpu: 2 },
    }),
    'quickBuild',
    { agentPoolName: 'pool', logTemplate: 'a:1', isArchiveEnabled: true, timeout: 600, cpu: 2 },
  ],
  [
    'a build without a number of processors',
    quick('DockerBuildRequest', { ...build, agentConfiguration: {} }),
    'quickBuild',
    {},
  ],
  [
    'a file of a context',
    quick('FileTaskRunRequest', { taskFilePath: 'a.yaml', sourceLocation: contextPath, values: secret }),
    'quickRun',
    {},
  ],
  ['a task file', quick('EncodedTaskRunRequest', { encodedTaskContent, values: secret }), 'quickRun', {}],
];
for (const [title, given, member, has] of quicks)
  test(`a run of no task, ${title}, is queued, and told to start`, async () => {
    const world = await worldOf();
    const run = await scheduleQuickRun(own(world), given, world.ports);
    const { quickBuild, quickRun, nonce, ...rest } = run;
    assert.deepEqual(rest, { ...newRun, platform: { os: 'Linux' }, ...has });
    assert.ok(nonce);
    const kept = run[member] as typeof given;
    assert.deepEqual(Object.keys({ ...(quickBuild && { quickBuild }), ...(quickRun && { quickRun }) }), [
      member,
    ]);
    const opened = changeRequestSecrets(kept, (sealed) =>
      world.ports.seal.open(sealed, runOwner(registry, id(1))),
    );
    assert.deepEqual(opened, given);
    assert.ok(!JSON.stringify(run).includes('hunter2'));
    assert.deepEqual((await world.ports.store.run(registry, id(1)))?.value, run);
    const places: string[] = [];
    for await (const { runId } of world.ports.store.places(registry)) places.push(runId);
    assert.deepEqual(places, [id(1)]);
    assert.deepEqual(started(world), start);
  });

test('a run of no task that cannot be is refused, and takes no number', async () => {
  const world = await worldOf();
  const bad = quick('DockerBuildRequest', { ...build, sourceLocation: '/dev/null' });
  await assert.rejects(
    scheduleQuickRun(own(world), bad, world.ports),
    isRefusal(400, 'InvalidRunRequest', /is read from a context/),
  );
  assert.equal(await world.ports.store.takeRunNumbers(registry, 1), 1);
});

test('where the message for a run is not sent, the run is queued all the same, and the log says so', async () => {
  for (const schedule of [
    (world: World) => scheduleTaskRun(own(world), request(), world.ports),
    (world: World) =>
      scheduleQuickRun(own(world), quick('DockerBuildRequest', build), world.ports, (run) => [
        { put: 'run', value: { ...run, runId: id(9) } },
      ]),
  ]) {
    const world = await worldOf({});
    const lines = linesOf(world);
    world.ports.queue.sendStart = async () => {
      throw new Error('the queue is away');
    };
    assert.equal((await schedule(world)).runId, id(1));
    assert.deepEqual(lines, [
      [
        'warning',
        `run ${id(1)} is queued, and starts within a minute: the queue is away`,
        { registry, runId: id(1) },
      ],
    ]);
  }
});

test.run();
