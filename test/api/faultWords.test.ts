import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { z } from 'zod';
import { PlanRequest, RunUpdate, TaskUpdate } from '../../shared/api/schemas.ts';
import { Refusal } from '../../shared/flow/refusal.ts';
import { RunRequest } from '../../shared/model/run.ts';
import { TaskCreate } from '../../shared/model/task.ts';

const step = { type: 'Docker', dockerFilePath: 'Dockerfile' };
const inTask = (more: object) => ({ location: 'x', properties: { step, ...more } });
const inStep = (more: object) => inTask({ step: { ...step, ...more } });
const inTrigger = (more: object) => inTask({ trigger: more });

const told = (schema: z.ZodType, body: unknown) => {
  const read = schema.safeParse(body);
  return read.success ? undefined : Refusal.ofSchema(read.error).message;
};

const tasks: [title: string, body: unknown, says: string][] = [
  ['no object', 'task', 'the body: has to be an object, not a string'],
  ['a list', [], 'the body: has to be an object, not a list'],
  ['no location', { properties: { step } }, 'location: is missing'],
  ['an empty location', { ...inTask({}), location: '' }, 'location: is empty'],
  ['no step', { location: 'x', properties: {} }, 'properties.step: is missing'],
  [
    'a step of no type',
    inTask({ step: {} }),
    'properties.step.type: is one of Docker, FileTask, EncodedTask',
  ],
  [
    'a step of another type',
    inTask({ step: { type: 'x' } }),
    'properties.step.type: is one of Docker, FileTask, EncodedTask',
  ],
  ['a step that is text', inTask({ step: 'Docker' }), 'properties.step: has to be an object, not a string'],
  ['a timeout too short', inTask({ timeout: 1 }), 'properties.timeout: has to be 300 to 28800 seconds'],
  ['a timeout too long', inTask({ timeout: 1e9 }), 'properties.timeout: has to be 300 to 28800 seconds'],
  [
    'a timeout that is text',
    inTask({ timeout: '9' }),
    'properties.timeout: has to be a number, not a string',
  ],
  ['half a second', inTask({ timeout: 300.5 }), 'properties.timeout: has to be a whole number'],
  ['a status that is none', inTask({ status: 'On' }), 'properties.status: is one of Enabled, Disabled'],
  [
    'a flag that is text',
    inStep({ noCache: 'yes' }),
    'properties.step.noCache: has to be true or false, not a string',
  ],
  [
    'a list that is text',
    inStep({ imageNames: 'a' }),
    'properties.step.imageNames: has to be a list, not a string',
  ],
  ['an empty image name', inStep({ imageNames: [''] }), 'properties.step.imageNames.0: is empty'],
  ['tags that are a list', { ...inTask({}), tags: ['a'] }, 'tags: has to be an object, not a list'],
  [
    'an identity of no kind',
    { ...inTask({}), identity: {} },
    'identity.type: is one of SystemAssigned, UserAssigned, "SystemAssigned, UserAssigned", None',
  ],
  [
    'a timer without a schedule',
    inTrigger({ timerTriggers: [{ name: 't' }] }),
    'properties.trigger.timerTriggers.0.schedule: is missing',
  ],
  [
    'an address as a login server',
    inTask({ credentials: { customRegistries: { 'https://a': {} } } }),
    'properties.credentials.customRegistries.https://a: a login server is a host name, without https:// and path',
  ],
];
for (const [title, body, says] of tasks)
  test(`a task with ${title} is refused in words of the task`, () =>
    assert.equal(told(TaskCreate, body), `The request is not valid. ${says}`));

const everything = {
  location: 'x',
  tags: { a: 'b' },
  identity: { type: 'UserAssigned', userAssignedIdentities: { '/a': { clientId: 'c' } } },
  properties: {
    status: 'Enabled',
    platform: { os: 'Linux', architecture: 'arm', variant: 'v7' },
    agentConfiguration: { cpu: 2 },
    agentPoolName: 'pool',
    timeout: 600,
    step: {
      ...step,
      contextPath: 'https://a.example/b.git',
      contextAccessToken: 'token',
      imageNames: ['a:1'],
      isPushEnabled: true,
      arguments: [{ name: 'A', value: 'b', isSecret: false }],
    },
    trigger: {
      timerTriggers: [{ name: 't', schedule: '0 0 * * *', status: 'Enabled' }],
      sourceTriggers: [
        {
          name: 's',
          sourceRepository: {
            sourceControlType: 'Github',
            repositoryUrl: 'https://a.example/b.git',
            sourceControlAuthProperties: { tokenType: 'PAT', token: 'token', expiresIn: 5 },
          },
          sourceTriggerEvents: ['commit'],
        },
      ],
      baseImageTrigger: { name: 'b', baseImageTriggerType: 'All' },
    },
    credentials: {
      sourceRegistry: { loginMode: 'Default' },
      customRegistries: { 'a.example': { userName: { type: 'Opaque', value: 'u' }, identity: '[system]' } },
    },
  },
};
const { step: docker, ...quick } = everything.properties;
const requests: [title: string, schema: z.ZodType, body: object][] = [
  ['a task', TaskCreate, everything],
  [
    'a task with a file',
    TaskCreate,
    inTask({ step: { type: 'FileTask', taskFilePath: 'a', valuesFilePath: 'b', values: [] } }),
  ],
  [
    'a task with an encoded file',
    TaskCreate,
    inTask({ step: { type: 'EncodedTask', encodedTaskContent: 'YQ==', encodedValuesContent: 'YQ==' } }),
  ],
  ['a change of a task', TaskUpdate, everything],
  [
    'a build',
    RunRequest,
    { ...quick, ...docker, type: 'DockerBuildRequest', sourceLocation: 'https://a.example/b.git' },
  ],
  [
    'a run of a task',
    RunRequest,
    {
      type: 'TaskRunRequest',
      taskId: 'a',
      overrideTaskStepProperties: { file: 'a', arguments: [{ name: 'A', value: 'b' }] },
    },
  ],
  ['a run of a task file', RunRequest, { type: 'FileTaskRunRequest', taskFilePath: 'a', timeout: 300 }],
  ['a run of an encoded file', RunRequest, { type: 'EncodedTaskRunRequest', encodedTaskContent: 'YQ==' }],
  ['a change of a run', RunUpdate, { isArchiveEnabled: true }],
  ['a plan', PlanRequest, { image: 'a:1' }],
];

/** The value with one of its places, at any depth, taken away or filled with what does not belong there. */
function* spoilt(value: unknown): Generator<unknown> {
  yield* [undefined, null, 0, 1.5, Number.POSITIVE_INFINITY, 'A B', '', true, [], [{}], { type: 'x' }];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value))
    for (const other of spoilt(member))
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other };
}

/** The library's own words, and the names of its types. */
const ofTheLibrary =
  /invalid (input|value|discriminator|string|option|key|format)|too (small|big)|expected|received|undefined|\bNaN\b|\bunion\b|\brecord\b|\barray\b|\bboolean\b|\bint\b|regex|pattern/i;

for (const [title, schema, body] of requests)
  test(`whatever is wrong in ${title}, no word of the validator is told`, () => {
    assert.equal(told(schema, body), undefined);
    const messages = [...spoilt(body)].map((one) => told(schema, one)).filter((one) => one !== undefined);
    assert.ok(messages.length > 5);
    assert.deepEqual(
      messages.filter((message) => ofTheLibrary.test(message)),
      [],
    );
  });

test.run();
