import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { longTest, someRows } from '../../tier.ts';
import { processes, startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('steps of a task file in the run engine');
const secret = 's3cr3t-of-the-task';
test.before(async () => {
  world = await startWorld({ maxConcurrentRuns: 2 });
  const { run, log } = await world.build(
    {
      Dockerfile:
        'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n',
      busybox: 'busybox',
    },
    { imageNames: ['tools:1'] },
  );
  assert.equal(run.status, 'Succeeded', log);
});
test.after(() => world.stop());

/**
 * buildah's chroot isolation does not wait until the last of a step's output is copied, so the shell ends a little after
 * it has written.
 */
const later = 'trap "sleep 0.3" EXIT;';
const sh = (script: string) => `appacr.azurecr.io/tools:1 sh -c '${later} ${script}'`;

/** Runs a task file with some files beside it. */
async function runFile(yaml: string, files: Record<string, string> = {}, request: object = {}) {
  return world.build(
    { 'acr-task.yaml': yaml, ...files },
    { type: 'FileTaskRunRequest', taskFilePath: 'acr-task.yaml', dockerFilePath: undefined, ...request },
  );
}

test('builds, runs and pushes; a later step finds what an earlier one built, and the workspace is shared', async () => {
  const { run, log, runId } = await runFile(
    `version: v1.1.0
steps:
  - build: -t $Registry/one:$ID -f one/Dockerfile --build-arg WHO={{.Values.who}} one
  - build: -t $Registry/two:stable --build-arg FROM=$Registry/one:$ID two
  - cmd: $Registry/two:stable
  - cmd: ${sh('cat /workspace/made')}
  - push: ["$Registry/one:$ID", "$Registry/two:stable"]
`,
    {
      'values.yaml': 'who: nobody\n',
      'one/Dockerfile': 'FROM appacr.azurecr.io/tools:1\nARG WHO\nRUN echo "hello $WHO" > /hello\n',
      'two/Dockerfile':
        'ARG FROM\nFROM $FROM\nWORKDIR /srv\nCMD ["sh", "-c", "cat /hello | tee made; pwd"]\n',
    },
    { valuesFilePath: 'values.yaml', values: [{ name: 'who', value: 'you' }] },
  );
  assert.equal(run.status, 'Succeeded', log);
  assert.equal(run.runType, 'QuickRun');
  assert.deepEqual(
    run.outputImages.map(({ repository, tag }) => `${repository}:${tag}`),
    [`one:${runId}`, 'two:stable'],
  );
  assert.equal(log.match(/\r\nhello you\r\n/g)?.length, 2, log);
  assert.ok(log.includes('\r\n/workspace\r\n'), log);
  assert.match(
    log,
    /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Executing step ID: acb_step_0\. Timeout\(sec\): 600, Working directory: '', Network: ''\r\n/,
  );
  assert.match(log, / Step ID: acb_step_4 marked as successful \(elapsed time in seconds: \d+\.\d{6}\)\r\n/);
});

longTest(
  test,
  'steps without a reason to wait run side by side; the others wait for those that they name',
  async () => {
    const { run, log } = await runFile(`
steps:
  - id: left
    cmd: ${sh('touch left; until test -e right; do sleep 0.1; done; echo left saw right')}
    when: ["-"]
  - id: right
    cmd: ${sh('touch right; until test -e left; do sleep 0.1; done')}
    when: ["-"]
  - id: both
    cmd: ${sh('test -e left && test -e right && touch last')}
    when: [left, right]
  - cmd: ${sh('test -e last && echo after both')}
`);
    assert.equal(run.status, 'Succeeded', log);
    assert.ok(log.includes('left saw right') && log.includes('after both'));
  },
);

longTest(
  test,
  'a step that may fail lets the run go on, one that retries succeeds at last, one repeats',
  async () => {
    const { run, log } = await runFile(`
steps:
  - id: shrug
    cmd: ${sh('exit 7')}
    ignoreErrors: true
  - id: again
    cmd: ${sh('test -e tried || { touch tried; exit 1; }')}
    retries: 2
    retryDelay: 1
  - id: thrice
    cmd: ${sh('echo round >> rounds')}
    repeat: 2
  - cmd: ${sh('test "$(wc -l < rounds)" = 3 && echo three rounds')}
`);
    assert.equal(run.status, 'Succeeded', log);
    assert.match(log, /Step ID: shrug encountered an error: .*exit status 7, but is set to ignore errors/);
    assert.equal(log.match(/Container failed during run: again, waiting 1 seconds/g)?.length, 1);
    assert.ok(log.includes('three rounds'), log);
  },
);

longTest(test, 'environment, working directory, entry point and user are the step’s', async () => {
  const { run, log } = await runFile(
    `
env: [A=task, B=task]
workingDirectory: sub
steps:
  - cmd: ${sh('echo "$A $B $PWD"')}
    env: [A=step]
  - cmd: appacr.azurecr.io/tools:1 -c '${later} echo there'
    entryPoint: sh
  - cmd: ${sh('id -u')}
    user: "1234"
  - cmd: ${sh('pwd')}
    disableWorkingDirectoryOverride: true
`,
    { 'sub/file': '' },
  );
  assert.equal(run.status, 'Succeeded', log);
  for (const line of ['step task /workspace/sub', 'there', '1234', '/'])
    assert.ok(log.includes(`\r\n${line}\r\n`), `${line} is not in\n${log}`);
});

longTest(
  test,
  'quotes in env, user, entry point and options are those of the shell that runs docker',
  async () => {
    const { run, log } = await runFile(`
steps:
  - cmd: -e C='c  3' ${sh('echo "<$A> <$B> <$C> $(id -u)"')}
    env: ["A='a  1'", 'B=b\\ "2"']
    entryPoint: "''"
    user: "'1234'"
`);
    assert.equal(run.status, 'Succeeded', log);
    assert.ok(log.includes('\r\n<a  1> <b 2> <c  3> 1234\r\n'), log);
  },
);

longTest(test, 'a secret value is in no log, argument list of the builder, image or answer', async () => {
  const seen = new Set<string>();
  const watch = setInterval(async () => {
    for (const { argv } of await processes()) if (argv.includes(secret)) seen.add(argv);
  }, 20);
  const { run, log } = await runFile(
    `
steps:
  - build: -t appacr.azurecr.io/hidden:1 --build-arg TOKEN={{.Values.token}} .
  - cmd: ${sh('test "$TOKEN" = s3cr3t-of-"the-task" && sleep 0.3 && echo "token <$TOKEN>"')}
    env: ["TOKEN={{.Values.token}}"]
  - cmd: ${sh('echo "$TOKEN"; exit 3')}
    env: ["TOKEN={{.Values.token}}"]
`,
    { Dockerfile: 'FROM appacr.azurecr.io/tools:1\nARG TOKEN\nRUN echo "built with <$TOKEN>"; sleep 0.3\n' },
    { values: [{ name: 'token', value: secret, isSecret: true }] },
  );
  clearInterval(watch);
  assert.equal(run.status, 'Failed');
  assert.equal(
    run.runErrorMessage,
    'failed to run step acb_step_2: the command ended with exit status 3.',
    log,
  );
  assert.ok(log.includes('token <***>') && log.includes('built with <***>'), log);
  assert.ok(!log.includes(secret));
  assert.deepEqual([...seen], []);
  assert.ok(!JSON.stringify(world.engine.runs()).includes(secret));
});

longTest(
  test,
  'a failing step ends the run and those beside it, and the steps after it are skipped',
  async () => {
    const { run, log } = await runFile(`
steps:
  - id: long
    cmd: ${sh('sleep 300')}
    when: ["-"]
  - id: bad
    cmd: ${sh('exit 5')}
    when: ["-"]
  - id: never
    cmd: ${sh('echo never')}
`);
    assert.equal(run.status, 'Failed', log);
    assert.match(run.runErrorMessage!, /step bad: the command ended with exit status 5/);
    assert.match(log, /Step ID: long marked as failed/);
    assert.match(log, /Step ID: never marked as skipped/);
  },
);

longTest(test, 'a step has its own time, and the run has its own', async () => {
  const step = await runFile(`steps:\n  - cmd: ${sh('sleep 300')}\n    timeout: 1\n    retries: 5\n`);
  assert.equal(step.run.status, 'Failed');
  assert.match(step.run.runErrorMessage!, /step acb_step_0 took longer than its timeout of 1 seconds/);
  const run = await runFile(`steps:\n  - cmd: ${sh('sleep 300')}\n`, {}, { timeout: 2 });
  assert.equal(run.run.status, 'Timeout');
});

const faults: [title: string, yaml: string, message: RegExp][] = [
  ['a mistake in the file', 'steps:\n  - cmd: x\n    timeout: nine\n', /^acr-task\.yaml, line 3: .*timeout/],
  [
    'privileged',
    'steps:\n  - cmd: x\n    privileged: true\n',
    /^Line 3: step acb_step_0 asks for privileged, which/,
  ],
  ['detach', 'steps:\n  - cmd: x\n    detach: true\n', /asks for detach/],
  ['ports', 'steps:\n  - cmd: x\n    ports: ["80:80"]\n', /asks for ports/],
  ['networks', 'networks:\n  - name: n\nsteps:\n  - cmd: x\n', /^Line 1: .*has no networks/],
  ['an option of docker run', 'steps:\n  - cmd: -p 80:80 x\n', /^Line 2: .* the option --publish/],
  ['a pipe outside of quotes', 'steps:\n  - cmd: x echo a | cat\n', /uses \| outside of quotes/],
  ['a context outside', 'steps:\n  - build: -t x ../..\n', /no folder \.\.\/\.\. in the workspace/],
  [
    'an image nobody built',
    'steps:\n  - push: [nosuch:1]\n',
    /there is no image docker\.io\/library\/nosuch:1/,
  ],
  [
    'an image that is not there',
    'steps:\n  - cmd: appacr.azurecr.io/nosuch:1\n',
    /image appacr\.azurecr\.io\/nosuch:1 cannot be used/,
  ],
];
for (const [title, yaml, message] of someRows(faults, () => 'a fault'))
  test(`fails and says why: ${title}`, async () => {
    const { run, log } = await runFile(yaml);
    assert.equal(run.status, 'Failed', log);
    assert.match(run.runErrorMessage!, message);
  });

longTest(test, 'an encoded task needs no source; cancelled, nothing of it is left', async () => {
  const nap = `sleep 7.00${process.pid}`;
  const content = `steps:\n  - cmd: ${sh(`echo here; ${nap}`)}\n`;
  const { body } = await world.arm('POST', 'scheduleRun', {
    type: 'EncodedTaskRunRequest',
    encodedTaskContent: Buffer.from(content).toString('base64'),
    platform: { os: 'linux' },
  });
  for (;;) {
    if ((await world.log(body.name)).includes('\r\nhere\r\n')) break;
    assert.equal((await world.show(body.name)).finishTime, undefined, await world.log(body.name));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await world.arm('POST', `runs/${body.name}/cancel`);
  assert.equal((await world.ended(body.name)).status, 'Canceled');
  assert.ok(!(await processes()).some(({ argv }) => argv.includes(nap)));
});

test.run();
