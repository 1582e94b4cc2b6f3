import assert from 'node:assert/strict';
import { test } from 'uvu';
import { engineImageName, outputReference } from '../../../../shared/flow/prepare/outputNames.ts';
import { contextOf, tokenFor } from '../../../../shared/flow/prepare/runContext.ts';
import type { Credentials } from '../../../../shared/model/task.ts';
import { encodedStep, gitUrl, jobOf } from './jobs.ts';

const none = undefined;
const other: Credentials = { customRegistries: { 'Other.io': {} } };
/** Each: a name, the credentials of its task, the image that it stands for, the name that the engine gets. */
const names: [
  title: string,
  name: string,
  credentials: Credentials | undefined,
  image: string,
  given: string,
][] = [
  ['a repository', 'app:1', none, 'appacr.azurecr.io/app:1', 'app:1'],
  ['a repository without a tag', 'app', other, 'appacr.azurecr.io/app:latest', 'app'],
  ['a repository of a team', 'team/app:1', none, 'appacr.azurecr.io/team/app:1', 'team/app:1'],
  [
    'one with its registry',
    'appacr.azurecr.io/app:1',
    none,
    'appacr.azurecr.io/app:1',
    'appacr.azurecr.io/app:1',
  ],
  [
    'one with its registry in capitals',
    'AppACR.azurecr.io/app:1',
    none,
    'appacr.azurecr.io/app:1',
    'appacr.azurecr.io/app:1',
  ],
  ['one of credentials', 'OTHER.io/app:1', other, 'other.io/app:1', 'other.io/app:1'],
  [
    'one of another registry without credentials',
    'x.io/app:1',
    other,
    'appacr.azurecr.io/x.io/app:1',
    'x.io/app:1',
  ],
  ['one of Docker Hub', 'library/app:1', none, 'docker.io/library/app:1', 'library/app:1'],
  [
    'one that is called like its registry',
    'appacr.azurecr.io',
    none,
    'appacr.azurecr.io/appacr.azurecr.io:latest',
    'appacr.azurecr.io',
  ],
  [
    'one of three parts',
    'appacr.azurecr.io/a/b:1',
    none,
    'appacr.azurecr.io/a/b:1',
    'appacr.azurecr.io/a/b:1',
  ],
];
for (const [title, name, credentials, image, given] of names)
  test(`the name of an image of a build is read as ACR does: ${title}`, () => {
    const { registry } = jobOf({ step: encodedStep(['cmd: x']) }).job;
    assert.equal(outputReference(name, registry, credentials), image);
    assert.equal(engineImageName(name, registry, credentials), given);
  });

const trigger = { commitId: 'abc', repositoryUrl: gitUrl };
const otherUrl = 'https://other.example.com/app.git';
const asked = (contextPath?: string) => ({
  overrides: { arguments: [], values: [], ...(contextPath && { contextPath }) },
});
/** Each: the context of the task, the run, where its context lies, whether the token goes there. */
const contexts: [
  title: string,
  of: string | undefined,
  run: object,
  context: string | undefined,
  token: boolean,
][] = [
  ['its task’s', gitUrl, {}, gitUrl, true],
  ['its task’s, where it asks for no other', gitUrl, asked(), gitUrl, true],
  ['its own', gitUrl, asked(`${gitUrl}#dev`), `${gitUrl}#dev`, true],
  ['its own, on another server', gitUrl, asked(otherUrl), otherUrl, false],
  ['its own, an upload', gitUrl, asked('source/1.tar.gz'), 'source/1.tar.gz', false],
  ['at the commit that started it', gitUrl, { sourceTrigger: trigger }, `${gitUrl}#abc`, true],
  ['its own, whatever started it', gitUrl, { sourceTrigger: trigger, ...asked(otherUrl) }, otherUrl, false],
  ['none, whatever started it', undefined, { sourceTrigger: trigger }, undefined, true],
];
for (const [title, of, run, context, isSent] of contexts)
  test(`the context of a run is ${title}`, () => {
    const step = encodedStep(['cmd: x'], { contextPath: of, contextAccessToken: 'secret' });
    const { job } = jobOf({ step, run });
    assert.equal(contextOf(job.task, job.run), context);
    assert.equal(tokenFor(context ?? '/dev/null', job.task), isSent ? 'secret' : undefined);
  });

test.run();
