import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  commitA,
  commitB,
  devopsPullRequest,
  devopsPush,
  githubPullRequest,
  githubPush,
} from '../../doubles/sourceDeliveries.ts';
import { both, deliver, devops, worldOf } from '../../worlds/deliveryWorld.ts';
import type { SourceTriggerGiven } from '../../worlds/triggerWorld.ts';

/** Each: the trigger, what is delivered, and the reason why nothing starts, or undefined. */
const rows: [title: string, trigger: SourceTriggerGiven, event: string, body: unknown, skipped?: RegExp][] = [
  ['another branch', {}, 'push', githubPush({ ref: 'refs/heads/mainline' }), /for main, not for mainline/],
  ['a tag', {}, 'push', githubPush({ ref: 'refs/tags/main' }), /refs\/tags\/main is no branch/],
  [
    'a branch that is deleted',
    {},
    'push',
    githubPush({ deleted: true, after: '0'.repeat(40) }),
    /main was deleted/,
  ],
  [
    'a branch with a /',
    { sourceRepository: { branch: 'release/1' } },
    'push',
    githubPush({ ref: 'refs/heads/release/1' }),
  ],
  [
    'another repository',
    {},
    'push',
    githubPush({}, { full_name: 'team/fork' }),
    /is for team\/app, not for team\/fork/,
  ],
  ['the repository in other letters', {}, 'push', githubPush({}, { full_name: 'Team/App' })],
  [
    'the default branch, none named',
    { sourceRepository: { branch: undefined, repositoryUrl: 'https://github.com/team/app' } },
    'push',
    githubPush(),
  ],
  [
    'a side branch, none named',
    { sourceRepository: { branch: undefined, repositoryUrl: 'https://github.com/team/app' } },
    'push',
    githubPush({ ref: 'refs/heads/side' }),
    /for the default branch, not for side/,
  ],
  [
    'the branch of the URL',
    { sourceRepository: { branch: undefined, repositoryUrl: 'https://github.com/team/app.git#side:src' } },
    'push',
    githubPush({ ref: 'refs/heads/side' }),
  ],
  [
    'the default branch where az made it master',
    { sourceRepository: { branch: 'master', repositoryUrl: 'https://github.com/team/app.git' } },
    'push',
    githubPush(),
  ],
  [
    'main where somebody named master',
    { sourceRepository: { branch: 'master', repositoryUrl: 'https://github.com/team/app.git#master' } },
    'push',
    githubPush(),
    /for master, not for main/,
  ],
  [
    'a push where only pull requests count',
    { sourceTriggerEvents: ['pullrequest'] },
    'push',
    githubPush(),
    /not for commit events/,
  ],
  [
    'a pull request where only pushes count',
    {},
    'pull_request',
    githubPullRequest(),
    /not for pullrequest events/,
  ],
  [
    'a pull request that is labelled',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('labeled'),
    /7 was labeled/,
  ],
  [
    'a pull request that is closed',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('closed'),
    /7 was closed/,
  ],
  [
    'a pull request with a new commit',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('synchronize'),
  ],
  [
    'a pull request into another branch',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('opened', {}, 'old'),
    /for main, not for old/,
  ],
  [
    'a pull request of a fork',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('opened', { repo: { full_name: 'stranger/app' } }),
    /comes from a fork/,
  ],
  [
    'a pull request of a fork that is gone',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest('opened', { repo: null }),
    /comes from a fork/,
  ],
  ['a ping', {}, 'ping', { zen: 'Design for failure.' }, /pong/],
  ['an event nobody asked for', {}, 'star', { action: 'created' }, /star starts nothing/],
  [
    'a form, as hooks made by hand send it',
    {},
    'push',
    `payload=${encodeURIComponent(JSON.stringify(githubPush()))}`,
  ],
  [
    'a disabled trigger',
    { status: 'Disabled' },
    'push',
    githubPush(),
    /trigger defaultSourceTriggerName is disabled/,
  ],
  ['Azure DevOps: a push', { sourceRepository: devops }, '', devopsPush()],
  [
    'Azure DevOps: a push of several branches',
    { sourceRepository: devops },
    '',
    devopsPush([
      { name: 'refs/heads/x', oldObjectId: commitA, newObjectId: commitA },
      { name: 'refs/heads/main', oldObjectId: commitA, newObjectId: commitB },
    ]),
  ],
  [
    'Azure DevOps: a deleted branch',
    { sourceRepository: devops },
    '',
    devopsPush([{ name: 'refs/heads/main', oldObjectId: commitA, newObjectId: '0'.repeat(40) }]),
    /no branch has a new commit/,
  ],
  [
    'Azure DevOps: a new pull request',
    { sourceTriggerEvents: both, sourceRepository: devops },
    '',
    devopsPullRequest(),
  ],
  [
    'Azure DevOps: a pull request with a new commit',
    { sourceTriggerEvents: both, sourceRepository: devops },
    '',
    devopsPullRequest('git.pullrequest.updated'),
  ],
  [
    'Azure DevOps: a pull request that is completed',
    { sourceTriggerEvents: both, sourceRepository: devops },
    '',
    devopsPullRequest('git.pullrequest.updated', { status: 'completed' }),
    /1 is completed/,
  ],
  [
    'Azure DevOps: a pull request of a fork',
    { sourceTriggerEvents: both, sourceRepository: devops },
    '',
    devopsPullRequest('git.pullrequest.created', { forkSource: { name: 'refs/heads/x' } }),
    /comes from a fork/,
  ],
  [
    'Azure DevOps: a work item',
    { sourceRepository: devops },
    '',
    { id: '1', eventType: 'workitem.created', resource: {} },
    /workitem.created starts nothing/,
  ],
];
for (const [title, trigger, event, body, skipped] of rows)
  test(`${skipped ? 'starts nothing' : 'starts a run'}: ${title}`, async () => {
    const world = await worldOf(trigger);
    const received = await deliver(world, event, body);
    assert.equal(received.decision, skipped ? 'skipped' : 'started');
    assert.equal((await world.runs()).length, skipped ? 0 : 1);
    if (received.decision === 'skipped') assert.match(received.reason, skipped!);
    else assert.equal((await world.runs())[0]?.sourceTrigger?.commitId, commitB);
  });

test.run();
