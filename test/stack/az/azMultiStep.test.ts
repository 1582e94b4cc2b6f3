// Tier: long, az waits for builds of several steps.
/** `az acr run`, and `az acr task` with task files. */
import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type AzRow, addRows } from './azRows.ts';
import { type AzWorld, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('az acr run and task files');

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr', 'appacr'] });
  context.world = world;
  const dockerfile =
    'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n';
  await world.write({ Dockerfile: dockerfile });
  await copyFile('/bin/busybox', join(world.dir, 'busybox'));
  const tools = await world.az('acr build -r appacr -t tools:1 --no-logs .');
  assert.equal(tools.code, 0, tools.stderr);
  await rm(join(world.dir, 'busybox'));
  const steps = `version: v1.1.0
steps:
  - build: -t $Registry/stepped:$ID .
  - cmd: $Registry/tools:1 sh -c 'echo "{{.Values.word}} <$TOKEN>"; sleep 0.3'
    env: ["TOKEN={{.Values.token}}"]
  - push: ["$Registry/stepped:$ID"]
`;
  const files = {
    Dockerfile: 'FROM baseacr.azurecr.io/upstream/node:15-alpine\nENV A=b\n',
    'acb.yaml': steps,
    'values.yaml': 'word: file\ntoken: none\n',
    'bad.yaml': 'version: v1.1.0\nsteps:\n  - cmd: x\n    timeout: nine\n',
    // az takes a run that has ended before its first look for a success.
    'fails.yaml': `version: v1.1.0\nsteps:\n  - cmd: appacr.azurecr.io/tools:1 sh -c 'sleep 3; exit 4'\n`,
  };
  await world.write({ ...files, Dockerfile: 'FROM scratch\nCOPY acb.yaml /\n' });
  await world.stack.git.createRepository('steps', files);
});
test.after(({ world }) => world.stop());

const cmd = `appacr.azurecr.io/tools:1 sh -c 'echo run {{.Run.ID}} of {{.Run.RegistryName}}; sleep 0.3'`;
const create = 'acr task create -r appacr --commit-trigger-enabled false';
const rows: AzRow[] = [
  {
    title: 'run --cmd /dev/null',
    command: `acr run -r appacr --cmd "${cmd}" /dev/null`,
    out: /run c\w+ of appacr/,
  },
  {
    title: 'run -f with a directory here, --values, --set, --set-secret: no secret in the log',
    command:
      'acr run -r appacr -f acb.yaml --values values.yaml --set word=hello --set-secret token=geheim --timeout 600 .',
    out: /hello <\*\*\*>[\s\S]*Successfully pushed image: appacr\.azurecr\.io\/stepped:/,
    never: /geheim/,
  },
  {
    title: 'run of a file in no context, and --no-logs',
    command: 'acr run -r appacr -f fails.yaml --no-logs /dev/null',
    code: 1,
    err: /Failed/,
  },
  {
    title: 'run of a file with a mistake says which line, and ends with 1',
    command: 'acr run -r appacr -f bad.yaml .',
    code: 1,
    out: /bad\.yaml, line 4: .*timeout/,
    err: /ERROR: Run failed/,
  },
  {
    title: 'run of a command that fails ends with 1',
    command: `acr run -r appacr --cmd "appacr.azurecr.io/tools:1 sh -c 'exit 4'" /dev/null`,
    code: 1,
    out: /exit status 4/,
  },
  {
    title: 'task create --cmd',
    command: `${create} -n command -c /dev/null --cmd "${cmd}" --query "[step.type, status]" -o tsv`,
    out: /^EncodedTask\nEnabled\n$/,
  },
  {
    title: 'task create -f of a file here, checked at once',
    command: `${create} -n mistaken -c /dev/null -f bad.yaml`,
    code: 1,
    // az writes a line before the file.
    err: /\(InvalidTaskStep\) The task file, line 5: .*timeout/,
  },
  {
    title: 'task create -f of a file in git, --values --set --set-secret',
    command: `${create} -n stepped -c $GIT/steps.git#main -f acb.yaml --values values.yaml --set word=task --set-secret token=geheim --assign-identity --query "[step.type, step.taskFilePath]" -o tsv`,
    out: /^FileTask\nacb\.yaml\n$/,
  },
];
addRows(test, rows);

test('a task with a file runs with --set, is built on its base image, and is shown', async ({ world }) => {
  await world.json(
    'acr task credential add -r appacr -n stepped --login-server baseacr.azurecr.io --use-identity [system]',
  );
  const first = await world.az('acr task run -r appacr -n stepped');
  assert.match(first.stdout, /task <\*\*\*>/, first.stderr);
  const { code, stdout, stderr } = await world.az('acr task run -r appacr -n stepped --set word=now');
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /now <\*\*\*>/);
  assert.match(stdout, /Base image \(RunTime\): baseacr\.azurecr\.io\/upstream\/node:15-alpine@sha256:/);
  const [base] = await world.json('acr task show -r appacr -n stepped --query step.baseImageDependencies');
  assert.deepEqual([base.type, base.repository], ['Runtime', 'upstream/node']);
  const run = await world.az('acr task run -r appacr -n command');
  assert.match(run.stdout, /run c\w+ of appacr/);
  const types = await world.json('acr task list-runs -r appacr --query "[].runType"');
  assert.deepEqual([...new Set(types)], ['QuickRun']);
});

test('a task’s file, values and command can be updated', async ({ world }) => {
  const file = await world.az('acr task update -r appacr -n stepped -f other.yaml --set word=later');
  assert.equal(file.code, 0, file.stderr);
  const shown = await world.json('acr task show -r appacr -n stepped --query step');
  assert.equal(shown.taskFilePath, 'other.yaml');
  assert.equal(shown.contextPath, `${world.stack.git.url}/steps.git#main`);
  const text = await world.az(
    `acr task update -r appacr -n command --cmd "appacr.azurecr.io/tools:1 echo updated"`,
  );
  assert.equal(text.code, 0, text.stderr);
  const run = await world.az('acr task run -r appacr -n command');
  assert.match(run.stdout, /updated/);
});

test.run();
