import assert from 'node:assert/strict';
import { test } from 'uvu';
import { checkQuickRun, checkStep, knownOutputs } from '../../../shared/flow/api/checkStep.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import { RunRequest } from '../../../shared/model/run.ts';
import { type Credentials, TaskStep } from '../../../shared/model/task.ts';
import { sampleSettings } from '../../doubles/storeContract.ts';

const own = { name: 'appacr', id: '', loginServer: 'appacr.azurecr.io', endpoint: '' };
const context = 'https://github.com/contoso/app.git';
const encode = (text: string) => Buffer.from(text).toString('base64');

function refused(code: string, check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    assert.deepEqual([error.status, error.code], [400, code]);
    return error.message;
  }
}
const same = (told: string | undefined, says: RegExp | undefined) =>
  says ? assert.match(told ?? '', says) : assert.equal(told, undefined);

const docker = { type: 'Docker', dockerFilePath: 'Dockerfile', contextPath: context };
const file = { type: 'FileTask', taskFilePath: 'acb.yaml', contextPath: context };
const encoded = (text: string, more: object = {}) => ({
  ...{ type: 'EncodedTask', encodedTaskContent: encode(text) },
  ...more,
});
const steps = (...lines: string[]) => `steps:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
const value = (name: string, text: string, isSecret = false) => ({ name, value: text, isSecret });

/** Each: a step, and what is refused of it. */
const given: [title: string, step: object, says?: RegExp][] = [
  ['a build', { ...docker, imageNames: ['app:{{.Run.ID}}', '{{.Run.Registry}}/app'] }],
  ['a build without a context', { ...docker, contextPath: undefined }],
  ['a build of another registry', { ...docker, imageNames: ['Other.io/App:1'] }, /is not an image reference/],
  ['a name that is no reference', { ...docker, imageNames: ['app', 'a:b:c'] }, /is not an image reference/],
  [
    'a Run value that does not exist',
    { ...docker, imageNames: ['app:{{.Run.Id}}'] },
    /\{\{\.Run\.Id\}\}.* is not known/,
  ],
  ['a context that is none', { ...docker, contextPath: 'ssh://x' }, /fetched over https only/],
  ['an argument with a Run value', { ...docker, arguments: [value('A', '{{.Run.Branch}}')] }],
  [
    'an argument with a Run value that does not exist',
    { ...docker, arguments: [value('B', 'x'), value('A', '{{.Run.No}}')] },
    /\{\{\.Run\.No\}\}.* is not known/,
  ],
  ['a file in a context', file],
  ['a file and values in a context', { ...file, valuesFilePath: 'values.yaml' }],
  ['a file by its folder', { ...file, taskFilePath: './././tasks/acb.yaml' }],
  [
    'a file without a context',
    { ...file, contextPath: undefined },
    /^acb\.yaml is read from a context, but none is given\.$/,
  ],
  ['a file in no context', { ...file, contextPath: '/dev/null' }, /but none is given/],
  ['a file of a context that is none', { ...file, contextPath: 'ssh://x' }, /fetched over https only/],
  [
    'a file outside the context',
    { ...file, taskFilePath: '../acb.yaml' },
    /^The path \.\.\/acb\.yaml climbs out of the context\.$/,
  ],
  [
    'a file by its place on a disk',
    { ...file, taskFilePath: '/acb.yaml' },
    /^The path \/acb\.yaml is absolute\.$/,
  ],
  ['a folder that is named twice', { ...file, taskFilePath: 'a/./../b' }, /climbs out/],
  ['a path with a place on a disk in it', { ...file, taskFilePath: 'a.//acb.yaml' }, /is not a path/],
  [
    'values outside the context',
    { ...file, valuesFilePath: './../values.yaml' },
    /^The path \.\/\.\.\/values\.yaml climbs/,
  ],
  ['a task file', encoded(steps('cmd: bash echo hello', 'push: [appacr.azurecr.io/app:1]'))],
  [
    'a task file with a context that is none',
    encoded(steps('cmd: bash'), { contextPath: 'ssh://x' }),
    /over https only/,
  ],
  ['a task file that is none', encoded('steps: 1\n'), /acb\.yaml|line/],
  [
    'a task file that pushes no reference',
    encoded(steps('push: [appacr.azurecr.io/App:1]')),
    /line 2.*is not an image reference/,
  ],
  [
    'a task file that builds no reference',
    encoded(steps('build: -t a:1 -t App:1 .')),
    /line 2.*is not an image reference/,
  ],
  ['a task file that builds a name that the shell gives', encoded(steps('build: -t $App .'))],
  ['a task file that runs what is no reference', encoded(steps('cmd: App:1'))],
  [
    'a task file with a value that is no reference',
    encoded(steps('push: ["{{.Values.image}}"]'), { values: [value('image', 'a b')] }),
    /"a b" is not an image reference/,
  ],
  [
    'a task file with a secret value that is no reference',
    encoded(steps('push: ["{{.Values.image}}"]'), {
      values: [value('image', 'hunter2 x', true), value('b', 'is not')],
    }),
    /^(?!.*hunter2).*is not an image reference/,
  ],
];
for (const [title, step, says] of given)
  test(`a step that is ${title} ${says ? 'is refused' : 'may be given'}`, () =>
    same(
      refused('InvalidTaskStep', () => checkStep(TaskStep.parse(step), own)),
      says,
    ));

const credentials: Credentials = { customRegistries: { 'other.io': { identity: 'client' } } };
test('a name of a registry with credentials is whole', () => {
  const step = TaskStep.parse({ ...docker, imageNames: ['other.io/app:1'] });
  assert.deepEqual(knownOutputs(step, own, credentials), ['other.io/app:1']);
  assert.deepEqual(knownOutputs(step, own, undefined), ['appacr.azurecr.io/other.io/app:1']);
  const odd = TaskStep.parse({ ...docker, imageNames: ['OTHER.io/app:1'] });
  assert.equal(
    refused('InvalidTaskStep', () => checkStep(odd, own, credentials)),
    undefined,
  );
  assert.match(refused('InvalidTaskStep', () => checkStep(odd, own))!, /is not an image reference/);
});

const build = { type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile', sourceLocation: context };
const quickFile = { type: 'FileTaskRunRequest', taskFilePath: 'acb.yaml', sourceLocation: context };
const quickText = { type: 'EncodedTaskRunRequest', encodedTaskContent: encode(steps('cmd: bash')) };
const custom = (identity: string) => ({ credentials: { customRegistries: { 'any.io': { identity } } } });

const requests: [title: string, request: object, says?: RegExp][] = [
  ['a build', { ...build, imageNames: ['app:{{.Run.ID}}'] }],
  ['a build without a name', build],
  ['a build with an argument of braces', { ...build, arguments: [value('A', '{{.Run.No}}')] }],
  ['a build of what is no reference', { ...build, imageNames: ['a b'] }, /is not an image reference/],
  [
    'a build without a context',
    { ...build, sourceLocation: undefined },
    /^sourceLocation: Dockerfile is read from a context\. Give the address of a repository/,
  ],
  ['a build in no context', { ...build, sourceLocation: '/dev/null' }, /Dockerfile is read from a context/],
  ['a build of a context that is none', { ...build, sourceLocation: 'ssh://x' }, /over https only/],
  ['a build with credentials of its own', { ...build, ...custom('c') }],
  ['a file in a context', quickFile],
  [
    'a file in no context',
    { ...quickFile, sourceLocation: '/dev/null' },
    /^acb\.yaml is read from a context, but none is given/,
  ],
  ['a file outside the context', { ...quickFile, taskFilePath: '../acb.yaml' }, /climbs out of the context/],
  ['a task file', quickText],
  ['a task file in no context', { ...quickText, sourceLocation: '/dev/null' }],
  ['a task file that is none', { ...quickText, encodedTaskContent: encode('steps: 1\n') }],
];
for (const [title, request, says] of requests)
  test(`a quick run that is ${title} ${says ? 'is refused' : 'may be asked for'}`, () => {
    const asked = RunRequest.parse(request);
    assert.ok(asked.type !== 'TaskRunRequest');
    const isForeign = 'credentials' in asked && asked.credentials !== undefined;
    // Its credentials are checked, too: no token of an identity goes to any registry.
    if (isForeign)
      return assert.match(
        refused('InvalidCredentials', () => checkQuickRun(asked, own, sampleSettings))!,
        /any\.io is no registry of Azure/,
      );
    same(
      refused('InvalidRunRequest', () => checkQuickRun(asked, own, sampleSettings)),
      says,
    );
  });

/** Each: a step, and the images that it is known to make before it ever ran. */
const outputs: [title: string, step: object, images: string[]][] = [
  ['a build', { ...docker, imageNames: ['app:1', 'team/app'] }, ['app:1', 'team/app:latest']],
  ['a build that pushes nothing', { ...docker, imageNames: ['app:1'], isPushEnabled: false }, []],
  ['a build with a name for each run', { ...docker, imageNames: ['app:{{.Run.ID}}', 'app:1'] }, ['app:1']],
  ['a build with the name of a branch', { ...docker, imageNames: ['app:{{.Run.Branch}}'] }, []],
  ['a build in the name of its registry', { ...docker, imageNames: ['{{.Run.Registry}}/app:1'] }, ['app:1']],
  [
    'a build with the name of its registry',
    { ...docker, imageNames: ['{{.Run.RegistryName}}:1'] },
    ['appacr:1'],
  ],
  [
    'a build with dashes in its braces',
    { ...docker, imageNames: ['{{-.Run.Registry-}}/app:1', '{{-.Run.RegistryName}}:2'] },
    ['app:1', 'appacr:2'],
  ],
  [
    'a build with the registry and a name for each run',
    {
      ...docker,
      imageNames: ['{{.Run.Registry}}/app:{{.Run.ID}}', '{{.Run.Registry}}/{{.Run.RegistryName}}:1'],
    },
    ['appacr:1'],
  ],
  ['a file in a context', file, []],
  ['a task file', encoded(steps('build: -t app:1 .', 'push: ["{{.Run.Registry}}/app:1"]')), ['app:1']],
  ['a task file with a name for each run', encoded(steps('push: ["{{.Run.Registry}}/app:{{.Run.ID}}"]')), []],
  [
    'a task file with a value',
    encoded(steps('push: ["{{.Run.Registry}}/{{.Values.image}}"]'), { values: [value('image', 'app:1')] }),
    ['app:1'],
  ],
  [
    'a task file with a value that is not given',
    encoded(steps('push: ["{{.Run.Registry}}/{{.Values.image}}"]')),
    [],
  ],
  [
    'a task file with a value that is not given elsewhere',
    encoded(steps('cmd: bash {{.Values.what}}', 'push: ["{{.Run.Registry}}/app:1"]')),
    [],
  ],
  ['a task file that is none', encoded('steps: 1\n'), []],
];
for (const [title, step, images] of outputs)
  test(`of ${title} ${images.length} images are known before it ran`, () =>
    assert.deepEqual(
      knownOutputs(TaskStep.parse(step), own, undefined),
      images.map((image) => `${own.loginServer}/${image}`),
    ));

test.run();
