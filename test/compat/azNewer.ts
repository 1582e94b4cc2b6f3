/** What `az acr` has since 2.74 and 2.45 has not, and the split SDK of tasks that 2.91 brings. `npm run compat` runs it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { subscriptionId } from '../../local/identity/resourceIds.ts';
import { type AzRow, addRows } from '../stack/az/azRows.ts';
import { type AzWorld, startAzWorld } from '../stack/az/azWorld.ts';

const test = suite<{ world: AzWorld }>('what newer versions of az have');
const base = 'baseacr.azurecr.io/upstream/node:15-alpine';

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr'] });
  context.world = world;
  const Dockerfile = `FROM ${base}\nENV NEWER az\n`;
  await world.write({ Dockerfile });
  await world.stack.git.createRepository('job', { Dockerfile });
});
test.after(({ world }) => world?.stop());

const job =
  '-c $GIT/job.git#main -f Dockerfile --commit-trigger-enabled false --base-image-trigger-enabled false';
const create = (name: string, more: string) =>
  `az acr task create -r baseacr -n ${name} -t ${name}:1 ${job} ${more}`;
const user = `/subscriptions/${subscriptionId}/resourceGroups/localrg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder`;

const rows: AzRow[] = [
  {
    title: 'build --source-acr-auth-id [caller]',
    command: "acr build -r baseacr -t newer:1 --source-acr-auth-id '[caller]' .",
    out: /Successfully pushed image: baseacr\.azurecr\.io\/newer:1/,
  },
  {
    title: 'build --source-acr-auth-id none',
    command: 'acr build -r baseacr -t newer:2 --source-acr-auth-id none .',
    out: /Successfully pushed image: baseacr\.azurecr\.io\/newer:2/,
  },
  {
    title: 'run --source-acr-auth-id [caller]',
    command: `acr run -r baseacr --source-acr-auth-id '[caller]' --cmd '${base} node --version' /dev/null`,
    out: /was successful/,
  },
  {
    title:
      'task create --source-acr-auth-id [system] gives the task its identity, and the run signs in as it',
    command: `${create('sourced', "--source-acr-auth-id '[system]'")} >created && az acr task run -r baseacr -n sourced && cat created`,
    out: /Successfully pushed image: baseacr\.azurecr\.io\/sourced:1[\s\S]*"identity": "\[system\]"/,
  },
  {
    // With none 2.74 sends nothing.
    title: 'task update --source-acr-auth-id sets the identity, and none takes it away from 2.91 on',
    command: `az version --query '"azure-cli"' -o tsv && ${create('changed', '')} >/dev/null && for id in '[system]' none; do az acr task update -r baseacr -n changed --source-acr-auth-id $id --query credentials.sourceRegistry.identity -o tsv; echo "$id"; done`,
    out: /^(2\.74\.\d+\n\[system\]\n\[system\]\n\[system\]|2\.(?!74)\S+\n\[system\]\n\[system\]\n(None|))\n?none\n$/,
  },
  {
    title: 'task create --source-acr-auth-id with --auth-mode None is refused by az itself',
    command: create('both', "--source-acr-auth-id '[system]' --auth-mode None"),
    code: 1,
    err: /Conflicting Authentication Parameters/,
  },
  {
    title: 'task create --source-acr-auth-id of a user-assigned identity asks Azure for its client id',
    command: create('user', `--source-acr-auth-id ${user}`),
    code: 3,
    err: /'Microsoft\.ManagedIdentity\/userAssignedIdentities\/builder' was not found/,
  },
  {
    title: 'every command that writes: --change-reference, where az has it, asks Azure for a token',
    command: `az acr task update --help | grep -q -- --change-reference || exit 1; ${create('changes', '--change-reference CHG1')}`,
    code: 1,
    err: /^$|acquirePolicyToken/,
  },
  {
    title: 'every command that writes: --acquire-policy-token, where az has it, asks Azure for a token',
    command: `az acr task update --help | grep -q -- --acquire-policy-token || exit 1; ${create('policed', '--acquire-policy-token')}`,
    code: 1,
    err: /^$|acquirePolicyToken/,
  },
];
addRows(test, rows);

test('the split SDK of tasks for Python makes, runs, lists and deletes a task', async ({ world }) => {
  Object.assign(world.env, { ORIGIN: world.stack.az!.origin });
  const program = join(import.meta.dirname, 'splitSdk.py');
  // After a command of az, as the world gives its environment to az alone.
  const { code, stderr } = await world.az(
    `az version >/dev/null && ${process.env.PLINTH_AZ_PYTHON} ${program}`,
  );
  if (/No module named 'azure.mgmt.containerregistrytasks'/.test(stderr))
    console.log('note: this az has no split SDK of tasks');
  else assert.equal(code, 0, stderr);
});

test.run();
