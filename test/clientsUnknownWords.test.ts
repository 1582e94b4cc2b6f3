import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { fromProperties, toProperties } from '../shared/adapters/tableDocument.ts';
import { Refusal } from '../shared/flow/refusal.ts';
import { hasServer } from '../shared/imageRef.ts';
import { Run } from '../shared/model/run.ts';
import { Task, TaskCreate } from '../shared/model/task.ts';
import { type RequestWords, requestWords, spelled } from '../shared/requestWords.ts';

const step = { type: 'Docker', dockerFilePath: 'Dockerfile' };
const inStep = (more: object) => ({ location: 'x', properties: { step: { ...step, ...more } } });
const inTask = (more: object) => ({ location: 'x', properties: { step, ...more } });
const { task, run, runUpdate, plan } = requestWords;

const refused: [words: RequestWords, body: object, path: string, nearest: string | undefined][] = [
  [task, inTask({ triger: {} }), 'properties.triger', 'trigger'],
  [
    task,
    inTask({ trigger: { baseImageTriger: {} } }),
    'properties.trigger.baseImageTriger',
    'baseImageTrigger',
  ],
  [task, inTask({ timeOuts: 1 }), 'properties.timeOuts', 'timeout'],
  [task, inStep({ imageName: ['a'] }), 'properties.step.imageName', 'imageNames'],
  [task, inStep({ taskFilePath: 'a' }), 'properties.step.taskFilePath', undefined],
  [task, inStep({ arguments: [{ name: 'a', vaule: 'b' }] }), 'properties.step.arguments.0.vaule', 'value'],
  [
    task,
    inTask({ credentials: { customRegistries: { 'a.io': { idenity: 'x' } } } }),
    'properties.credentials.customRegistries.a.io.idenity',
    'identity',
  ],
  [task, inTask({ platform: { arch: 'amd64' } }), 'properties.platform.arch', undefined],
  [task, { ...inTask({}), propertys: {} }, 'propertys', 'properties'],
  [run, { type: 'DockerBuildRequest', dockerfilePaths: 'a' }, 'dockerfilePaths', 'dockerFilePath'],
  [
    run,
    { type: 'TaskRunRequest', taskID: 'a', overideTaskStepProperties: {} },
    'overideTaskStepProperties',
    'overrideTaskStepProperties',
  ],
  [run, { type: 'EncodedTaskRunRequest', taskFilePath: 'a' }, 'taskFilePath', undefined],
  [runUpdate, { isArchivEnabled: true }, 'isArchivEnabled', 'isArchiveEnabled'],
  [plan, { images: 'a' }, 'images', 'image'],
  [task, { ...inTask({}), Location: 'y' }, 'Location', 'location'],
];
for (const [words, body, path, nearest] of refused)
  test(`${path} is refused by name${nearest ? `, with ${nearest}` : ''}`, () => {
    const { faults } = spelled(body, words);
    assert.equal(faults.length, 1, faults.join());
    assert.ok(faults[0]!.startsWith(`${path}: `), faults[0]);
    if (nearest) assert.match(faults[0]!, new RegExp(`Did you mean ${nearest}\\?$`));
  });

const taken: [title: string, words: RequestWords, body: object][] = [
  [
    'what ACR answers of a task',
    task,
    {
      ...inStep({ baseImageDependencies: [{ any: 1 }] }),
      id: 'i',
      name: 'n',
      type: 't',
      etag: 'e',
      systemData: { createdBy: 'a' },
    },
  ],
  [
    'an identity as ACR answers it',
    task,
    {
      ...inTask({}),
      identity: {
        type: 'None',
        principalId: 'p',
        tenantId: 't',
        userAssignedIdentities: { '/a': { clientId: 'c', principalId: 'p' } },
      },
    },
  ],
  ['tags of any name', task, { ...inTask({}), tags: { triger: 'a' } }],
  [
    'registries of any name',
    task,
    inTask({ credentials: { customRegistries: { triger: { identity: '[system]' } } } }),
  ],
  [
    'a run request of the first api-version',
    run,
    { type: 'TaskRunRequest', taskName: 'a', values: [{ name: 'a', value: 'b' }] },
  ],
  ['a type in another case', run, { type: 'dockerbuildrequest', dockerFilePath: 'a', imageNames: [] }],
  [
    'a run as ACR answers it',
    runUpdate,
    { id: 'i', name: 'n', type: 't', systemData: {}, properties: { runId: 'ca1' } },
  ],
];
for (const [title, words, body] of taken)
  test(`${title} is taken`, () => assert.deepEqual(spelled(body, words).faults, []));

test('names are read whatever their case, as ARM reads them', () => {
  const { body } = spelled(
    { Location: 'x', PROPERTIES: { Step: { Type: 'Docker', DockerfilePath: 'D' } } },
    task,
  );
  assert.deepEqual(body, { location: 'x', properties: { step: { type: 'Docker', dockerFilePath: 'D' } } });
});

test('every property of Microsoft’s schemas of tasks and runs is known', () => {
  const dir = join(import.meta.dirname, 'fixtures/acr');
  for (const file of [
    'TasksCreate.json',
    'TasksUpdate_WithMSICustomCredentials.request.json',
    'RegistriesScheduleRun.json',
  ]) {
    const read = JSON.parse(readFileSync(join(dir, file), 'utf8'));
    const parameters = read.parameters ?? {};
    for (const [body, words] of [
      [parameters.taskCreateParameters, task],
      [parameters.taskUpdateParameters, task],
      [parameters.runRequest, run],
      [read.responses?.['200']?.body?.properties?.step && read.responses['200'].body, task],
    ] as const)
      if (body) assert.deepEqual(spelled(body, words).faults, [], file);
  }
});

const words: [title: string, body: object, says: RegExp][] = [
  [
    'no type of a step',
    { location: 'x', properties: { step: {} } },
    /step.*one of Docker, FileTask, EncodedTask/,
  ],
  ['no step', { location: 'x', properties: {} }, /properties\.step/],
  ['a timeout too short', inTask({ timeout: 1 }), /properties\.timeout: is at least 300/],
  ['a timeout too long', inTask({ timeout: 1e9 }), /properties\.timeout: is at most 28800/],
  ['a timeout that is text', inTask({ timeout: '9' }), /properties\.timeout: is to be number, and is string/],
  ['no location', { properties: { step } }, /location: is missing \(string\)/],
  ['an empty location', { ...inTask({}), location: '' }, /location: is empty/],
  ['a flag that is text', inStep({ noCache: 'yes' }), /noCache: is to be boolean, and is string/],
  ['a list that is text', inStep({ imageNames: 'a' }), /imageNames: is to be array, and is string/],
  ['a status that is none', inTask({ status: 'On' }), /properties\.status: is one of Enabled, Disabled/],
];
for (const [title, body, says] of words)
  test(`${title} is told in words of the request`, () => {
    const read = TaskCreate.safeParse(body);
    assert.ok(!read.success);
    const { message } = Refusal.ofSchema(read.error);
    assert.match(message, says);
    assert.doesNotMatch(message, /Invalid input|Too (small|big)|expected/);
  });

const time = '2026-11-26T10:00:00.000Z';
const rows = [
  [
    'task',
    Task,
    {
      location: 'x',
      registry: 'appacr',
      name: 'build-app',
      creationDate: time,
      properties: { ...TaskCreate.parse(inTask({})).properties },
    },
  ],
  [
    'run',
    Run,
    {
      registry: 'appacr',
      runId: 'cy1',
      status: 'Queued',
      createTime: time,
      lastUpdatedTime: time,
      platform: { os: 'Linux' },
      timeout: 3600,
      isArchiveEnabled: false,
      pins: [{ image: 'a', type: 'RunTime', digest: 'd' }],
    },
  ],
] as const;
for (const [kind, schema, document] of rows)
  test(`what a newer version wrote into the row of a ${kind} survives being rewritten by this one`, () => {
    const newer = structuredClone(document) as Record<string, any>;
    newer.added = { by: 'a newer version' };
    (newer.properties?.step ?? newer.pins[0]).added = ['deep'];
    const once = fromProperties(schema as never, toProperties(kind, newer)) as Record<string, any>;
    const again = fromProperties(
      schema as never,
      toProperties(kind, { ...once, lastUpdatedTime: time }),
    ) as Record<string, any>;
    assert.deepEqual(again.added, newer.added);
    assert.deepEqual((again.properties?.step ?? again.pins[0]).added, ['deep']);
  });

const images: [image: string, server: boolean][] = [
  ['baseimages/node:15-alpine', false],
  ['node', false],
  ['node:1', false],
  ['baseacr.azurecr.io/node', true],
  ['localhost/node', true],
  ['localhost:5000/node', true],
  ['docker.io/library/node', true],
];
for (const [image, server] of images)
  test(`${image} ${server ? 'names a server' : 'is relative'}`, () => assert.equal(hasServer(image), server));

test.run();
