// Tier: long, az waits for a dozen builds.
/** `az acr task run`, flag by flag, and what else is done with runs. */
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { subscriptionId } from '../../../local/identity/resourceIds.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { type AzRow, addRows } from './azRows.ts';
import { type AzWorld, startAzWorld, tableRows } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('az acr task run');
const base = 'baseacr.azurecr.io/upstream/node:15-alpine';

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr', 'appacr'] });
  context.world = world;
  const dockerfile = `FROM ${base} AS one
ARG SECRET
ARG X=none
RUN echo "x=$X secret=$SECRET"
FROM one AS two
RUN echo the second stage`;
  const other = `FROM ${base}\nENV OTHER file`;
  await world.stack.git.createRepository('job', { Dockerfile: dockerfile, other });
  await world.stack.git.commit('job', { other: `FROM ${base}\nENV FROM_BRANCH dev` }, { branch: 'dev' });
  await world.write({ Dockerfile: `FROM ${base}\nENV FROM_HERE yes` });
  Object.assign(world.env, { JOB: '-r appacr -n manual', SUBSCRIPTION: subscriptionId });
  const made = await world.az(
    'acr task create $JOB -t manual:{{.Run.ID}} -c $GIT/job.git#main -f Dockerfile --commit-trigger-enabled false --base-image-trigger-enabled false --assign-identity',
  );
  assert.equal(made.code, 0, made.stderr);
  await world.json('acr task credential add $JOB --login-server baseacr.azurecr.io --use-identity [system]');
});
test.after(({ world }) => world.stop());

const once =
  '/subscriptions/$SUBSCRIPTION/resourceGroups/localrg/providers/Microsoft.ContainerRegistry/registries/baseacr/taskRuns/madeonce';

const rows: AzRow[] = [
  {
    title: 'taskrun list, show, logs --no-format and delete --yes of a run that a template made',
    command: `rest --method put --url "${once}?api-version=2019-06-01-preview" --body '{"properties":{"runRequest":{"type":"EncodedTaskRunRequest","encodedTaskContent":"${Buffer.from(`steps:\n  - cmd: ${base} echo from a template\n`).toString('base64')}","platform":{"os":"Linux"}}}}' >/dev/null && T="-r baseacr -n madeonce" && az acr taskrun logs $T --no-format && az acr taskrun show $T --query runResult.status -o tsv && az acr taskrun list -r baseacr --query '[].name' -o tsv && az acr taskrun delete $T --yes && az acr taskrun list -r baseacr -o tsv`,
    out: /from a template[\s\S]*\nSucceeded\nmadeonce\n$/,
  },
  {
    title: 'run --arg --secret-arg --target: no secret in the log',
    command: 'acr task run $JOB --arg X=here --secret-arg SECRET=geheim --target one',
    out: /x=here secret=\*\*\*[\s\S]*Successfully pushed image: appacr\.azurecr\.io\/manual:/,
    never: /geheim|the second stage/,
  },
  {
    title: 'run --file',
    command: 'acr task run $JOB --file other',
    out: /ENV OTHER file[\s\S]*Successfully pushed/,
  },
  {
    title: 'run --context of another branch',
    command: 'acr task run $JOB -f other --context $GIT/job.git#dev',
    out: /ENV FROM_BRANCH dev[\s\S]*Successfully pushed/,
  },
  {
    title: 'run --context of a directory here uploads it; its base images are not pinned',
    command: 'acr task run $JOB --context .',
    err: /Uploading archived source code/,
    out: /uploaded by the client[\s\S]*ENV FROM_HERE yes[\s\S]*Successfully pushed/,
  },
  {
    title: 'run --no-logs waits for the run and prints it',
    command: 'acr task run $JOB -f other -g localrg --no-logs --query "[status, task]" -o tsv',
    out: /^Succeeded\nmanual\n$/,
  },
  {
    title: 'run --no-logs of a run that fails ends with 1',
    command: 'acr task run $JOB -f nope --no-logs',
    code: 1,
    err: /finished with unsuccessful status 'Failed'/,
  },
  {
    title: 'run --no-wait only queues; --no-format',
    command: 'acr task run $JOB -f other --no-wait --no-format',
    err: /Queued a run with ID: c/,
    never: /Waiting for an agent/,
  },
  {
    title: 'run of a Dockerfile that is not there says so and ends with 1',
    command: 'acr task run $JOB --file nope',
    code: 1,
    out: /There is no nope in http.*relative to the root of the context/,
    err: /ERROR: Run failed/,
  },
  {
    title: 'run --agent-pool is asked of the run engine, which has no such pool',
    command: 'acr task run $JOB -f other --agent-pool pool1',
    code: 1,
    out: /The agent pool 'pool1' was not found/,
  },
  {
    title: 'run --log-template is refused by the local run engine',
    command: 'acr task run $JOB -f other --log-template acr/logs:x',
    code: 1,
    out: /does not push logs as artifacts/,
  },
  {
    title: 'run --update-trigger-token is refused',
    command: 'acr task run $JOB --update-trigger-token abc',
    code: 1,
    err: /ERROR: \(InvalidRequestContent\) .*updateTriggerToken: Plinth notifies no update trigger endpoint/,
  },
  {
    title: 'run of a task that is not there ends with 3',
    command: 'acr task run -r appacr -n nobody',
    code: 3,
    err: /ERROR: \(TaskNotFound\) There is no task 'nobody'/,
  },
];
test('logs where nothing ran yet', async ({ world }) => {
  const { code, stderr } = await world.az('acr task logs -r baseacr');
  assert.equal(code, 1);
  assert.match(stderr, /Could not find the last created run/);
});

addRows(test, rows);

test('list-runs -o table, --name, --run-status, --top', async ({ world }) => {
  await waitFor(
    'the end of every run',
    async () =>
      (await world.json('acr task list-runs -r appacr --run-status Running')).length ? undefined : true,
    60_000,
  );
  const { stdout } = await world.az('acr task list-runs -r appacr -g localrg --name manual -o table');
  const all = tableRows(stdout);
  assert.equal(all.length, 10, stdout);
  assert.ok(
    all.every(({ TASK, PLATFORM, TRIGGER }) => `${TASK} ${PLATFORM} ${TRIGGER}` === 'manual linux Manual'),
  );
  const failed = await world.json('acr task list-runs -r appacr --run-status Failed --query "[].status"');
  assert.deepEqual(failed, ['Failed', 'Failed', 'Failed', 'Failed']);
  const newest = await world.json('acr task list-runs -r appacr --top 2 --query "[].runId"');
  assert.deepEqual(
    newest,
    all.slice(0, 2).map((row) => row['RUN ID']),
  );
  assert.deepEqual(await world.json('acr task list-runs -r appacr -n nobody'), []);
});

test('list-runs and logs --image find the run that made it, by tag and by digest', async ({ world }) => {
  const [run] = await world.json('acr task list-runs -r appacr --run-status Succeeded --top 1');
  const [{ repository, tag, digest }] = run.outputImages;
  for (const image of [`${repository}:${tag}`, `${repository}@${digest}`]) {
    const found = await world.json(`acr task list-runs -r appacr --image ${image} --query "[].runId"`);
    assert.ok(found.includes(run.runId), image);
  }
  const { stdout, stderr } = await world.az(`acr task logs -r appacr --image ${repository}:${tag}`);
  assert.match(stderr, new RegExp(`Run ID: ${run.runId}`));
  assert.match(stdout, /Successfully pushed/);
});

test('show-run, update-run --no-archive, logs --run-id', async ({ world }) => {
  const [{ runId }] = await world.json('acr task list-runs -r appacr --run-status Failed --top 1');
  const run = await world.json(`acr task show-run -r appacr -g localrg --run-id ${runId}`);
  assert.equal([run.status, run.task, run.isArchiveEnabled].join(), 'Failed,manual,false');
  assert.match(run.runErrorMessage, /./);
  for (const no of [false, true]) {
    const changed = await world.json(`acr task update-run -r appacr --run-id ${runId} --no-archive ${no}`);
    assert.equal(changed.isArchiveEnabled, !no);
  }
  const logs = await world.az(`acr task logs -r appacr --run-id ${runId} --no-format`);
  assert.equal(logs.code, 0, 'az gives 0 for the log of a run that failed');
  assert.match(logs.stdout, new RegExp(`Run ${runId} Failed: `));
});

for (const command of ['show-run', 'logs', 'cancel-run', 'update-run --no-archive true'])
  test(`${command} of a run that is not there ends with 3`, async ({ world }) => {
    const { code, stderr } = await world.az(`acr task ${command} -r appacr --run-id zz9`);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^ERROR: \(RunNotFound\) There is no run 'zz9' in registry 'appacr'\./);
  });

test.run();
