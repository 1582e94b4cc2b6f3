// Tier: long, the life of a task in thirty commands of az, each of which takes seconds.
/** `az acr task`: creating, showing, changing and deleting tasks; nothing here builds. */
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type AzRow, addRows, refused } from './azRows.ts';
import { type AzWorld, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('az acr task');
const user =
  '/subscriptions/1/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller';

test.before(async (context) => {
  context.world = await startAzWorld();
  Object.assign(context.world.env, {
    MINE: '-r appacr -n everything',
    PLAIN: '-c $GIT/app.git#main -f Dockerfile-app --commit-trigger-enabled false'.replace(
      '$GIT',
      context.world.stack.git.url,
    ),
    PULLER: user,
  });
});
test.after(({ world }) => world.stop());

const create = (name: string, flags: string) =>
  `acr task create -r appacr -n ${name} $PLAIN -t app:v1 ${flags}`;
const rows: AzRow[] = [
  {
    title: 'create with every flag of a Docker step, its platform and agent',
    command:
      'acr task create $MINE $PLAIN -g localrg --image app:{{.Run.ID}} --image app:latest --arg A=1 --arg B=2 --secret-arg TOKEN=geheim --target two --no-push --no-cache --platform linux/arm64/v8 --cpu 1 --timeout 900 --status Disabled --auth-mode None --assign-identity [system] $PULLER --query "[step.imageNames, step.target, step.isPushEnabled, step.noCache, platform.variant, agentConfiguration.cpu, timeout, status, credentials.sourceRegistry.loginMode, identity.type]" -o json',
    never: /geheim/,
    more: ({ stdout }) =>
      assert.deepEqual(JSON.parse(stdout), [
        ['app:{{.Run.ID}}', 'app:latest'],
        ...['two', false, true, 'v8', 1, 900, 'Disabled', 'None', 'SystemAssigned, UserAssigned'],
      ]),
  },
  {
    title: 'show hides the secrets',
    command: 'acr task show $MINE --query step.arguments[].name -o tsv',
    out: /^A\nB\n$/,
  },
  {
    title: 'show --with-secure-properties shows them',
    command: 'acr task show $MINE --with-secure-properties --query "step.arguments[?isSecret]" -o json',
    out: /"value": "geheim"/,
  },
  {
    title: 'a disabled task is not run',
    command: 'acr task run $MINE',
    code: 1,
    err: refused('TaskDisabled', 'Enable it'),
  },
  {
    title: 'update changes what is given and leaves the rest',
    command:
      'acr task update $MINE --status Enabled --cpu 4 --timeout 1200 --platform linux --image app:two --auth-mode Default --query "[status, agentConfiguration.cpu, timeout, platform.architecture, step.imageNames, step.target, identity.type]" -o json',
    more: ({ stdout }) =>
      assert.deepEqual(JSON.parse(stdout), [
        ...['Enabled', 4, 1200, 'amd64', ['app:two'], 'two', 'SystemAssigned, UserAssigned'],
      ]),
  },
  {
    title: 'update --arg --secret-arg --target --file --context --no-push --no-cache',
    command:
      'acr task update $MINE --arg C=3 --secret-arg TOKEN=anders --target one -f Other -c $GIT/app.git#dev --no-push true --no-cache false --query "[step.arguments[].name, step.target, step.dockerFilePath, step.contextPath, step.isPushEnabled, step.noCache]" -o json',
    more: ({ stdout }, { env }) =>
      assert.deepEqual(JSON.parse(stdout), [['C'], 'one', 'Other', `${env.GIT}/app.git#dev`, false, false]),
  },
  {
    title: 'update --base-image-trigger-enabled --base-image-trigger-type',
    command:
      'acr task update $MINE --base-image-trigger-enabled false --base-image-trigger-type All --update-trigger-payload-type Token --query "trigger.baseImageTrigger.[status, baseImageTriggerType]" -o tsv',
    out: /^Disabled\nAll\n$/,
  },
  {
    title: 'create --base-image-trigger-name --base-image-trigger-enabled --base-image-trigger-type',
    command: create(
      'triggers',
      '--base-image-trigger-name mine --base-image-trigger-enabled true --base-image-trigger-type All --update-trigger-payload-type Default --query "trigger.baseImageTrigger.[name, status, baseImageTriggerType]" -o tsv',
    ),
    out: /^mine\nEnabled\nAll\n$/,
  },
  {
    title: '--update-trigger-endpoint is refused on create and update',
    command: create('endpoint', '--update-trigger-endpoint https://contoso.com/hook'),
    code: 1,
    err: refused('InvalidRequestContent', 'updateTriggerEndpoint: Plinth starts the runs itself'),
  },
  {
    title: '--is-system-task is refused',
    command: 'acr task create -r appacr -n quicktask --is-system-task',
    code: 1,
    err: refused('InvalidRequestContent', 'isSystemTask: Plinth has no system tasks'),
  },
  {
    title: 'create --agent-pool --log-template are kept for the run engine',
    command: create(
      'pooled',
      '--agent-pool pool1 --log-template acr/logs:x --query "[agentPoolName, logTemplate]" -o tsv',
    ),
    out: /^pool1\nacr\/logs:x\n$/,
  },
  {
    title: 'update --agent-pool --log-template',
    command:
      'acr task update -r appacr -n pooled --agent-pool pool2 --log-template acr/logs:y --query "[agentPoolName, logTemplate]" -o tsv',
    out: /^pool2\nacr\/logs:y\n$/,
  },
  {
    title: 'create --schedule, several, with a name and without',
    command: create(
      'timed',
      '--schedule "nightly:0 21 * * *" --schedule "0 9 * * 1" --query "trigger.timerTriggers[].[name, schedule]" -o tsv',
    ),
    out: /^nightly\t0 21 \* \* \*\nt\d\t0 9 \* \* 1\n$/,
  },
  {
    title: 'timer add --timer-name --schedule --enabled',
    command:
      'acr task timer add -r appacr -n timed --timer-name weekly --schedule "0 1 * * 0" --enabled false --query "trigger.timerTriggers[?name==\'weekly\'].status" -o tsv',
    out: /^Disabled\n$/,
  },
  {
    title: 'timer update --enabled --schedule changes one by its name',
    command:
      'acr task timer update -g localrg -r appacr -n timed --timer-name weekly --enabled true --schedule "0 2 * * 0" --query "trigger.timerTriggers[].schedule" -o json',
    more: ({ stdout }) => assert.deepEqual(JSON.parse(stdout), ['0 21 * * *', '0 9 * * 1', '0 2 * * 0']),
  },
  {
    title: 'create --commit-trigger-enabled --pull-request-trigger-enabled --source-trigger-name',
    command:
      'acr task create -r appacr -n sourced -c $GIT/github.com/app.git#main -f Dockerfile-app -t app:v1 --git-access-token geheim --commit-trigger-enabled true --pull-request-trigger-enabled true --source-trigger-name mine --query "trigger.sourceTriggers[].[name, status, join(\'+\', sourceTriggerEvents), sourceRepository.branch]" -o tsv',
    out: /^mine\tEnabled\tcommit\+pullrequest\tmain\n$/,
    never: /geheim/,
  },
  {
    title: 'update --git-access-token --commit-trigger-enabled --pull-request-trigger-enabled',
    command:
      'acr task update -r appacr -n sourced --git-access-token anders --commit-trigger-enabled false --pull-request-trigger-enabled true -o none && az acr task show -r appacr -n sourced --with-secure-properties --query "[step.contextAccessToken, trigger.sourceTriggers[0].sourceTriggerEvents[0], length(trigger.sourceTriggers[0].sourceTriggerEvents)]" -o tsv',
    out: /^anders\npullrequest\n1\n$/,
  },
  {
    title: 'timer remove',
    command: 'acr task timer remove -r appacr -n timed --timer-name nightly -o none',
  },
  {
    title: 'timer list',
    command: 'acr task timer list -r appacr -n timed --query "[].[schedule, status]" -o json',
    more: ({ stdout }) =>
      assert.deepEqual(JSON.parse(stdout), [
        ['0 9 * * 1', 'Enabled'],
        ['0 2 * * 0', 'Enabled'],
      ]),
  },
  {
    title: 'list -o table',
    command: 'acr task list -r appacr -o table',
    out: /^NAME +PLATFORM +STATUS[\s\S]*everything +linux +Enabled[\s\S]*pooled +linux +Enabled/,
  },
  {
    title: 'flags of every command: --subscription --only-show-errors --verbose --debug',
    command:
      'acr task list -r appacr --subscription 11111111-1111-1111-1111-111111111111 --only-show-errors --query "length(@)" && az acr task show -r appacr -n timed --verbose --debug -o yaml',
    out: /^5\n[\s\S]*name: timed/,
  },
  {
    title: 'list --query',
    command: 'acr task list -g localrg -r appacr --query "length([?status==\'Enabled\'])"',
    out: /^5\n$/,
  },
  {
    title: 'delete',
    command: 'acr task delete $MINE -y',
    out: /^$/,
  },
  {
    title: 'delete of a task that is not there ends with 0, as ARM has it',
    command: 'acr task delete $MINE --yes',
    out: /^$/,
  },
  {
    title: 'show of a task that is not there ends with 3',
    command: 'acr task show $MINE',
    code: 3,
    err: refused('TaskNotFound', "no task 'everything' in registry 'appacr'"),
  },
  {
    title: 'update of a task that is not there ends with 3',
    command: 'acr task update $MINE --cpu 1',
    code: 3,
    err: refused('TaskNotFound', 'everything'),
  },
  {
    title: 'a name of two letters is refused',
    command: create('ab', ''),
    code: 1,
    err: refused('InvalidRequestContent', 'taskName: a task name has 5 to 50'),
  },
  {
    title: 'an image name that cannot be is refused',
    command: create('wrong', '--image "UPPER:{{.Run.ID}}"'),
    code: 1,
    err: refused('InvalidTaskStep', 'UPPER'),
  },
  {
    title: 'a context that holds a token is refused, and not repeated',
    command:
      'acr task create -r appacr -n wrong -t a:b -f F --commit-trigger-enabled false -c https://geheim@github.com/a/b.git',
    code: 1,
    err: refused('InvalidTaskStep', 'user name or password'),
    never: /geheim@/,
  },
  {
    title: 'a time-out over ACR’s bound is refused',
    command: create('wrong', '--timeout 99999'),
    code: 1,
    err: /timeout/,
  },
];
// One after the other: they tell the life of a task.
addRows(test, rows, 1);

test.run();
