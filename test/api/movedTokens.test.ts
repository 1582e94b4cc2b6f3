import assert from 'node:assert/strict';
import { test } from 'uvu';
import { applyPatch } from '../../shared/api/applyPatch.ts';
import { withoutMovedTokens } from '../../shared/api/movedTokens.ts';
import { TaskCreate } from '../../shared/model/task.ts';

const here = 'https://github.com/team/app';
const there = 'https://dev.example.com/team/app';
const auth = { tokenType: 'OAuth', token: 'old-token', refreshToken: 'old-refresh' };
const trigger = (repositoryUrl: string, sourceControlAuthProperties?: object | null) => ({
  name: 'commits',
  sourceTriggerEvents: ['commit'],
  sourceRepository: {
    sourceControlType: 'Github',
    repositoryUrl,
    ...(sourceControlAuthProperties !== undefined && { sourceControlAuthProperties }),
  },
});
const before = TaskCreate.parse({
  location: 'x',
  properties: {
    step: {
      type: 'Docker',
      dockerFilePath: 'D',
      contextPath: `${here}.git`,
      contextAccessToken: 'old-token',
    },
    trigger: { sourceTriggers: [trigger(here, auth)] },
  },
});

function patched(properties: object) {
  const patch = { properties };
  const after = TaskCreate.parse(applyPatch(before as never, patch as never));
  return withoutMovedTokens(before.properties, after, patch).properties;
}

const rows: [title: string, change: object, kept: object | undefined][] = [
  ['stays', trigger(`${here}.git`), auth],
  ['moves', trigger(there), undefined],
  ['moves with a new token', trigger(there, { token: 'new' }), { tokenType: 'OAuth', token: 'new' }],
  [
    'moves with a new refresh token',
    trigger(there, { refreshToken: 'new' }),
    { tokenType: 'OAuth', refreshToken: 'new' },
  ],
  [
    'moves with both anew',
    trigger(there, { token: 'new', refreshToken: 'newer' }),
    { tokenType: 'OAuth', token: 'new', refreshToken: 'newer' },
  ],
  ['moves while its token is taken away', trigger(there, { token: null }), undefined],
  ['moves while all of it is taken away', trigger(there, null), undefined],
  ['moves with another type of token alone', trigger(there, { tokenType: 'PAT' }), undefined],
  ['stays with a new token', trigger(here, { token: 'new' }), { ...auth, token: 'new' }],
];
for (const [title, change, kept] of rows)
  test(`a source trigger whose repository ${title} has only tokens given for where it is`, () => {
    const [source] = patched({ trigger: { sourceTriggers: [change] } }).trigger!.sourceTriggers!;
    assert.deepEqual(source!.sourceRepository.sourceControlAuthProperties, kept);
  });

const contexts: [title: string, step: object, token: string | undefined][] = [
  ['stays', { contextPath: `${here}.git#main` }, 'old-token'],
  ['moves', { contextPath: `${there}.git` }, undefined],
  ['moves with a new token', { contextPath: `${there}.git`, contextAccessToken: 'new' }, 'new'],
  [
    'moves while its token is taken away',
    { contextPath: `${there}.git`, contextAccessToken: null },
    undefined,
  ],
];
for (const [title, step, token] of contexts)
  test(`a context that ${title} has only a token given for where it is`, () => {
    assert.equal(patched({ step: { type: 'Docker', ...step } }).step.contextAccessToken, token);
  });

test.run();
