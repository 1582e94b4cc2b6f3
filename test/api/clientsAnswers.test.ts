import assert from 'node:assert/strict';
import { test } from 'uvu';
import { toRunRequest } from '../../shared/adapters/engine/runRequest.ts';
import { RunUpdate } from '../../shared/api/schemas.ts';
import { toRunResource, toTaskResource } from '../../shared/api/toResource.ts';
import { withoutNulls } from '../../shared/api/withoutNulls.ts';
import { decodedText } from '../../shared/flow/prepare/taskText.ts';
import { faultsOf } from '../../shared/model/faultsOf.ts';
import { platformText } from '../../shared/model/platform.ts';
import { Run, RunRequest, type RunStatus, runStatuses } from '../../shared/model/run.ts';
import { Task, TaskCreate } from '../../shared/model/task.ts';
import { eventGuid } from '../../shared/names/eventGuid.ts';
import type { BuildRequest } from '../../shared/ports/runEngine.ts';
import { sampleRun } from '../doubles/storeContract.ts';

const registryId =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr';
const shown = (more: Partial<Run> = {}) =>
  toRunResource({ ...sampleRun('appacr', 'ca7', 'hello'), ...more }, registryId).properties;
const time = '2026-11-23T10:00:00.000Z';

for (const status of runStatuses as readonly RunStatus[])
  test(`a run that is ${status} is a resource that was made: nobody waits for it`, () =>
    assert.equal(shown({ status }).provisioningState, 'Succeeded'));

const imageUpdateTrigger = { id: 'seen-20261123T100000000Z-1', timestamp: time, images: [] };
const timerTrigger = { timerTriggerName: 't', scheduleOccurrence: time };
const sourceTrigger = {
  id: '1',
  eventType: 'Commit' as const,
  commitId: 'c',
  repositoryUrl: 'u',
  branchName: 'main',
  providerType: 'Github',
};
const runTypes: [what: string, run: Partial<Run>, type: string][] = [
  ['a task that a person runs', {}, 'QuickRun'],
  ['a quick build', { quickBuild: {} as never }, 'QuickRun'],
  ['a quick run', { quickRun: {} as never }, 'QuickRun'],
  ['a base image that moved', { imageUpdateTrigger }, 'AutoRun'],
  ['a timer', { timerTrigger }, 'AutoRun'],
  ['a commit', { sourceTrigger }, 'AutoRun'],
];
for (const [what, run, type] of runTypes)
  test(`the run of ${what} is of type ${type}`, () => assert.equal(shown(run).runType, type));

test('a run that was written with an older type is read', () =>
  assert.ok(Run.safeParse({ ...sampleRun('appacr', 'ca7', 'hello'), runType: 'AutoBuild' }).success));

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const names = [
  'baseacr-cy3-output-1',
  'baseacr-cy3-again-2',
  'seen-20261123T100000000Z-1',
  'retry-appacr-ca4',
  'appacr-ca4-above-1',
  'event-7',
];
for (const name of names)
  test(`the event ${name} has one GUID, in the answer for a run that was stored with the name too`, () => {
    assert.match(eventGuid(name), guid);
    assert.equal(eventGuid(eventGuid(name)), eventGuid(name));
    const trigger = shown({ imageUpdateTrigger: { ...imageUpdateTrigger, id: name } }).imageUpdateTrigger;
    assert.equal(trigger?.id, eventGuid(name));
  });

test('events of different names have different GUIDs, and one of a registry keeps its own', () => {
  assert.equal(new Set(names.map(eventGuid)).size, names.length);
  const own = '831E1650-001E-001B-66AB-EEB76E069631';
  assert.equal(eventGuid(own), own);
});

test('a run of which nobody said how many cores has 2, as in ACR', () => {
  assert.deepEqual(shown().agentConfiguration, { cpu: 2 });
  assert.deepEqual(shown({ cpu: 4 }).agentConfiguration, { cpu: 4 });
});

test('base images are told in ACR’s words', () => {
  const pins = [
    { image: 'docker.io/library/node:20', type: 'RunTime' as const, digest: 'd' },
    { image: 'baseacr.azurecr.io/sdk:8', type: 'BuildTime' as const, digest: 'e' },
  ];
  assert.deepEqual(shown({ pins }).plinth?.baseImageDependencies, [
    {
      type: 'Runtime',
      registry: 'registry.hub.docker.com',
      repository: 'library/node',
      tag: '20',
      digest: 'd',
    },
    { type: 'BuildTime', registry: 'baseacr.azurecr.io', repository: 'sdk', tag: '8', digest: 'e' },
  ]);
});

const dockerTask = (more: object = {}) => ({
  location: 'westeurope',
  properties: {
    platform: { os: 'linux' },
    step: { type: 'Docker', dockerFilePath: 'Dockerfile', contextPath: '/dev/null' },
    ...more,
  },
});
const answered = (task: object) => {
  const stored = Task.parse({
    ...TaskCreate.parse(task),
    registry: 'appacr',
    name: 'hello',
    creationDate: time,
  });
  return toTaskResource(stored, undefined, { id: registryId, app: {} }) as any;
};

const platforms: [written: Record<string, string>, oci: object, engine: object][] = [
  [{ os: 'linux' }, { os: 'linux', architecture: 'amd64' }, { os: 'Linux', architecture: 'amd64' }],
  [{ os: 'Linux' }, { os: 'linux', architecture: 'amd64' }, { os: 'Linux', architecture: 'amd64' }],
  [
    { os: 'LINUX', architecture: 'AMD64' },
    { os: 'linux', architecture: 'amd64' },
    { os: 'Linux', architecture: 'amd64' },
  ],
  [
    { os: 'windows', architecture: 'x86' },
    { os: 'windows', architecture: '386' },
    { os: 'Windows', architecture: 'x86' },
  ],
  [
    { os: 'linux', architecture: 'ARM', variant: 'V7' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
    { os: 'Linux', architecture: 'arm', variant: 'v7' },
  ],
  [
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
    { os: 'Linux', architecture: 'arm64', variant: 'v8' },
  ],
];
for (const [platform, oci, engine] of platforms)
  test(`the platform ${JSON.stringify(platform)} comes back as it was written, and is built as it is meant`, () => {
    const { properties } = answered(dockerTask({ platform }));
    assert.deepEqual(properties.platform, platform);
    assert.equal(platformText(properties.platform), Object.values(oci).join('/'));
    const request: BuildRequest = {
      ...{ kind: 'TaskFile', text: '', values: [] },
      ...{ timeout: 600, platform: properties.platform, usesOwnRegistry: true, logins: {} },
      isArchiveEnabled: false,
    };
    assert.deepEqual(toRunRequest(request, {}).body.platform, engine);
  });
for (const platform of [{ os: 'macos' }, { os: 'linux', architecture: 'mips' }, { os: '' }])
  test(`the platform ${JSON.stringify(platform)} is refused`, () =>
    assert.equal(TaskCreate.safeParse(dockerTask({ platform })).success, false));

const yaml = `version: v1.1.0\nsteps:\n${'  - cmd: hello-world\n'.repeat(20)}`;
const encoded = Buffer.from(yaml).toString('base64');
const inLines = (end: string, indent = '') => encoded.replaceAll(/.{76}/g, `${indent}$&${end}`);
const base64s: [how: string, text: string][] = [
  ['without line breaks', encoded],
  ['as GNU base64 writes it', `${inLines('\n')}\n`],
  ['with CR LF', inLines('\r\n')],
  ['with blanks before', `  ${encoded}`],
  ['from an indented block', inLines('\n', '    ')],
  ['with tabs', inLines('\n', '\t')],
];
for (const [how, encodedTaskContent] of base64s)
  test(`a task file in base64 ${how} is taken, kept as it is, and read`, () => {
    const step = { type: 'EncodedTask', encodedTaskContent, encodedValuesContent: encodedTaskContent };
    assert.equal(answered(dockerTask({ step })).properties.step.encodedTaskContent, encodedTaskContent);
    const request = RunRequest.parse({ type: 'EncodedTaskRunRequest', encodedTaskContent }) as any;
    assert.equal(decodedText(request).text, yaml);
  });
for (const encodedTaskContent of ['not base64!', 'YQ', ''])
  test(`'${encodedTaskContent}' is no task file in base64`, () => {
    const step = { type: 'EncodedTask', encodedTaskContent };
    assert.equal(TaskCreate.safeParse(dockerTask({ step })).success, false);
  });

/** Every property that may be left out, under the place where it stands. */
const optionalOfTasks: [place: string, names: string][] = [
  ['', 'tags identity'],
  [
    'properties',
    'status platform agentConfiguration agentPoolName timeout trigger credentials logTemplate isSystemTask',
  ],
  ['properties.platform', 'architecture variant'],
  ['properties.agentConfiguration', 'cpu'],
  ['properties.step', 'contextAccessToken imageNames isPushEnabled noCache target arguments'],
  ['properties.trigger', 'timerTriggers sourceTriggers'],
  [
    'properties.trigger.baseImageTrigger',
    'name baseImageTriggerType updateTriggerEndpoint updateTriggerPayloadType status',
  ],
  ['properties.credentials', 'sourceRegistry'],
  ['properties.credentials.customRegistries.a~example~com', 'identity userName password'],
];
const optionalOfRuns: [type: string, names: string][] = [
  [
    'DockerBuildRequest',
    'isArchiveEnabled agentPoolName logTemplate imageNames isPushEnabled noCache target arguments timeout platform agentConfiguration sourceLocation credentials',
  ],
  ['TaskRunRequest', 'isArchiveEnabled agentPoolName logTemplate overrideTaskStepProperties'],
  [
    'FileTaskRunRequest',
    'isArchiveEnabled agentPoolName logTemplate valuesFilePath values timeout platform agentConfiguration sourceLocation credentials',
  ],
  [
    'EncodedTaskRunRequest',
    'isArchiveEnabled agentPoolName logTemplate encodedValuesContent values timeout platform agentConfiguration sourceLocation credentials',
  ],
];
const full = () => ({
  ...dockerTask({
    platform: { os: 'linux' },
    agentConfiguration: {},
    trigger: { baseImageTrigger: {} },
    credentials: { customRegistries: { 'a.example.com': {} } },
  }),
});
for (const [place, members] of optionalOfTasks)
  for (const member of members.split(' '))
    test(`a task with null for ${place}.${member} is the task without it`, () => {
      const given = full() as any;
      const without = TaskCreate.parse(full());
      const at = place.split('.').filter(Boolean);
      const holder = at.reduce((value, name) => value[name.replaceAll('~', '.')], given);
      const had = Object.hasOwn(holder, member);
      holder[member] = null;
      const parsed = TaskCreate.parse(withoutNulls(given));
      if (!had) assert.deepEqual(parsed, without);
    });
const needed = {
  dockerFilePath: 'Dockerfile',
  taskId: 'hello',
  taskFilePath: 'acb.yaml',
  encodedTaskContent: encoded,
};
for (const [type, members] of optionalOfRuns)
  for (const member of members.split(' '))
    test(`a ${type} with null for ${member} is the request without it`, () =>
      assert.deepEqual(
        RunRequest.parse(withoutNulls({ type, ...needed, [member]: null })),
        RunRequest.parse({ type, ...needed }),
      ));

test('what a request needs cannot be null, nor an entry of a list', () => {
  for (const body of [
    null,
    { type: 'DockerBuildRequest', dockerFilePath: null },
    { type: null, dockerFilePath: 'Dockerfile' },
    { type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile', arguments: [null] },
  ])
    assert.equal(RunRequest.safeParse(withoutNulls(body)).success, false, JSON.stringify(body));
});

for (const type of ['dockerBuildRequest', 'DOCKERBUILDREQUEST', 'taskrunrequest', 'FileTaskRunREQUEST'])
  test(`a run request of type ${type} is read whatever its case`, () =>
    assert.equal(RunRequest.parse({ type, ...needed }).type.toLowerCase(), type.toLowerCase()));
test('a request of a type that there is not is told those that there are', () => {
  const { error } = RunRequest.safeParse({ type: 'BuildTaskRequest' });
  assert.match(
    faultsOf(error!).join(),
    /DockerBuildRequest, TaskRunRequest, FileTaskRunRequest, EncodedTaskRunRequest/,
  );
});

test('a PATCH of a run may say nothing', () => {
  for (const body of [{}, { isArchiveEnabled: null }, { isArchiveEnabled: true }])
    assert.ok(RunUpdate.safeParse(body).success, JSON.stringify(body));
});

test.run();
