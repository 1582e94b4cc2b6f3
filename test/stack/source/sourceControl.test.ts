import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type AzureDevops, startAzureDevops } from '../../../local/git/azureDevops.ts';
import { type Github, startGithub } from '../../../local/git/github.ts';
import { createSourceControl } from '../../../shared/adapters/hooks/sourceControl.ts';
import type { Hook } from '../../../shared/model/webhook.ts';
import { type SourceControl, SourceControlError } from '../../../shared/ports/sourceControl.ts';

interface World {
  github: Github;
  devops: AzureDevops;
  sourceControl: SourceControl;
}
const test = suite<World>('webhooks at GitHub and Azure DevOps');

const url = 'https://plinth.example.com/webhooks/appacr/webapp/hook';
const pat = (token: string) => ({ token, tokenType: 'PAT' as const });
const atGithub = (change: Partial<Hook> = {}): Hook => ({
  provider: 'Github',
  repositoryUrl: 'https://ghe.example.com/team/app.git',
  url,
  events: ['commit', 'pullrequest'],
  ...change,
});
const atDevops = (change: Partial<Hook> = {}): Hook => ({
  provider: 'VisualStudioTeamService',
  repositoryUrl: 'https://dev.azure.com/org/Project%20One/_git/app',
  url,
  events: ['commit', 'pullrequest'],
  ...change,
});

test.before.each(async (world) => {
  world.github = await startGithub({ tokens: { 'pat-hook': ['team/app'], 'pat-read': [] } });
  world.devops = await startAzureDevops({ tokens: ['pat-devops'], repositories: ['org/Project One/app'] });
  const gone = await startGithub({ tokens: {} });
  await gone.stop();
  world.sourceControl = createSourceControl(
    {
      'ghe.example.com': world.github.url,
      'dev.azure.com': world.devops.url,
      'gone.example.com': gone.url,
    },
    fetch,
  );
});
test.after.each(async ({ github, devops }) => {
  await Promise.all([github.stop(), devops.stop()]);
});

test('GitHub: a hook of JSON, signed, for pushes and pull requests', async ({ github, sourceControl }) => {
  assert.deepEqual(await sourceControl.register(atGithub(), 'secret-1', pat('pat-hook')), ['1']);
  assert.deepEqual(github.hooks('team/app'), [
    {
      id: 1,
      name: 'web',
      active: true,
      events: ['push', 'pull_request'],
      config: { url, content_type: 'json', secret: 'secret-1', insecure_ssl: '0' },
    },
  ]);
});

test('GitHub: a hook that is there is brought up to date, others are left alone', async ({
  github,
  sourceControl,
}) => {
  const other = { ...atGithub(), url: 'https://other.example.com' };
  await sourceControl.register(other, 'secret-0', pat('pat-hook'));
  await sourceControl.register(atGithub(), 'secret-1', pat('pat-hook'));
  await sourceControl.register(atGithub({ events: ['commit'] }), 'secret-2', pat('pat-hook'));
  const told = github.hooks('team/app').map(({ id, events, config }) => [id, events.join(), config.secret]);
  assert.deepEqual(told, [
    [1, 'push,pull_request', 'secret-0'],
    [2, 'push', 'secret-2'],
  ]);
  await sourceControl.remove(atGithub(), pat('pat-hook'));
  await sourceControl.remove(atGithub(), pat('pat-hook'));
  assert.deepEqual(
    github.hooks('team/app').map(({ id }) => id),
    [1],
  );
});

test('Azure DevOps: one subscription for each event, with a password', async ({ devops, sourceControl }) => {
  const ids = await sourceControl.register(atDevops(), 'secret-1', pat('pat-devops'));
  const told = [...devops.subscriptions.values()].map(({ eventType, publisherInputs, consumerInputs }) => [
    eventType,
    publisherInputs.notificationType,
    consumerInputs.url,
    consumerInputs.basicAuthPassword,
  ]);
  assert.deepEqual(told, [
    ['git.push', undefined, url, 'secret-1'],
    ['git.pullrequest.created', undefined, url, 'secret-1'],
    ['git.pullrequest.updated', 'PushNotification', url, 'secret-1'],
  ]);
  assert.deepEqual(ids, [...devops.subscriptions.keys()]);
});

test('Azure DevOps: registered again it is the same, with fewer events it is fewer, removed it is none', async ({
  devops,
  sourceControl,
}) => {
  const ids = await sourceControl.register(atDevops(), 'secret-1', pat('pat-devops'));
  assert.deepEqual(await sourceControl.register(atDevops(), 'secret-1', pat('pat-devops')), ids);
  await sourceControl.register(atDevops({ events: ['commit'] }), 'secret-1', pat('pat-devops'));
  assert.deepEqual(
    [...devops.subscriptions.values()].map(({ eventType }) => eventType),
    ['git.push'],
  );
  await sourceControl.remove(atDevops(), pat('pat-devops'));
  assert.equal(devops.subscriptions.size, 0);
});

const refused: [title: string, hook: Hook, token: string, transient: boolean, message: RegExp][] = [
  [
    'a token that GitHub does not know',
    atGithub(),
    'nonsense',
    false,
    /listing the webhooks of team\/app: 401 Bad credentials\. .*admin:repo_hook/,
  ],
  ['a token that may only read', atGithub(), 'pat-read', false, /404 Not Found\. .*Webhooks: Read and write/],
  [
    'a token that Azure DevOps does not know',
    atDevops(),
    'nonsense',
    false,
    /Project One\/app: 203.*Project Administrator/,
  ],
  [
    'a repository that is not there',
    atDevops({ repositoryUrl: 'https://dev.azure.com/org/p/_git/none' }),
    'pat-devops',
    false,
    /404 TF401019/,
  ],
  [
    'a server that is away',
    atGithub({ repositoryUrl: 'https://gone.example.com/team/app' }),
    'pat-hook',
    true,
    /did not answer \(.*ECONNREFUSED/,
  ],
  [
    'a host that the settings do not name',
    atGithub({ repositoryUrl: 'https://evil.example.com/team/app' }),
    'pat-hook',
    false,
    /PLINTH_SOURCE_CONTROL_APIS.*evil\.example\.com\/api\/v3/,
  ],
];
for (const [title, hook, token, transient, message] of refused)
  test(`refused, ${transient ? 'to be tried again' : 'for good'}: ${title}`, async ({ sourceControl }) => {
    await assert.rejects(
      sourceControl.register(hook, 'secret-1', pat(token)),
      (error: SourceControlError) => {
        assert.ok(error instanceof SourceControlError);
        assert.equal(error.transient, transient);
        assert.match(error.message, message);
        for (const secret of [token, 'secret-1']) assert.ok(!error.message.includes(secret));
        return true;
      },
    );
  });

for (const status of [500, 503, 429])
  test(`${status} is to be tried again`, async ({ github, sourceControl }) => {
    github.outage = status;
    const transient = (error: SourceControlError) => error.transient;
    await assert.rejects(sourceControl.register(atGithub(), 's', pat('pat-hook')), transient);
    await assert.rejects(sourceControl.remove(atGithub(), pat('pat-hook')), transient);
  });

test.run();
