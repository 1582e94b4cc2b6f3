import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createApiWorld } from '../doubles/apiWorld.ts';

const commits = {
  name: 'commits',
  sourceTriggerEvents: ['commit'],
  sourceRepository: {
    sourceControlType: 'Github',
    repositoryUrl: 'https://github.com/contoso/app',
    sourceControlAuthProperties: { tokenType: 'PAT', token: 'hidden' },
  },
};
const hello = {
  location: 'x',
  properties: { step: { type: 'Docker', dockerFilePath: 'D' }, trigger: { sourceTriggers: [commits] } },
};

for (const repositoryUrl of [
  'nonsense',
  'http://',
  'https://[',
  'ssh://git@github.com/a/b',
  '::',
  'https://github.com',
  'git@github.com:a/b.git',
])
  test(`a PATCH to the repository ${repositoryUrl} is refused, and changes nothing`, async () => {
    const { call } = createApiWorld();
    await call('tasks-create', { task: 'hello' }, hello);
    const before = await call('tasks-list-details', { task: 'hello' });
    const change = { name: 'commits', sourceRepository: { repositoryUrl } };
    const patch = { properties: { trigger: { sourceTriggers: [change] } } };
    const { status, body } = await call('tasks-update', { task: 'hello' }, patch);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.error.code, 'InvalidTrigger');
    assert.deepEqual(await call('tasks-list-details', { task: 'hello' }), before);
  });

test.run();
