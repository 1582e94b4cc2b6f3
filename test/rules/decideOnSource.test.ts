import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { SourceEvent } from '../../shared/events/sourceChange.ts';
import type { SourceRunTrigger } from '../../shared/model/run.ts';
import type { SourceTrigger, Task } from '../../shared/model/task.ts';
import { parseSourceLocation } from '../../shared/names/sourceLocation.ts';
import {
  devopsRepository,
  githubRepository,
  repositoryKey,
  SourceRepositoryError,
} from '../../shared/names/sourceRepository.ts';
import { contextAtCommit, decideOnSource } from '../../shared/rules/decideOnSource.ts';
import { sampleTask } from '../doubles/storeContract.ts';

const commitId = 'c'.repeat(40);
const moved = (repositoryUrl: string): SourceRunTrigger => ({
  id: 'd',
  eventType: 'Commit',
  commitId,
  repositoryUrl,
  branchName: 'main',
  providerType: 'Github',
});

const contexts: [context: string, repository: string, wanted: string][] = [
  [
    'https://github.com/team/app.git#main:src/web',
    'https://github.com/team/app.git',
    `https://github.com/team/app.git#${commitId}:src/web`,
  ],
  [
    'https://github.com/team/app.git',
    'https://github.com/Team/App',
    `https://github.com/team/app.git#${commitId}`,
  ],
  ['github.com/team/app', 'https://github.com/team/app', `https://github.com/team/app.git#${commitId}`],
  [
    'https://org@dev.azure.com/org/p/_git/app#main',
    'https://dev.azure.com/org/p/_git/app',
    `https://dev.azure.com/org/p/_git/app#${commitId}`,
  ],
  [
    'https://github.com/team/app.git#main:a%20b',
    'https://github.com/team/app.git',
    `https://github.com/team/app.git#${commitId}:a%20b`,
  ],
  [
    'https://github.com/team/other.git#main',
    'https://github.com/team/app.git',
    'https://github.com/team/other.git#main',
  ],
  ['https://gitlab.com/team/app.git', 'https://github.com/team/app.git', 'https://gitlab.com/team/app.git'],
  ['https://example.com/app.tar.gz', 'https://github.com/team/app.git', 'https://example.com/app.tar.gz'],
  ['https://example.com/app.tar.gz', 'https://example.com/app.tar.gz', 'https://example.com/app.tar.gz'],
  [
    'https://dev.azure.com/org/p/_git/a.git.app#main:src',
    'https://dev.azure.com/org/p/_git/a.git.app',
    `https://dev.azure.com/org/p/_git/a.git.app#${commitId}:src`,
  ],
  [
    'https://github.com/team/a.github',
    'https://github.com/team/a.github',
    `https://github.com/team/a.github.git#${commitId}`,
  ],
  ['https://github.com/team/ahub', 'https://github.com/team/a.github', 'https://github.com/team/ahub'],
  ['/dev/null', 'https://github.com/team/app.git', '/dev/null'],
];
for (const [context, repository, wanted] of contexts)
  test(`${context} after a push to ${repository} is ${wanted}`, () => {
    assert.equal(contextAtCommit(context, moved(repository)), wanted);
    parseSourceLocation(wanted);
  });

const repositoryUrl = 'https://github.com/team/app.git';
const trigger: SourceTrigger = {
  name: 'commits',
  status: 'Enabled',
  sourceTriggerEvents: ['commit'],
  sourceRepository: { sourceControlType: 'Github', repositoryUrl, branch: 'main' },
};
const pushed: SourceEvent = {
  kind: 'commit',
  repository: 'team/app',
  branch: 'main',
  headBranch: 'main',
  commit: commitId,
  defaultBranch: 'trunk',
  move: 'm',
};
const pull: SourceEvent = { ...pushed, kind: 'pullrequest', headBranch: 'topic', pullRequest: '7' };
const onBranch = (branch: string | undefined, url = repositoryUrl): Partial<SourceTrigger> => ({
  sourceRepository: { sourceControlType: 'Github', repositoryUrl: url, ...(branch && { branch }) },
});
/** The sample, built of a context. */
function built(contextPath: string | undefined, status: Task['properties']['status'] = 'Enabled'): Task {
  const task = sampleTask('appacr', 'app');
  const step = { ...task.properties.step, ...(contextPath && { contextPath }) };
  return { ...task, properties: { ...task.properties, status, step } };
}
const own = `${repositoryUrl}#main`;

interface Row {
  title: string;
  event?: Partial<SourceEvent>;
  trigger?: Partial<SourceTrigger>;
  task?: Task;
  /** Whether it starts the task's own build or one aside; else why it starts none. */
  comes: 'own' | 'aside' | RegExp;
}
const decisions: Row[] = [
  { title: 'a push to the branch of the trigger', comes: 'own' },
  { title: 'of a disabled task', task: built(own, 'Disabled'), comes: /^the task app is disabled$/ },
  {
    title: 'to a disabled trigger',
    trigger: { status: 'Disabled' },
    comes: /^the trigger commits is disabled/,
  },
  { title: 'of another kind', event: pull, comes: /^the trigger commits is not for pullrequest events$/ },
  {
    title: 'to another repository',
    event: { repository: 'team/other' },
    comes: /is for team\/app, not for team\/other$/,
  },
  { title: 'that does not name its repository', event: { repository: undefined as never }, comes: 'own' },
  { title: 'to another branch', event: { branch: 'next' }, comes: /is for main, not for next$/ },
  {
    title: 'to the default branch, where the trigger names another',
    event: { branch: 'trunk' },
    comes: /is for main, not for trunk$/,
  },
  {
    title: 'to the default branch, where the trigger names none',
    trigger: onBranch(undefined),
    event: { branch: 'trunk' },
    task: built(repositoryUrl),
    comes: 'own',
  },
  {
    title: 'to another than the default branch, where the trigger names none',
    trigger: onBranch(undefined),
    comes: /is for the default branch, not for main$/,
  },
  {
    title: 'to the branch that the URL names',
    trigger: onBranch(undefined, `${repositoryUrl}#main`),
    comes: 'own',
  },
  {
    title: 'to the default branch, where az has sent master',
    trigger: onBranch('master'),
    event: { branch: 'trunk' },
    task: built(repositoryUrl),
    comes: 'own',
  },
  {
    title: 'to master itself, where az has sent master',
    trigger: onBranch('master'),
    event: { branch: 'master' },
    task: built(`${repositoryUrl}#master`),
    comes: 'own',
  },
  {
    title: 'to neither of them',
    trigger: onBranch('master'),
    comes: /is for master or the default branch, not for main$/,
  },
  {
    title: 'to the default branch, where the URL names one beside master',
    trigger: onBranch('master', `${repositoryUrl}#main`),
    event: { branch: 'trunk' },
    comes: /is for master, not for trunk$/,
  },
  {
    title: 'to a pull request',
    event: pull,
    trigger: { sourceTriggerEvents: ['commit', 'pullrequest'] },
    comes: 'aside',
  },
  {
    title: 'to a pull request from a fork',
    event: { ...pull, fromFork: true },
    trigger: { sourceTriggerEvents: ['pullrequest'] },
    comes: /^pull request 7 comes from a fork, which is not built$/,
  },
  { title: 'whose task is built of another branch', task: built(`${repositoryUrl}#next`), comes: 'aside' },
  {
    title: 'whose task names its branch in full',
    task: built(`${repositoryUrl}#refs/heads/main`),
    comes: 'own',
  },
  {
    title: 'whose task is built of a branch whose name ends like a full one',
    event: { branch: 'x/main' },
    trigger: onBranch('x/main'),
    task: built(`${repositoryUrl}#x/refs/heads/main`),
    comes: 'aside',
  },
  { title: 'whose task is built of the default branch', task: built(repositoryUrl), comes: 'aside' },
  {
    title: 'that does not tell the default branch, whose task is built of it',
    event: { defaultBranch: undefined as never },
    task: built(repositoryUrl),
    comes: 'own',
  },
  { title: 'whose task is built of an archive', task: built('https://example.com/a.tar.gz'), comes: 'own' },
  { title: 'whose task has no context', task: built(undefined), comes: 'own' },
];
for (const { title, event, trigger: changes, task = built(own), comes } of decisions)
  test(`a push ${title}: ${comes}`, () => {
    const choice = decideOnSource({ ...pushed, ...event }, { ...trigger, ...changes }, task);
    if (comes instanceof RegExp) {
      assert.equal(choice.do, 'skip');
      assert.match(choice.do === 'skip' ? choice.reason : '', comes);
    } else assert.deepEqual(choice, { do: 'start', aside: comes === 'aside' });
  });

test('repositories of GitHub', () => {
  assert.deepEqual(githubRepository('https://github.com/team/app.git#main:src'), {
    host: 'github.com',
    name: 'team/app',
  });
  assert.deepEqual(githubRepository('https://ghe.example.com:8443/a/b.c/'), {
    host: 'ghe.example.com:8443',
    name: 'a/b.c',
  });
  assert.equal(githubRepository('github.com/team/app').name, 'team/app');
});

const devops: [url: string, organization: string, project: string, repository: string][] = [
  ['https://dev.azure.com/org/My%20Project/_git/app', '/org', 'My Project', 'app'],
  ['https://org@dev.azure.com/org/app/_git/app#main', '/org', 'app', 'app'],
  ['https://dev.azure.com/org/_git/app', '/org', 'app', 'app'],
  ['https://org.visualstudio.com/p/_git/app', '/org', 'p', 'app'],
  ['https://org.visualstudio.com/DefaultCollection/p/_git/app', '/org', 'p', 'app'],
  ['https://org.visualstudio.com/_git/app', '/org', 'app', 'app'],
  ['https://tfs.example.com/tfs/Main/p/_git/app', '/tfs/Main', 'p', 'app'],
];
for (const [url, organization, project, repository] of devops)
  test(`Azure DevOps: ${url}`, () => {
    const { host: _, ...found } = devopsRepository(url);
    assert.deepEqual(found, { organization, project, repository });
  });

test('both hosts of Azure DevOps name one repository', () => {
  const key = (url: string) => repositoryKey('VisualStudioTeamService', url);
  assert.equal(
    key('https://org.visualstudio.com/DefaultCollection/P/_git/App'),
    key('https://org@dev.azure.com/org/p/_git/app'),
  );
});

const refused: [provider: 'Github' | 'VisualStudioTeamService', url: string][] = [
  ['Github', 'https://github.com/team'],
  ['Github', 'https://github.com/team/app/tree/main'],
  ['Github', 'git@github.com:team/app.git'],
  ['Github', 'file:///etc/passwd'],
  ['VisualStudioTeamService', 'https://dev.azure.com/org/p/app'],
  ['VisualStudioTeamService', 'https://tfs.example.com/_git/app'],
  ['VisualStudioTeamService', 'https://dev.azure.com/org/%zz/_git/app'],
];
for (const [provider, url] of refused)
  test(`${url} is no repository of ${provider}`, () => {
    assert.throws(() => repositoryKey(provider, url), SourceRepositoryError);
  });

test.run();
