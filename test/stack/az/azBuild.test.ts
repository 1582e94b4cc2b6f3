// Tier: long, az waits for a dozen builds.
/** `az acr build`, flag by flag. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import { close, listen } from '../../../local/machine/listening.ts';
import { type AzRow, addRows } from './azRows.ts';
import { type AzWorld, shell, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld; archives: ReturnType<typeof createServer> }>('az acr build');
const base = 'baseacr.azurecr.io/upstream/node:15-alpine';

test.before(async (context) => {
  const world = await startAzWorld();
  await world.write({
    Dockerfile: `FROM ${base} AS one
ARG SECRET
ARG X=none
RUN echo "x=$X secret=$SECRET"
FROM one AS two
RUN echo the second stage`,
    'Dockerfile-fail': `FROM ${base}\nRUN echo about to fail && false`,
    small: `FROM ${base}\nENV A b`,
    '.dockerignore': 'ignored',
    ignored: 'not in the context',
    'see-ignored': `FROM ${base}\nCOPY ignored /`,
  });
  await world.stack.git.commit(
    'base',
    { 'images/node/Dockerfile': `FROM ${base}\nENV FROM_FOLDER yes` },
    { branch: 'main' },
  );
  await shell('tar czf context.tar.gz small', world.dir, process.env);
  const archives = createServer((_, response) =>
    createReadStream(join(world.dir, 'context.tar.gz')).pipe(response),
  );
  const port = await listen(archives);
  world.env.ARCHIVE = `http://localhost:${port}/context.tar.gz`;
  Object.assign(context, { world, archives });
});
test.after(async ({ world, archives }) => {
  await close(archives);
  await world.stop();
});

const rows: AzRow[] = [
  {
    title:
      'build --build-arg --secret-build-arg --target --platform --timeout --no-push: no secret in the log, nothing pushed',
    command:
      'acr build -r baseacr --no-push --build-arg X=here --secret-build-arg SECRET=geheim --target one --platform linux/amd64 --timeout 600 .',
    out: /x=here secret=\*\*\*/,
    never: /geheim|the second stage|Successfully pushed/,
  },
  {
    title: 'build --image: several names are pushed, {{.Run.ID}} filled in',
    command: 'acr build --registry baseacr --image many:v1 -t "many/{{.Run.ID}}:{{.Run.OS}}" -f small .',
    out: /Successfully pushed image: baseacr\.azurecr\.io\/many:v1[\s\S]*many\/c\w+:linux/,
  },
  {
    title: 'build without --image pushes nothing, as az says',
    command: 'acr build -r baseacr -f small .',
    err: /Skipping image push/,
    never: /Successfully pushed/,
  },
  {
    title: 'build --no-logs waits for the run and prints it',
    command: 'acr build -r baseacr -t quiet:v1 --no-logs -f small . --query "{status:status,type:runType}"',
    out: /"status": "Succeeded"[\s\S]*"type": "QuickRun"/,
  },
  {
    title: 'build --no-logs of a run that fails ends with 1',
    command: 'acr build -r baseacr --no-logs -f Dockerfile-fail .',
    code: 1,
    err: /ERROR: The run with ID 'c\w+' finished with unsuccessful status 'Failed'/,
  },
  {
    title: 'build --no-wait only queues',
    command: 'acr build -r baseacr -t quiet:v2 --no-wait -f small .',
    err: /Queued a build with ID: c/,
    never: /Waiting for an agent/,
  },
  {
    title: 'a build that fails ends with 1, its log says where',
    command: 'acr build -r baseacr -t failed:v1 -f Dockerfile-fail .',
    code: 1,
    out: /about to fail[\s\S]*Step 2\/2 \(RUN echo about to fail && false\) failed/,
    err: /ERROR: Run failed/,
  },
  {
    title: 'build of a git URL, its branch and folder',
    command: 'acr build -r baseacr -t git:v1 $GIT/base.git#main:images/node',
    out: /ENV FROM_FOLDER yes[\s\S]*Successfully pushed image: baseacr\.azurecr\.io\/git:v1/,
  },
  {
    title: 'build of a git URL whose Dockerfile is not there',
    command: 'acr build -r baseacr -t git:v2 -f Nope $GIT/base.git#main',
    code: 1,
    out: /There is no Dockerfile Nope in/,
  },
  {
    title: 'build of a tarball by its URL',
    command: 'acr build -r baseacr -t tar:v1 -f small $ARCHIVE',
    out: /Successfully pushed image: baseacr\.azurecr\.io\/tar:v1/,
  },
  {
    title: 'build of an artifact in a registry (oci://) is refused',
    command: 'acr build -r baseacr -t oci:v1 oci://baseacr.azurecr.io/context:v1',
    code: 1,
    err: /ERROR: \(InvalidRunRequest\) A context in a registry \(oci:\/\/…\) is not supported/,
  },
  {
    title: 'build leaves out what .dockerignore names',
    command: 'acr build -r baseacr --no-push -f see-ignored .',
    code: 1,
    out: /stat: "\/ignored": no such file or directory/,
  },
  {
    title: 'build --platform of another architecture without instructions to run',
    command: 'acr build -r baseacr -t arm:v1 --no-push --platform linux/arm64/v8 -f small .',
    out: /was successful/,
  },
  {
    title: 'build --platform windows is refused by the local run engine',
    command: 'acr build -r baseacr -t win:v1 --platform windows/amd64 -f small .',
    code: 1,
    out: /This run engine builds Linux images only/,
  },
  {
    title: 'build --agent-pool is asked of the run engine, which has no such pool',
    command: 'acr build -r baseacr -t pool:v1 --agent-pool pool1 -f small .',
    code: 1,
    out: /The agent pool 'pool1' was not found/,
  },
  {
    title: 'build --log-template is refused by the local run engine',
    command: 'acr build -r baseacr -t logs:v1 --log-template acr/logs:x -f small .',
    code: 1,
    out: /does not push logs as artifacts/,
  },
  {
    title: 'build --auth-mode None lets the run use no registry',
    command: 'acr build -r baseacr -t none:v1 --auth-mode None -f small .',
    code: 1,
    out: /authentication required/,
  },
  {
    title: 'build --auth-mode Default --no-format --resource-group',
    command: 'acr build -r baseacr -g localrg -t default:v1 --auth-mode Default --no-format -f small .',
    out: /Successfully pushed/,
  },
  {
    title: 'a name that is no image reference is refused before anything is queued',
    command: 'acr build -r baseacr -t UPPER:v1 -f small .',
    code: 1,
    err: /ERROR: \(InvalidRunRequest\) /,
    never: /Queued/,
  },
  {
    title: 'a {{.Run.X}} that does not exist is refused, with those that do',
    command: 'acr build -r baseacr -t "x:{{.Run.Nope}}" -f small .',
    code: 1,
    err: /ERROR: \(InvalidRunRequest\) \{\{\.Run\.Nope\}\}.*\{\{\.Run\.ID\}\}/,
  },
  {
    title: 'a registry that is not there',
    command: 'acr build -r nosuchacr -t x:v1 -f small .',
    code: 1,
    err: /'nosuchacr'.*could not be found/,
  },
  {
    title: 'a registry that is not there, in a resource group',
    command: 'acr build -r nosuchacr -g localrg -t x:v1 -f small .',
    code: 3,
    err: /ERROR: \(ResourceNotFound\)/,
  },
];
addRows(test, rows);

test.run();
