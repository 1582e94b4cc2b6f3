import { createHmac } from 'node:crypto';

export const commitA = 'a'.repeat(40);
export const commitB = 'b'.repeat(40);

/** GitHub's push event, as far as anybody reads it. */
export const githubPush = (
  change: Record<string, unknown> = {},
  repository: Record<string, unknown> = {},
) => ({
  ref: 'refs/heads/main',
  before: commitA,
  after: commitB,
  created: false,
  deleted: false,
  repository: {
    full_name: 'team/app',
    clone_url: 'https://github.com/team/app.git',
    default_branch: 'main',
    pushed_at: 1_795_000_000,
    ...repository,
  },
  ...change,
});

export const githubPullRequest = (action = 'opened', head: Record<string, unknown> = {}, base = 'main') => ({
  action,
  number: 7,
  pull_request: {
    head: { ref: 'feature', sha: commitB, repo: { full_name: 'team/app' }, ...head },
    base: { ref: base },
  },
  repository: { full_name: 'team/app', default_branch: 'main', pushed_at: '2026-11-23T10:00:00Z' },
});

const devopsRepository = {
  remoteUrl: 'https://org@dev.azure.com/org/Project%20One/_git/app',
  defaultBranch: 'refs/heads/main',
};

/** Azure DevOps' `git.push`, after its reference's sample. */
export const devopsPush = (refUpdates?: object[], change: Record<string, unknown> = {}) => ({
  id: '03c164c2-8912-4d5e-8009-3707d5f83734',
  eventType: 'git.push',
  publisherId: 'tfs',
  resource: {
    refUpdates: refUpdates ?? [{ name: 'refs/heads/main', oldObjectId: commitA, newObjectId: commitB }],
    repository: devopsRepository,
    pushId: 14,
  },
  ...change,
});

export const devopsPullRequest = (
  eventType = 'git.pullrequest.created',
  resource: Record<string, unknown> = {},
  id = '2ab4e3d3-b7a6-425e-92b1-5a9982c1269e',
) => ({
  id,
  eventType,
  resource: {
    repository: devopsRepository,
    pullRequestId: 1,
    status: 'active',
    sourceRefName: 'refs/heads/feature',
    targetRefName: 'refs/heads/main',
    lastMergeSourceCommit: { commitId: commitB },
    ...resource,
  },
});

/** X-Hub-Signature-256 of a body. */
export const signatureOf = (body: string, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
