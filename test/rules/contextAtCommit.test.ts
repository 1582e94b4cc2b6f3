import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { SourceRunTrigger } from '../../shared/model/run.ts';
import { parseSourceLocation } from '../../shared/names/sourceLocation.ts';
import {
  devopsRepository,
  githubRepository,
  repositoryKey,
  SourceRepositoryError,
} from '../../shared/names/sourceRepository.ts';
import { contextAtCommit } from '../../shared/rules/decideOnSource.ts';

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
  ['/dev/null', 'https://github.com/team/app.git', '/dev/null'],
];
for (const [context, repository, wanted] of contexts)
  test(`${context} after a push to ${repository} is ${wanted}`, () => {
    assert.equal(contextAtCommit(context, moved(repository)), wanted);
    parseSourceLocation(wanted);
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
