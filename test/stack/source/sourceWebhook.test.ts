import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type AzureDevops, startAzureDevops } from '../../../local/git/azureDevops.ts';
import { type Github, startGithub } from '../../../local/git/github.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { devopsPush, githubPullRequest, githubPush, signatureOf } from '../../doubles/sourceDeliveries.ts';
import { hasEnded, startWorld, type World } from '../whole/world.ts';

const publicUrl = 'https://plinth.example.com';
let world: World;
let github: Github;
let devops: AzureDevops;
const commits: string[] = [];

test.before(async () => {
  github = await startGithub({ tokens: { 'pat-hook': ['team/app'], 'pat-read': [] } });
  devops = await startAzureDevops({ tokens: ['pat-devops'], repositories: ['org/shop/app'] });
  world = await startWorld({
    settings: {
      PLINTH_PUBLIC_URL: publicUrl,
      PLINTH_SOURCE_CONTROL_APIS: JSON.stringify({ localhost: github.url, '127.0.0.1': devops.url }),
    },
  });
  for (const tag of ['1', '2', '3']) await world.pushBase(`base/src:${tag}`, `text ${tag}`);
  const { git } = world.stack;
  const files = (tag: string) => ({
    'web/Dockerfile': `FROM baseacr.azurecr.io/base/src:${tag}\nCOPY Dockerfile /\n`,
  });
  commits.push(await git.createRepository('team/app', files('1')));
  commits.push(await git.commit('team/app', files('2')));
  commits.push(await git.commit('team/app', files('3'), { branch: 'feature' }));
  commits.push(await git.createRepository('org/shop/_git/app', files('1')));
});
test.after(async () => {
  await world?.stack.stop();
  await Promise.all([github, devops].map((server) => server?.stop()));
});

/** Where the address that was registered is on this machine. */
const reach = (url: string) => url.replace(publicUrl, world.stack.url);

/** Writes a task of the given source trigger and gives the trigger back as it is shown. */
async function put(
  task: string,
  repositoryUrl: string,
  change: Record<string, unknown> = {},
  token = 'pat-hook',
) {
  const body = {
    location: 'local',
    identity: { type: 'SystemAssigned' },
    properties: {
      platform: { os: 'linux' },
      step: {
        type: 'Docker',
        contextPath: `${repositoryUrl}#main:web`,
        dockerFilePath: 'Dockerfile',
        imageNames: [`${task}:{{.Run.Branch}}-{{.Run.Commit}}`],
      },
      trigger: {
        sourceTriggers: [
          {
            name: 'defaultSourceTriggerName',
            sourceRepository: {
              sourceControlType: 'Github',
              repositoryUrl: `${repositoryUrl}#main:web`,
              branch: 'main',
              sourceControlAuthProperties: { tokenType: 'PAT', token },
              ...(change.sourceRepository as object),
            },
            sourceTriggerEvents: ['commit', 'pullrequest'],
          },
        ],
        baseImageTrigger: {},
      },
      credentials: { customRegistries: { 'baseacr.azurecr.io': { identity: '[system]' } } },
    },
  };
  const answer = await world.api.call('PUT', `/registries/appacr/tasks/${task}`, body);
  const { trigger, plinth } = answer.properties;
  return { trigger: trigger.sourceTriggers[0], webhook: plinth.webhooks[0] };
}

const githubUrl = () => `${world.stack.git.url}/team/app.git`;

/** The only run of a task, once it has ended. */
const onlyRun = (task: string) =>
  eventually(`the run of ${task}`, 60, async () => {
    const runs = await world.runsOf(task);
    return runs.length === 1 && hasEnded(runs[0]!) && runs[0]!;
  });

const baseTag = (run: { plinth: { baseImageDependencies: { tag: string }[] } }) =>
  run.plinth.baseImageDependencies[0]?.tag;

test('a task registers its webhook at GitHub, and shows no secret of it', async () => {
  const { trigger, webhook } = await put('from-github', githubUrl());
  assert.deepEqual(webhook, {
    trigger: 'defaultSourceTriggerName',
    url: `${publicUrl}/webhooks/appacr/from-github/defaultSourceTriggerName`,
    status: 'Registered',
  });
  assert.equal(trigger.sourceRepository.sourceControlAuthProperties, undefined);
  const [hook, ...more] = github.hooks('team/app');
  assert.deepEqual([hook?.events, hook?.config.url, more], [['push', 'pull_request'], webhook.url, []]);
  const details = await world.api.call('POST', '/registries/appacr/tasks/from-github/listDetails');
  assert.equal(details.properties.plinth.webhooks[0].secret, hook?.config.secret);
  assert.deepEqual(await github.deliver('team/app', 'ping', { zen: 'Speak like a human.' }, reach), [
    { status: 200, body: { decision: 'skipped', reason: 'pong' } },
  ]);
});

test('a push builds its own commit, although the branch has moved on; the delivery again starts nothing', async () => {
  const push = githubPush({ before: '0'.repeat(40), after: commits[0] });
  const [first] = await github.deliver('team/app', 'push', push, reach, 'delivery-1');
  assert.deepEqual([first?.status, first?.body.decision], [200, 'started']);
  const [again] = await github.deliver('team/app', 'push', push, reach, 'delivery-1');
  assert.deepEqual([again?.status, again?.body.decision], [200, 'skipped']);
  const run = await onlyRun('from-github');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  assert.deepEqual(run.sourceTrigger, {
    id: 'delivery-1',
    eventType: 'Commit',
    commitId: commits[0],
    repositoryUrl: githubUrl(),
    branchName: 'main',
    providerType: 'Github',
  });
  assert.equal(baseTag(run as never), '1');
  assert.equal(run.outputImages[0].tag, `main-${commits[0]}`);
});

test('a pull request builds its head; the task keeps the base images of its branch', async () => {
  const [answer] = await github.deliver(
    'team/app',
    'pull_request',
    githubPullRequest('opened', { ref: 'feature', sha: commits[2] }),
    reach,
  );
  const run = await world.ended(answer!.body.runId);
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  const { eventType, pullRequestId, branchName } = run.sourceTrigger;
  assert.deepEqual([eventType, pullRequestId, branchName], ['Pull Request', '7', 'feature']);
  assert.deepEqual([baseTag(run as never), run.outputImages[0].tag], ['3', `feature-${commits[2]}`]);
  const task = await world.api.call('GET', '/registries/appacr/tasks/from-github');
  assert.equal(task.properties.step.baseImageDependencies[0].tag, '1');
});

test('who does not know the secret gets the same answer for any task', async () => {
  const body = JSON.stringify(githubPush());
  const answers = await Promise.all(
    ['from-github', 'not-a-task'].map(async (task) => {
      const response = await fetch(`${world.stack.url}/webhooks/appacr/${task}/defaultSourceTriggerName`, {
        method: 'POST',
        body,
        headers: {
          'x-github-event': 'push',
          'x-github-delivery': 'x',
          'x-hub-signature-256': signatureOf(body, 'guess'),
        },
      });
      return `${response.status} ${await response.text()}`;
    }),
  );
  assert.match(answers[0]!, /^404 .*WebhookNotAccepted/);
  assert.equal(answers[0], answers[1]);
});

test('nonsense with the right signature is 400, too much is 413', async () => {
  const [hook] = github.hooks('team/app');
  const post = (body: string) =>
    fetch(reach(hook!.config.url), {
      method: 'POST',
      body,
      headers: {
        'x-github-event': 'push',
        'x-github-delivery': 'x',
        'x-hub-signature-256': signatureOf(body, hook!.config.secret!),
      },
    });
  const nonsense = await post('{"ref":');
  assert.deepEqual(
    [nonsense.status, ((await nonsense.json()) as any).error.code],
    [400, 'InvalidWebhookBody'],
  );
  assert.equal((await post('x'.repeat(25 * 2 ** 20 + 1))).status, 413);
});

test('the webhook goes with its task', async () => {
  await world.api.call('DELETE', '/registries/appacr/tasks/from-github');
  assert.deepEqual(github.hooks('team/app'), []);
});

test('a token without the right: the task is made, and says what to do by hand', async () => {
  const { webhook } = await put('by-hand', githubUrl(), {}, 'pat-read');
  assert.equal(webhook.status, 'ByHand');
  assert.match(
    webhook.message,
    /404 Not Found\. .*By hand: add a webhook at https:\/\/localhost:\d+\/team\/app\/settings\/hooks/,
  );
});

test('Azure DevOps: subscriptions are registered, a push starts a run, and they go with the task', async () => {
  const url = `${world.stack.git.url.replace('localhost', '127.0.0.1')}/org/shop/_git/app`;
  const change = { sourceRepository: { sourceControlType: 'VisualStudioTeamService' } };
  const { webhook } = await put('from-devops', url, change, 'pat-devops');
  assert.equal(webhook.status, 'Registered', webhook.message);
  assert.equal(devops.subscriptions.size, 3);
  const update = { name: 'refs/heads/main', oldObjectId: '0'.repeat(40), newObjectId: commits[3] };
  const push = devopsPush([update]);
  const repository = { remoteUrl: url, defaultBranch: 'refs/heads/main' };
  const notification = { ...push, resource: { ...push.resource, repository } };
  const [first] = await devops.notify(notification, reach);
  const [again] = await devops.notify(notification, reach);
  assert.deepEqual([first?.body.decision, again?.body.decision], ['started', 'skipped']);
  const run = await onlyRun('from-devops');
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  assert.deepEqual(
    [run.sourceTrigger.commitId, run.sourceTrigger.providerType],
    [commits[3], 'VisualStudioTeamService'],
  );
  await world.api.call('DELETE', '/registries/appacr/tasks/from-devops');
  assert.equal(devops.subscriptions.size, 0);
});

test.run();
