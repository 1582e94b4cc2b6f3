import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { type RequestWords, requestWords, spelled } from '../../shared/api/requestWords.ts';
import { hasServer } from '../../shared/names/imageRef.ts';
import { samplesOf } from '../doubles/armSchemas.ts';

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
const [argument, value] = ['Argument', 'SetValue'].map((type) => ({
  type,
  name: 'a',
  value: 'b',
  isSecret: false,
}));
const typed: typeof taken = [
  ['arguments of a task', task, inStep({ arguments: [argument] })],
  ['values of a task with a file', task, inTask({ step: { type: 'FileTask', values: [value] } })],
  ['values of an encoded task', task, inTask({ step: { type: 'EncodedTask', values: [value] } })],
  ['arguments of a build', run, { type: 'DockerBuildRequest', arguments: [argument] }],
  ['values of a run of a file', run, { type: 'FileTaskRunRequest', values: [value] }],
  ['values of an encoded run', run, { type: 'EncodedTaskRunRequest', values: [value] }],
  [
    'arguments and values of a run of a task',
    run,
    { type: 'TaskRunRequest', overrideTaskStepProperties: { arguments: [argument], values: [value] } },
  ],
  [
    'those of a task run',
    requestWords.taskRun,
    { properties: { runRequest: { type: 'EncodedTaskRunRequest', values: [value] } } },
  ],
];
for (const [title, words, body] of typed)
  test(`${title}, each with its type as az 2.91 sends them, are taken`, () =>
    assert.deepEqual(spelled(body, words).faults, []));

for (const [title, words, body] of taken)
  test(`${title} is taken`, () => assert.deepEqual(spelled(body, words).faults, []));

test('names are read whatever their case, as ARM reads them', () => {
  const { body } = spelled(
    { Location: 'x', PROPERTIES: { Step: { Type: 'Docker', DockerfilePath: 'D' } } },
    task,
  );
  assert.deepEqual(body, { location: 'x', properties: { step: { type: 'Docker', dockerFilePath: 'D' } } });
});

test('Microsoft’s own examples are taken', () => {
  const dir = join(import.meta.dirname, '../fixtures/acr');
  const bodies: [body: unknown, words: RequestWords][] = readdirSync(dir)
    .filter((name) => /^(?:Tasks|Registries|Runs)\w+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')))
    .flatMap(({ parameters = {}, responses }) => [
      [parameters.taskCreateParameters, task],
      [parameters.taskUpdateParameters, task],
      [parameters.runRequest, run],
      [parameters.runUpdateParameters, runUpdate],
      [responses?.['200']?.body?.properties?.step && responses['200'].body, task],
    ]);
  const given = bodies.filter(([body]) => body);
  assert.ok(given.length >= 6, `${given.length} bodies`);
  for (const [body, words] of given) assert.deepEqual(spelled(body, words).faults, []);
});

for (const [version, definition, words] of [
  ['2019-06-01-preview', 'TaskProperties', task],
  ['2019-04-01', 'TaskProperties', task],
  ['2019-06-01-preview', 'RunRequest', run],
] as const)
  test(`every property of ${definition} in Microsoft’s schema of ${version} is known`, () => {
    const all = samplesOf(version, definition);
    assert.ok(all.length >= 3, `${all.length} kinds`);
    for (const one of all) {
      const body = words === task ? { location: 'x', properties: one } : one;
      assert.deepEqual(spelled(body, words).faults, []);
    }
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
