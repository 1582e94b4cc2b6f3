import assert from 'node:assert/strict';
import { test } from 'uvu';
import { longTest } from '../../tier.ts';
import { encode, makeTools, quick, sh } from '../engine/taskFiles.ts';
import { startWorld, type World } from './world.ts';

let world: World;
const secret = 's3cr3t-value-of-a-run';
test.before(async () => {
  world = await startWorld();
  await makeTools(world);
});
test.after(() => world?.stack.stop());

test('a quick run of a command, of an uploaded file and of a file in git', async () => {
  const command = await quick(world, {
    type: 'EncodedTaskRunRequest',
    encodedTaskContent: encode(
      `version: v1.1.0\nsteps: \n  - cmd: ${sh('echo run {{.Run.ID}}')}\n    disableWorkingDirectoryOverride: true\n`,
    ),
    values: [],
    credentials: {},
  });
  assert.equal(command.status, 'Succeeded', command.runErrorMessage);
  assert.deepEqual([command.runType, command.task], ['QuickRun', undefined]);
  assert.ok((await world.log(command.runId)).includes(`run ${command.runId}`));

  const file = {
    'acb.yaml': `version: v1.1.0\nsteps:\n  - build: -t $Registry/quick:1 .\n  - push: [$Registry/quick:1]\n  - cmd: ${sh('echo "{{.Values.a}} <{{.Values.s}}>"')}\n`,
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
  };
  const values = [
    { name: 'a', value: 'b', isSecret: false },
    { name: 's', value: secret, isSecret: true },
  ];
  const request = { type: 'FileTaskRunRequest', taskFilePath: 'acb.yaml', values, timeout: 600 };
  const uploaded = await quick(world, request, file);
  await world.stack.git.createRepository('quick-run', file);
  const fetched = await quick(world, {
    ...request,
    sourceLocation: `${world.stack.git.url}/quick-run.git#main`,
  });
  for (const run of [uploaded, fetched]) {
    const log = await world.log(run.runId);
    assert.equal(run.status, 'Succeeded', log);
    assert.equal(run.outputImages[0].repository, 'quick');
    assert.ok(log.includes('b <***>') && !log.includes(secret), log);
  }
});

longTest(
  test,
  'a command has the options of docker run; what is filled in is not read again, and functions hide secrets',
  async () => {
    const run = await quick(world, {
      type: 'EncodedTaskRunRequest',
      encodedTaskContent: encode(
        'version: v1.1.0\nalias:\n  values: {ver: 1.10}\nsteps:\n  # {{ not read }}\n' +
          `  - cmd: --rm -it -eA={{.Values.odd}} -w /tmp --entrypoint sh $Registry/tools:1 -c 'echo "$$A in $$(pwd) $ver {{.Values.token | b64enc}}"'\n`,
      ),
      values: [
        { name: 'odd', value: '$ID{{.Run.ID}}', isSecret: false },
        { name: 'token', value: 'hunter2', isSecret: true },
      ],
    });
    const log = await world.log(run.runId);
    assert.equal(run.status, 'Succeeded', log);
    assert.ok(log.includes('$ID{{.Run.ID}} in /tmp 1.10 ***'), log);
    assert.ok(!log.includes('aHVudGVyMg=='), log);
  },
);

longTest(test, 'a quick run that cannot be run fails with the line at fault', async () => {
  const run = await quick(world, {
    type: 'EncodedTaskRunRequest',
    encodedTaskContent: encode('steps:\n  - run: x\n'),
  });
  assert.equal(run.status, 'Failed');
  assert.match(run.runErrorMessage, /line 2: step acb_step_0 has none of build, push and cmd/);
});

const refusals: [title: string, request: object, message: RegExp][] = [
  ['a file in no context', { type: 'FileTaskRunRequest', taskFilePath: 'a.yaml' }, /none is given/],
  [
    'a file outside of its context',
    { type: 'FileTaskRunRequest', taskFilePath: '../a.yaml', sourceLocation: 'https://h/r.git' },
    /climbs out/,
  ],
  ['content that is not base64', { type: 'EncodedTaskRunRequest', encodedTaskContent: '%' }, /base64/],
  [
    'a source that is none',
    { type: 'EncodedTaskRunRequest', encodedTaskContent: encode('steps: []'), sourceLocation: 'ssh://h/r' },
    /over https only/,
  ],
];
for (const [title, request, message] of refusals)
  test(`a quick run is refused: ${title}`, async () => {
    const { body } = await world.api.request('POST', '/registries/appacr/scheduleRun', request);
    assert.match(body.error.message, message);
  });

test.run();
