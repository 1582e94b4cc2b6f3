import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAesSeal } from '../../../shared/adapters/secrets/aesSeal.ts';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { archiveRun, cancelRun, scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { openTask, patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { webhookViews } from '../../../shared/flow/webhooks/webhookViews.ts';
import { TaskRunRequest } from '../../../shared/model/run.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';
import { registryOf } from '../../worlds/diamondWorld.ts';
import {
  createWorld as createTriggerWorld,
  knownRegistry,
  sourceTrigger,
  taskOf,
} from '../../worlds/triggerWorld.ts';
import { carryOut, numbersFrom } from '../../worlds/workers.ts';
import { createWorld } from '../../worlds/world.ts';

const name = 'build-app';
const server = 'other.example.com';
const opaque = (value: string) => ({ type: 'Opaque', value });
const step = (change: object) => ({
  step: {
    type: 'Docker',
    contextPath: 'https://github.com/team/app.git',
    dockerFilePath: 'Dockerfile',
    ...change,
  },
});
const credentials = (userName: string, password: string) => ({
  credentials: { customRegistries: { [server]: { userName: opaque(userName), password: opaque(password) } } },
});
const trigger = (token: string) => ({
  trigger: {
    sourceTriggers: [
      sourceTrigger({ sourceRepository: { sourceControlAuthProperties: { tokenType: 'PAT', token } } }),
    ],
  },
});

/** Each: the properties of a task that have the secret, and a PATCH that gives it anew. */
const secrets: [what: string, properties: (secret: string) => object, patch: (secret: string) => object][] = [
  [
    'a password',
    (secret) => credentials('robot', secret),
    (secret) => ({ credentials: { customRegistries: { [server]: { password: opaque(secret) } } } }),
  ],
  ['a user name', (secret) => credentials(secret, 'word'), (secret) => credentials(secret, 'word')],
  [
    'a secret argument',
    (secret) => step({ arguments: [{ name: 'PW', value: secret, isSecret: true }] }),
    (secret) => ({ step: { arguments: [{ name: 'PW', value: secret, isSecret: true }] } }),
  ],
  [
    'the token of the context',
    (secret) => step({ contextAccessToken: secret }),
    (secret) => ({ step: { contextAccessToken: secret } }),
  ],
  ['the token of a source trigger', trigger, trigger],
  [
    'a secret value of a task file',
    (secret) => ({
      step: {
        type: 'FileTask',
        contextPath: 'https://github.com/team/app.git',
        taskFilePath: 'acb.yaml',
        values: [{ name: 'PW', value: secret, isSecret: true }],
      },
    }),
    (secret) => ({ step: { values: [{ name: 'PW', value: secret, isSecret: true }] } }),
  ],
];

/** A task whose secrets were sealed with a key that is gone. */
async function afterKeyWasReplaced(properties: object) {
  const world = createTriggerWorld();
  await world.put(name, taskOf({}, { ...properties }));
  world.ports.seal = createAesSeal([Buffer.alloc(32, 9)]);
  return world;
}
const opens = async ({ ports }: { ports: Ports }) =>
  JSON.stringify((await openTask(knownRegistry, name, ports)).properties);

for (const [what, properties, patch] of secrets) {
  test(`${what} that does not open any more is replaced by PUT`, async () => {
    const world = await afterKeyWasReplaced(properties('old-secret'));
    await world.put(name, taskOf({}, { ...properties('new-secret') }));
    assert.match(await opens(world), /new-secret/);
  });

  test(`${what} that does not open any more is replaced by PATCH`, async () => {
    const world = await afterKeyWasReplaced(properties('old-secret'));
    await world.patch(name, { properties: patch('new-secret') });
    assert.match(await opens(world), /new-secret/);
  });

  test(`${what} that does not open any more keeps nobody from changing the rest, and stays as it is`, async () => {
    const world = await afterKeyWasReplaced(properties('old-secret'));
    await world.patch(name, { properties: { status: 'Disabled', timeout: 777 } });
    const { value } = (await world.store.task(knownRegistry.name, name))!;
    assert.deepEqual([value.properties.status, value.properties.timeout], ['Disabled', 777]);
    assert.doesNotMatch(await opens(world), /old-secret|sealed/, 'it is shown to nobody');
    world.ports.seal = createAesSeal([Buffer.alloc(32, 9), Buffer.alloc(32, 7)]);
    assert.match(await opens(world), /old-secret/, 'and opens again with its key');
  });

  test(`a task with ${what} that does not open any more is shown with its webhooks, and deleted`, async () => {
    const world = await afterKeyWasReplaced(properties('old-secret'));
    for (const view of await webhookViews(knownRegistry.name, name, world.ports, true))
      assert.equal(view.secret, undefined);
    assert.equal(await world.remove(name), true);
    assert.equal(await world.store.task(knownRegistry.name, name), undefined);
  });
}

const broken: [what: string, rowKey: string, columns: object][] = [
  ['a definition that is cut short', keys.taskRow(name), { json0: '{"cut' }],
  ['a definition of another shape', keys.taskRow(name), { json0: '{}' }],
  ['a definition of another version', keys.taskRow(name), { version: 0 }],
  ['a state that is cut short', keys.stateRow(name), { json0: '{"cut' }],
  ['a state of another shape', keys.stateRow(name), { json0: '[]' }],
  ['a state of another version', keys.stateRow(name), { version: 7 }],
];
for (const [what, rowKey, columns] of broken)
  for (const mend of ['PUT', 'DELETE'] as const)
    test(`a task with ${what} is mended by ${mend}`, async () => {
      const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
      const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
      const world = createWorld({ registries: ['appacr'] });
      world.ports.store = store;
      const known = registryOf(world, 'appacr');
      const task = world.task(name, []);
      await putTask(known, name, task, world.ports);
      main.change('appacr', rowKey, { ...columns });
      if (mend === 'PUT') {
        await putTask(known, name, task, world.ports);
        assert.equal((await store.task('appacr', name))!.value.name, name);
        assert.equal((await store.state('appacr', name))!.value.enabled, true);
        return;
      }
      assert.equal(await deleteTask(known, name, world.ports), true);
      assert.equal(await store.task('appacr', name), undefined);
    });

/** Each: two changes of one task at once; both must be there afterwards. */
const pairs: [what: string, one: object, other: object, both: RegExp[]][] = [
  [
    'status and timeout',
    { properties: { status: 'Disabled' } },
    { properties: { timeout: 777 } },
    [/"status":"Disabled"/, /"timeout":777/],
  ],
  [
    'tags and processors',
    { tags: { team: 'red' } },
    { properties: { agentConfiguration: { cpu: 4 } } },
    [/"team":"red"/, /"cpu":4/],
  ],
  ['two tags', { tags: { one: '1' } }, { tags: { two: '2' } }, [/"one":"1"/, /"two":"2"/]],
  [
    'two registries’ passwords',
    { properties: credentials('robot', 'word') },
    {
      properties: {
        credentials: {
          customRegistries: { 'third.example.com': { userName: opaque('r'), password: opaque('w') } },
        },
      },
    },
    [/other\.example\.com/, /third\.example\.com/],
  ],
  [
    'a timer and the trigger for base images',
    { properties: { trigger: { timerTriggers: [{ name: 'nightly', schedule: '0 3 * * *' }] } } },
    {
      properties: {
        trigger: { baseImageTrigger: { name: 'base', baseImageTriggerType: 'Runtime', status: 'Disabled' } },
      },
    },
    [/nightly/, /"status":"Disabled"/],
  ],
  [
    'two timers',
    { properties: { trigger: { timerTriggers: [{ name: 'early', schedule: '0 3 * * *' }] } } },
    { properties: { trigger: { timerTriggers: [{ name: 'late', schedule: '0 9 * * *' }] } } },
    [/early/, /late/],
  ],
  [
    'the file and the names of images',
    { properties: { step: { type: 'Docker', dockerFilePath: 'Other' } } },
    { properties: { step: { type: 'Docker', imageNames: ['other:1'] } } },
    [/"dockerFilePath":"Other"/, /other:1/],
  ],
];
for (const [what, one, other, both] of pairs)
  test(`two PATCHes at once, of ${what}: neither is lost, in whatever order they come`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = createWorld({ registries: ['appacr'] });
      const known = registryOf(world, 'appacr');
      await putTask(known, name, world.task(name, []), world.ports);
      const patch = (change: object) => ({ run: (ports: Ports) => patchTask(known, name, change, ports) });
      const faults = await carryOut(world, [patch(one), patch(other)], numbersFrom(seed));
      assert.deepEqual(faults, [undefined, undefined]);
      const text = JSON.stringify((await world.ports.store.task('appacr', name))!.value);
      for (const pattern of both) assert.match(text, pattern, `seed ${seed}`);
    }
  });

test('a run that is archived and cancelled at once is both', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const world = createWorld({ registries: ['appacr'] });
    const known = registryOf(world, 'appacr');
    await putTask(known, name, world.task(name, []), world.ports);
    const request = TaskRunRequest.parse({ type: 'TaskRunRequest', taskId: name });
    const { runId } = await scheduleTaskRun(known, request, world.ports);
    await carryOut(
      world,
      [
        { run: (ports) => archiveRun(known, runId, true, ports) },
        { run: (ports) => cancelRun(known, runId, ports) },
      ],
      numbersFrom(seed),
    );
    const { isArchiveEnabled, status } = (await world.ports.store.run('appacr', runId))!.value;
    assert.deepEqual([isArchiveEnabled, status], [true, 'Canceled']);
  }
});

const arm = (registry: string) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/${registry}/tasks/${name}`;
/** Each: the taskId of a run that is asked of appacr, and whether it is taken. */
const taskIds: [taskId: string, isTaken: boolean][] = [
  [name, true],
  [name.toUpperCase(), true],
  [arm('appacr'), true],
  [arm('AppACR'), true],
  [`tasks/${name}`, true],
  [arm('otheracr'), false],
  [arm('otheracr').toLowerCase(), false],
  [arm('appacr2'), false],
  [arm('appac'), false],
];
for (const [taskId, isTaken] of taskIds)
  test(`a run of ${taskId} is ${isTaken ? 'taken' : 'refused, and nothing is queued'}`, async () => {
    const world = createWorld({ registries: ['appacr', 'otheracr'] });
    const known = registryOf(world, 'appacr');
    await putTask(known, name, world.task(name, []), world.ports);
    const request = TaskRunRequest.parse({ type: 'TaskRunRequest', taskId });
    if (isTaken) {
      assert.equal((await scheduleTaskRun(known, request, world.ports)).task, name);
      return;
    }
    await assert.rejects(scheduleTaskRun(known, request, world.ports), /names a task of registry/);
    assert.deepEqual((await world.ports.store.state('appacr', name))!.value.open, []);
  });

const emptySecrets: [title: string, custom: object, which: string][] = [
  ['a password without a value', { userName: opaque('robot'), password: { type: 'Opaque' } }, 'password'],
  ['a password of no letter', { userName: opaque('robot'), password: opaque('') }, 'password'],
  ['a user name without a value', { userName: { type: 'Opaque' }, password: opaque('word') }, 'userName'],
  ['neither value', { userName: { type: 'Opaque' }, password: { type: 'Opaque' } }, 'userName'],
  [
    'an identity beside a password without a value',
    { identity: '[system]', userName: opaque('robot'), password: { type: 'Opaque' } },
    'password',
  ],
  ['a user name of no letter', { userName: opaque(''), password: opaque('word') }, 'userName'],
];
for (const [title, custom, which] of emptySecrets)
  test(`credentials with ${title} are refused, and nothing is stored`, async () => {
    const world = createTriggerWorld();
    const properties = { credentials: { customRegistries: { [server]: custom } } };
    await assert.rejects(world.put(name, taskOf({}, { ...properties })), (error: Error) => {
      assert.match(error.message, new RegExp(`${server}: ${which} has no value`));
      return true;
    });
    assert.equal(await world.ports.store.task(knownRegistry.name, name), undefined);
  });

test('a PATCH that names a password without a value keeps the one that is stored', async () => {
  const world = createTriggerWorld();
  await world.put(name, taskOf({}, { ...credentials('robot', 'word') }));
  const change = { customRegistries: { [server]: { password: { type: 'Opaque' } } } };
  await patchTask(knownRegistry, name, { properties: { credentials: change } }, world.ports);
  assert.match(await opens(world), /"word"/);
});

const spoiled: [title: string, columns: Record<string, unknown>][] = [
  ['cut short', { json0: '{"registry":' }],
  ['of a later version', { version: 99 }],
  ['that is no JSON', { json0: 'x' }],
  ['of another shape', { json0: '{}' }],
  ['of a number', { json0: '1' }],
  ['without a document', { json0: undefined }],
];
for (const [title, columns] of spoiled)
  test(`a webhook's row ${title} is replaced when its task is put, and left alone when it has no such trigger`, async () => {
    const world = createTriggerWorld();
    const main = createCountingTable();
    world.ports.store = createTableStore({
      main: main.client,
      edges: createCountingTable().client,
      pushes: createCountingTable().client,
    });
    const task = taskOf({ sourceTriggers: [sourceTrigger()] });
    await putTask(knownRegistry, name, task, world.ports);
    const { name: trigger } = sourceTrigger();
    main.change(keys.registryPartition(knownRegistry.name), keys.webhookRow(name, trigger), columns);
    await patchTask(knownRegistry, name, { properties: { timeout: 700 } }, world.ports);
    const row = await world.ports.store.webhook(knownRegistry.name, name, trigger);
    assert.equal(row?.value.trigger, trigger);
    main.change(keys.registryPartition(knownRegistry.name), keys.webhookRow(name, trigger), columns);
    await deleteTask(knownRegistry, name, world.ports);
    await putTask(knownRegistry, name, task, world.ports);
    assert.ok(await world.ports.store.webhook(knownRegistry.name, name, trigger));
  });

test.run();
