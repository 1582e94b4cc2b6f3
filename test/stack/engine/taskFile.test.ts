// Tier: long, a dozen builds of several steps; taskSteps and quickRun.test.ts have one of each kind.
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startWorld, type World } from '../whole/world.ts';
import { encode, makeTools, sh } from './taskFiles.ts';

let world: World;
const secret = 's3cr3t-value-of-a-task';
test.before(async () => {
  world = await startWorld({ queueLeaseSeconds: 3, eventTimeScale: 0.05 });
  await makeTools(world);
});
test.after(() => world?.stack.stop());

const fileTask = {
  type: 'filetask',
  dockerFilePath: undefined,
  imageNames: undefined,
  taskFilePath: 'acr-task.yaml',
};

const baseNames = (run: Record<string, any>) =>
  run.plinth.baseImageDependencies
    .map(({ type, repository, tag }: Record<string, string>) => `${type} ${repository}:${tag}`)
    .sort();

test('a FileTask is built on the base images of all its build steps, and is rebuilt when one moves', async () => {
  for (const image of ['multi/web:1', 'multi/job:1', 'multi/tool:1']) await world.pushBase(image, 'old');
  await world.task('multi-step', 'FROM baseacr.azurecr.io/multi/$NAME:1\n', {
    files: {
      'acr-task.yaml': `version: v1.1.0
steps:
  - id: web
    build: -t $Registry/web:$ID -t $Registry/web:stable -f web/Dockerfile --build-arg NAME=web .
    when: ["-"]
  - id: job
    build: -t $Registry/job:stable -f web/Dockerfile --build-arg NAME=job .
    when: ["-"]
  - id: top
    build: -t $Registry/top:stable -f top/Dockerfile .
    when: [web]
  - push: ["$Registry/web:$ID", "$Registry/web:stable", "$Registry/job:stable", "$Registry/top:stable"]
    when: [web, job, top]
`,
      'web/Dockerfile':
        'ARG NAME\nFROM baseacr.azurecr.io/multi/tool:1 AS tool\nFROM baseacr.azurecr.io/multi/$NAME:1\nCOPY --from=tool /text /tool\nCOPY web/Dockerfile /\n',
      'top/Dockerfile': 'FROM appacr.azurecr.io/web:stable\nCOPY top/Dockerfile /top\n',
    },
    step: fileTask,
  });
  const first = await world.run('multi-step');
  assert.equal(first.status, 'Succeeded', first.runErrorMessage ?? (await world.log(first.runId)));
  assert.equal(first.runType, 'QuickRun');
  assert.deepEqual(baseNames(first), [
    'BuildTime multi/tool:1',
    'Runtime multi/job:1',
    'Runtime multi/web:1',
  ]);
  assert.deepEqual(
    first.outputImages.map(({ repository, tag }: Record<string, string>) => `${repository}:${tag}`),
    [`web:${first.runId}`, 'web:stable', 'job:stable', 'top:stable'],
  );

  const moved = await world.pushBase('multi/job:1', 'new');
  const [update] = await world.updates('multi-step', 1);
  assert.equal(update!.status, 'Succeeded', update!.runErrorMessage);
  assert.equal(update!.runType, 'AutoRun');
  assert.equal(update!.imageUpdateTrigger.images[0].digest, moved);
  const job = update!.plinth.baseImageDependencies.find(
    ({ repository }: { repository: string }) => repository === 'multi/job',
  );
  assert.equal(job.digest, moved);
  await world.pushBase('multi/tool:1', 'new');
  await world.quiet();
  assert.equal((await world.runsOf('multi-step')).length, 2, 'a build stage does not count for Runtime');
});

test('the dependents of what a multi-step task pushes are rebuilt after it', async () => {
  await world.task('above-step', 'FROM appacr.azurecr.io/job:stable\nCOPY Dockerfile /above\n');
  const first = await world.run('above-step');
  assert.equal(first.status, 'Succeeded', first.runErrorMessage);
  await world.pushBase('multi/job:1', 'newer');
  const [update] = await world.updates('above-step', 1);
  assert.equal(update!.status, 'Succeeded', update!.runErrorMessage);
  await world.quiet();
  assert.equal((await world.runsOf('above-step')).length, 2);
});

test('values come from the file, the task and the run, the later wins; secrets are seen nowhere', async () => {
  await world.task('valued', 'FROM scratch\n', {
    files: {
      'acr-task.yaml': `version: v1.1.0
steps:
  - cmd: ${sh('echo "{{.Values.a}} {{.Values.b}} {{.Values.c}} {{.Values.deep.er}} of {{.Run.TaskName}} $ID"')}
  - cmd: ${sh('test "$TOKEN" = "$WANTED" && echo "token <$TOKEN>"')}
    env: ["TOKEN={{.Values.token}}", "WANTED={{.Values.token}}"]
`,
      'other.yaml': `version: v1.1.0\nsteps:\n  - cmd: ${sh('echo other file')}\n`,
      'values.yaml': 'a: file\nb: file\nc: file\ndeep:\n  er: nested\n',
    },
    step: {
      ...fileTask,
      valuesFilePath: 'values.yaml',
      values: [
        { name: 'b', value: 'task' },
        { name: 'c', value: 'task' },
        { name: 'token', value: secret, isSecret: true },
      ],
    },
  });
  const run = await world.run('valued', {
    overrideTaskStepProperties: { arguments: [], values: [{ name: 'c', value: 'run' }] },
  });
  const log = await world.log(run.runId);
  assert.equal(run.status, 'Succeeded', log);
  assert.ok(log.includes(`file task run nested of valued ${run.runId}`), log);
  assert.ok(log.includes('token <***>'), log);
  const shown = await world.api.call('GET', '/registries/appacr/tasks/valued');
  const { runs } = { runs: await world.runsOf('valued') };
  for (const text of [log, JSON.stringify(shown), JSON.stringify(runs)]) assert.ok(!text.includes(secret));
  const details = await world.api.call('POST', '/registries/appacr/tasks/valued/listDetails');
  assert.equal(details.properties.step.values.at(-1).value, secret);

  const other = await world.run('valued', { overrideTaskStepProperties: { file: 'other.yaml' } });
  assert.ok((await world.log(other.runId)).includes('other file'));
});

test('a mistake in a file of the context ends the run and names its line', async () => {
  await world.task('mistaken', 'FROM scratch\n', {
    files: {
      'acr-task.yaml': 'version: v1.1.0\nsteps:\n  - build: -t x .\n    timeout: soon\n',
      'gone.yaml': 'steps:\n  - build: -t x -f nosuch .\n',
      'vault.yaml':
        'secrets:\n  - id: s\n    keyvault: https://v/secrets/s\nsteps:\n  - cmd: x {{.Secrets.s}}\n',
    },
    step: fileTask,
  });
  const rows: [file: string | undefined, message: RegExp][] = [
    [undefined, /^acr-task\.yaml, line 4: timeout of step acb_step_0 is not a whole number of seconds\.$/],
    ['gone.yaml', /^gone\.yaml, line 2: step acb_step_0 builds nosuch, but there is no such file/],
    ['nosuch.yaml', /^There is no task file nosuch\.yaml in the context/],
    ['vault.yaml', /vault\.yaml, line 2: the secret s: /],
  ];
  for (const [file, message] of rows) {
    const run = await world.run('mistaken', file ? { overrideTaskStepProperties: { file } } : {});
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage, message);
  }
});

test('an EncodedTask without a context runs, also when az has written its own version before the file', async () => {
  await world.task('encoded', 'FROM scratch\n', {
    step: {
      type: 'EncodedTask',
      contextPath: undefined,
      dockerFilePath: undefined,
      imageNames: undefined,
      encodedTaskContent: encode(
        `version: v1.1.0\nversion: v1.1.0\nsteps:\n  - cmd: ${sh('echo {{.Values.word}} $RegistryName')}\n`,
      ),
      values: [{ name: 'word', value: 'hello' }],
    },
  });
  const run = await world.run('encoded');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  assert.ok((await world.log(run.runId)).includes('hello appacr'));
});

const refusals: [title: string, step: object, message: RegExp][] = [
  ['an unknown type of step', { type: 'Podman' }, /step\.type: is one of Docker, FileTask, EncodedTask/],
  ['a FileTask without its file', { type: 'FileTask', contextPath: 'https://h/r.git' }, /step\.taskFilePath/],
  [
    'a FileTask without a context',
    { type: 'FileTask', taskFilePath: 'a.yaml' },
    /a.yaml is read from a context, but none is given/,
  ],
  [
    'a task file outside of its context',
    { type: 'FileTask', taskFilePath: '../a.yaml', contextPath: 'https://h/r.git' },
    /climbs out/,
  ],
  ['content that is not base64', { type: 'EncodedTask', encodedTaskContent: '%' }, /base64/],
  [
    'a mistake in an encoded file',
    { type: 'EncodedTask', encodedTaskContent: encode('steps:\n  - cmd: a\n  - cmd: b\n    when: [c]\n') },
    /\(InvalidTaskStep\) The task file, line 4: when of step acb_step_1 names c/,
  ],
  [
    'a template that is not supported',
    { type: 'EncodedTask', encodedTaskContent: encode('steps:\n  - cmd: a {{ uper .Values.b }}\n') },
    /line 2: .*the function uper is not supported/,
  ],
];
for (const [title, step, message] of refusals)
  test(`a task is refused, and not made: ${title}`, async () => {
    const path = '/registries/appacr/tasks/refused';
    const put = world.api.call('PUT', path, { location: 'local', properties: { step } });
    await assert.rejects(put, message);
    assert.equal((await world.api.request('GET', path)).status, 404);
  });

test('a run of an encoded task is refused what only a Docker step or a file has', async () => {
  const ask = (overrideTaskStepProperties: object) => world.run('encoded', { overrideTaskStepProperties });
  await assert.rejects(
    ask({ arguments: [{ name: 'A', value: 'b' }] }),
    /\(InvalidRunRequest\).*no build arguments/,
  );
  await assert.rejects(ask({ file: 'x.yaml' }), /cannot name another/);
});

test('a Docker task may become a FileTask by an update, and keeps its name', async () => {
  await world.task('changed', 'FROM scratch\nCOPY Dockerfile /\n', {
    files: { 'a.yaml': `version: v1.1.0\nsteps:\n  - cmd: ${sh('echo changed')}\n` },
  });
  const patch = { properties: { step: { type: 'FileTask', taskFilePath: 'a.yaml' } } };
  const { properties } = await world.api.call('PATCH', '/registries/appacr/tasks/changed', patch);
  assert.equal(properties.step.type, 'FileTask');
  assert.equal(properties.step.dockerFilePath, undefined);
  const run = await world.run('changed');
  assert.deepEqual([run.status, run.runType], ['Succeeded', 'QuickRun'], run.runErrorMessage);
});

test.run();
