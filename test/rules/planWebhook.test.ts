import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { SourceTrigger } from '../../shared/model/task.ts';
import type { Hook, Webhook } from '../../shared/model/webhook.ts';
import {
  byHand,
  hookOf,
  planWebhook,
  removalWhenGone,
  removeByHand,
} from '../../shared/rules/planWebhook.ts';

const now = new Date('2026-11-23T10:00:00.000Z');
const nowText = now.toISOString();
const key = { registry: 'appacr', task: 'app', trigger: 'commits' };
const publicUrl = 'https://plinth.example.com';
const repositoryUrl = 'https://github.com/team/app.git';
const hook: Hook = {
  provider: 'Github',
  repositoryUrl,
  url: `${publicUrl}/webhooks/appacr/app/commits`,
  events: ['commit'],
};
const at = (change: Partial<Hook>): Hook => ({ ...hook, ...change });
const elsewhere = at({ repositoryUrl: 'https://github.com/Team/Other App__1.git' });
const row = (change: Partial<Webhook>): Webhook => ({
  ...key,
  hook,
  secret: 'first',
  status: 'Registered',
  ids: ['12'],
  attempts: 0,
  ...change,
});
const pending = row({ status: 'Pending', ids: [], nextAttempt: nowText, token: 'PAT', tokenType: 'PAT' });
const fresh: Webhook = { ...pending, secret: 'second' };
const off: Partial<Webhook> = {
  status: 'Off',
  message: 'The trigger is disabled; its webhook is registered once it is enabled.',
};
const token = { token: 'PAT', tokenType: 'PAT' } as const;
/** What has the registration at the other repository removed. */
const removal: Webhook = {
  ...row({ hook: elsewhere, ids: ['7'], attempts: 1, status: 'Removing', nextAttempt: nowText }),
  trigger: 'commits~team.other.20app.1',
};

interface Row {
  title: string;
  before?: Webhook;
  hook?: Hook;
  enabled?: false;
  noToken?: true;
  becomes: Webhook;
  message?: RegExp;
  removal?: Webhook;
}
const rows: Row[] = [
  { title: 'a new one is registered', becomes: fresh },
  { title: 'one that fits stays', before: row({}), becomes: row(token) },
  {
    title: 'one that fits stays, of a trigger that was disabled',
    before: row({}),
    enabled: false,
    becomes: row(token),
  },
  {
    title: 'one that fits and was not registered yet is tried at once',
    before: row({ status: 'Pending', ids: [], attempts: 3, nextAttempt: 'later', message: 'busy' }),
    becomes: { ...pending, attempts: 3 },
  },
  {
    title: 'one for other events is brought up to date',
    before: row({ hook: at({ events: ['commit', 'pullrequest'] }) }),
    becomes: { ...pending, ids: ['12'] },
  },
  {
    title: 'one at another address is brought up to date',
    before: row({ hook: at({ url: 'https://old.example.com/x' }) }),
    becomes: { ...pending, ids: ['12'] },
  },
  {
    title: 'the same repository in capitals fits',
    before: row({ hook: at({ repositoryUrl: 'https://github.com/Team/App' }) }),
    becomes: row(token),
  },
  {
    title: 'one at another repository is removed there',
    before: row({ hook: elsewhere, ids: ['7'], message: 'x' }),
    becomes: pending,
    removal,
  },
  {
    title: 'one at another repository that may be there is removed there',
    before: row({ hook: elsewhere, status: 'Pending', ids: [], attempts: 2 }),
    becomes: pending,
    removal: { ...removal, ids: [] },
  },
  {
    title: 'one that never was at another repository leaves nothing',
    before: row({ hook: elsewhere, status: 'Off', ids: [] }),
    becomes: pending,
  },
  {
    title: 'one at another host is removed there',
    before: row({ hook: at({ repositoryUrl: 'https://ghe.example.com/team/app' }), ids: ['7'] }),
    becomes: pending,
    removal: {
      ...removal,
      hook: at({ repositoryUrl: 'https://ghe.example.com/team/app' }),
      trigger: 'commits~team.app',
    },
  },
  {
    title: 'one at another provider is removed there',
    before: row({
      hook: at({ provider: 'VisualStudioTeamService', repositoryUrl: 'https://github.com/team/_git/app' }),
      ids: ['7'],
    }),
    becomes: pending,
    removal: {
      ...removal,
      hook: at({ provider: 'VisualStudioTeamService', repositoryUrl: 'https://github.com/team/_git/app' }),
      trigger: 'commits~.team.app',
    },
  },
  {
    title: 'none is registered for a disabled trigger',
    enabled: false,
    becomes: { ...fresh, ...off, nextAttempt: undefined },
  },
  {
    title: 'one that was not registered is not, once its trigger is disabled',
    before: row({ status: 'Pending', ids: [] }),
    enabled: false,
    becomes: { ...pending, ...off, nextAttempt: undefined },
  },
  {
    title: 'one that may be there is brought up to date, though its trigger is disabled',
    before: row({ status: 'Pending', ids: [], attempts: 1 }),
    enabled: false,
    becomes: { ...pending, attempts: 1 },
  },
  {
    title: 'one at another repository is off, once its trigger is disabled',
    before: row({ hook: elsewhere, ids: ['7'] }),
    enabled: false,
    becomes: { ...pending, ...off, nextAttempt: undefined },
    removal,
  },
  {
    title: 'without a public address a person must',
    hook: at({ url: 'http://localhost:7071/webhooks/appacr/app/commits' }),
    becomes: {
      ...fresh,
      hook: at({ url: 'http://localhost:7071/webhooks/appacr/app/commits' }),
      status: 'ByHand',
      nextAttempt: undefined,
    },
    message: /^Not registered: http:\/\/localhost:7071 is no public https address \(PLINTH_PUBLIC_URL\)/,
  },
  {
    title: 'without a token a person must',
    noToken: true,
    becomes: { ...fresh, status: 'ByHand', nextAttempt: undefined, token: undefined, tokenType: undefined },
    message: /^Not registered: the trigger has no token\. By hand: /,
  },
  {
    title: 'without another token the one that is there stays',
    before: row({ status: 'Pending', ids: [], token: 'old', tokenType: 'OAuth' }),
    noToken: true,
    becomes: { ...pending, token: 'old', tokenType: 'OAuth' },
  },
  {
    title: 'a token is not taken along to another repository',
    before: row({ hook: elsewhere, status: 'Off', ids: [], token: 'old', tokenType: 'OAuth' }),
    noToken: true,
    becomes: { ...pending, status: 'ByHand', nextAttempt: undefined, token: undefined, tokenType: undefined },
    message: /has no token/,
  },
  {
    title: 'a row without a token has none afterwards',
    before: row({}),
    noToken: true,
    becomes: row({}),
  },
];
const stored = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
for (const {
  title,
  before,
  hook: wanted = hook,
  enabled = true,
  noToken,
  becomes,
  message,
  removal: left,
} of rows)
  test(title, () => {
    const asked = { key, hook: wanted, enabled, secret: 'second', ...(!noToken && { token }) };
    const { webhook, ...plan } = planWebhook(asked, before, now);
    if (message) assert.match(webhook.message!, message);
    const said = message ? { message: webhook.message } : {};
    assert.deepEqual(stored(webhook), stored({ ...becomes, ...said }));
    assert.deepEqual(plan, left ? { removal: left } : {});
    for (const member of ['token', 'tokenType'] as const)
      assert.equal(member in webhook, webhook[member] !== undefined, member);
  });

test('the registration that a trigger needs', () => {
  const trigger: SourceTrigger = {
    name: 'commits',
    status: 'Enabled',
    sourceTriggerEvents: ['pullrequest', 'commit', 'pullrequest'],
    sourceRepository: { sourceControlType: 'Github', repositoryUrl: `${repositoryUrl}#main` },
  };
  assert.deepEqual(hookOf('appacr', 'app', trigger, publicUrl), at({ events: ['commit', 'pullrequest'] }));
});

for (const [title, webhook, isLeft] of [
  ['that was registered', row({}), true],
  ['whose answer was lost', row({ ids: [], attempts: 1, status: 'Pending' }), true],
  ['that never was', row({ ids: [], status: 'Off' }), false],
] as const)
  test(`of a webhook ${title} ${isLeft ? 'something' : 'nothing'} is left when its trigger goes`, () =>
    assert.deepEqual(
      removalWhenGone(webhook, now),
      isLeft ? { ...webhook, status: 'Removing', attempts: 1, nextAttempt: nowText } : undefined,
    ));

test('a row of a removal names the trigger and what of its repository fits into a name', () => {
  const long = at({ repositoryUrl: `https://github.com/team/${'x'.repeat(200)}` });
  const before = row({ hook: long, trigger: 'commits~team.app' });
  const asked = { key, hook, enabled: true, secret: 's', token };
  assert.equal(planWebhook(asked, before, now).removal!.trigger, `commits~team.${'x'.repeat(95)}`);
});

const steps: [hook: Hook, says: RegExp][] = [
  [hook, /at https:\/\/github\.com\/team\/app\/settings\/hooks with .*, events Pushes; the secret/],
  [at({ events: ['pullrequest'] }), /, events Pull requests; the secret/],
  [at({ events: ['commit', 'pullrequest'] }), /, events Pushes and Pull requests; /],
  [
    at({
      provider: 'VisualStudioTeamService',
      repositoryUrl: 'https://dev.azure.com/org/p/_git/app',
      events: ['commit', 'pullrequest'],
    }),
    /at https:\/\/dev\.azure\.com\/org\/p\/_settings\/serviceHooks .* each for "Code pushed" and "Pull request created" and "Pull request updated" with URL/,
  ],
  [
    at({ provider: 'VisualStudioTeamService', repositoryUrl: 'https://dev.azure.com/org/p/_git/app' }),
    /each for "Code pushed" with URL/,
  ],
];
for (const [wanted, says] of steps)
  test(`by hand, for ${wanted.events.join(' and ')} of ${wanted.repositoryUrl}`, () =>
    assert.match(byHand(wanted, 'why'), says));

test('what to delete by hand is named with its id, where that is known', () => {
  assert.match(removeByHand(row({ ids: ['1', '2'] })), /commits of https:.*app\.git \(id 1, 2\) may still/);
  assert.match(removeByHand(row({ ids: [] })), /app\.git may still be there/);
});

test.run();
