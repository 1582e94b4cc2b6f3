import assert from 'node:assert/strict';
import { test } from 'uvu';
import { Refusal } from '../../shared/flow/refusal.ts';
import type { GivenDelivery } from '../../shared/flow/webhooks/onDelivery.ts';
import { commitA, devopsPush, githubPush, signatureOf } from '../doubles/sourceDeliveries.ts';
import { both, deliver, devops, worldOf } from '../worlds/deliveryWorld.ts';
import type { SourceTriggerGiven } from '../worlds/triggerWorld.ts';

const proofs: [title: string, trigger: SourceTriggerGiven, change: Partial<GivenDelivery>][] = [
  ['no signature', {}, { signature: undefined }],
  ['a signature with another key', {}, { signature: signatureOf('x', 'y') }],
  ['a signature of another body', {}, { body: Buffer.from(JSON.stringify(githubPush({ after: commitA }))) }],
  ['a password where a signature is due', {}, { signature: '' }],
  ['a task that does not exist', {}, { task: 'nobody' }],
  ['a task whose name is none', {}, { task: 'a/b?c#d' }],
  ['a trigger that does not exist', {}, { trigger: 'nothing' }],
  ['a registry that is not served', {}, { registry: 'other' }],
  ['Azure DevOps: no password', { sourceRepository: devops }, { authorization: undefined }],
  [
    'Azure DevOps: another password',
    { sourceRepository: devops },
    { authorization: `Basic ${Buffer.from('plinth:no').toString('base64')}` },
  ],
  [
    'Azure DevOps: a signature where a password is due',
    { sourceRepository: devops },
    { authorization: 'Bearer x' },
  ],
];
for (const [title, trigger, change] of proofs)
  test(`not proved, with one and the same answer: ${title}`, async () => {
    const world = await worldOf(trigger);
    await assert.rejects(
      deliver(world, 'push', githubPush(), change),
      (error: Refusal) =>
        error instanceof Refusal && error.status === 404 && error.code === 'WebhookNotAccepted',
    );
    assert.deepEqual(await world.runs(), []);
  });

const nonsense: [title: string, trigger: SourceTriggerGiven, event: string, body: unknown][] = [
  ['no JSON', {}, 'push', '{'],
  ['nothing', {}, 'push', ''],
  ['a list', {}, 'push', []],
  ['a commit that is none', {}, 'push', githubPush({ after: '--upload-pack=x' })],
  ['no event named', {}, '', githubPush()],
  [
    'a pull request without a head',
    { sourceTriggerEvents: both },
    'pull_request',
    { action: 'opened', number: 1 },
  ],
  [
    'Azure DevOps: a repository that is none',
    { sourceRepository: devops },
    '',
    devopsPush(undefined, { resource: { refUpdates: [], pushId: 1, repository: {} } }),
  ],
  ['Azure DevOps: no JSON', { sourceRepository: devops }, '', 'hello'],
];
for (const [title, trigger, event, body] of nonsense)
  test(`400: ${title}`, async () => {
    const world = await worldOf(trigger);
    await assert.rejects(
      deliver(world, event, body),
      (error: Refusal) => error instanceof Refusal && error.status === 400,
    );
  });

test.run();
