// Tier: long, az waits for builds one after the other.
/** The flags of `az acr run` that are about the run and not about its steps; azMultiStep has those. */
import { suite } from 'uvu';
import { type AzRow, addRows } from './azRows.ts';
import { type AzWorld, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('az acr run');

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr', 'appacr'] });
  context.world = world;
  const step =
    'version: v1.1.0\nsteps:\n  - build: -t $Registry/run:$ID -f small .\n  - push: ["$Registry/run:$ID"]\n';
  const small = 'FROM baseacr.azurecr.io/upstream/node:15-alpine\nENV A b\n';
  await world.write({ 'acb.yaml': step, small });
  await world.stack.git.createRepository('run', { 'acb.yaml': step, small });
});
test.after(({ world }) => world.stop());

const rows: AzRow[] = [
  {
    title:
      'run of the acb.yaml of a directory here, --platform, --auth-mode Default, --no-format, --resource-group',
    command: 'acr run -r baseacr -g localrg --platform linux/amd64 --auth-mode Default --no-format .',
    out: /Successfully pushed image: baseacr\.azurecr\.io\/run:/,
  },
  {
    title: 'run of a git URL',
    command: 'acr run -r baseacr $GIT/run.git#main',
    out: /Successfully pushed image: baseacr\.azurecr\.io\/run:/,
  },
  {
    title: 'run --no-logs waits for the run and prints it',
    command: 'acr run -r baseacr --no-logs . --query "[status, runType]" -o tsv',
    out: /^Succeeded\nQuickRun\n$/,
  },
  {
    title: 'run --no-wait only queues',
    command: 'acr run -r baseacr --no-wait .',
    err: /Queued a run with ID: c/,
    never: /Waiting for an agent/,
  },
  {
    title: 'run --auth-mode None lets it use no registry',
    command: 'acr run -r baseacr --auth-mode None .',
    code: 1,
    out: /authentication required/,
    err: /ERROR: Run failed/,
  },
  {
    title: 'run --agent-pool is asked of the run engine, which has no such pool',
    command: 'acr run -r baseacr --agent-pool pool1 .',
    code: 1,
    out: /The agent pool 'pool1' was not found/,
  },
  {
    title: 'pack build is a step of the run engine, and the local one has no such image',
    command:
      'acr pack build -r baseacr -t packed:1 -b paketobuildpacks/builder:base --pack-image-tag stable --pull --platform linux --timeout 600 --auth-mode Default .',
    code: 1,
    out: /mcr\.microsoft\.com\/oryx\/pack:stable/,
  },
  {
    title: 'pack build --no-wait --agent-pool only queues',
    command:
      'acr pack build -r baseacr -t packed:2 -b paketobuildpacks/builder:base --no-wait --agent-pool pool1 .',
    err: /Queued a run with ID: c/,
  },
  {
    title: 'run --log-template is refused by the local run engine',
    command: 'acr run -r baseacr --log-template acr/logs:x .',
    code: 1,
    out: /does not push logs as artifacts/,
  },
  {
    title: 'task update --values --set --set-secret of a task file',
    command:
      'acr task create -r appacr -n filed -c $GIT/run.git#main -f acb.yaml --commit-trigger-enabled false -o none && az acr task update -r appacr -n filed --values values.yaml --set a=1 --set-secret b=geheim -o none && az acr task show -r appacr -n filed --with-secure-properties --query "[step.taskFilePath, step.valuesFilePath, join(\'+\', step.values[].value)]" -o tsv',
    out: /^acb\.yaml\nvalues\.yaml\n1\+geheim\n$/,
  },
];
addRows(test, rows);

test.run();
