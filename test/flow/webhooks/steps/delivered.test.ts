import assert from 'node:assert/strict';
import { test } from 'uvu';
import { Refusal } from '../../../../shared/flow/refusal.ts';
import type { GivenDelivery } from '../../../../shared/flow/webhooks/onDelivery.ts';
import { without } from '../../../../shared/model/without.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import {
  commitA,
  commitB,
  devopsPullRequest,
  devopsPush,
  githubPullRequest,
  githubPush,
  signatureOf,
} from '../../../doubles/sourceDeliveries.ts';
import { both, deliver, devops, secretOf, type World, worldOf } from '../../../worlds/deliveryWorld.ts';
import { type SourceTriggerGiven, sourceTrigger } from '../../../worlds/triggerWorld.ts';
import { writesOf } from '../../queue/steps/queueRows.ts';

const registry = 'appacr';
const azure = { sourceTriggerEvents: both, sourceRepository: devops };
const text = JSON.stringify(githubPush());
const basic = (words: string) => `Basic ${Buffer.from(words).toString('base64')}`;

type Change = (secret: string) => Partial<GivenDelivery>;
/** Each: who sends, what of the delivery is otherwise, and whether it is proved. */
const proofs: [title: string, sender: 'GitHub' | 'Azure DevOps', change: Change, isProved: boolean][] = [
  ['with its signature', 'GitHub', () => ({ authorization: undefined }), true],
  [
    'with its signature in capitals',
    'GitHub',
    (secret) => ({ signature: signatureOf(text, secret).toUpperCase() }),
    true,
  ],
  [
    'without the name of its hash',
    'GitHub',
    (secret) => ({ signature: signatureOf(text, secret).slice(7) }),
    true,
  ],
  ['with something before it', 'GitHub', (secret) => ({ signature: `x${signatureOf(text, secret)}` }), false],
  [
    'with the name of its hash in it',
    'GitHub',
    (secret) => ({ signature: signatureOf(text, secret).slice(7).replace(/^.{9}/, '$&sha256=') }),
    false,
  ],
  ['with its secret', 'GitHub', () => ({ signature: undefined }), false],
  ['with another signature', 'GitHub', () => ({ signature: signatureOf(text, 'other') }), false],
  [
    'with a signature of another body',
    'GitHub',
    (secret) => ({ signature: signatureOf('{}', secret) }),
    false,
  ],
  ['with its password', 'Azure DevOps', () => ({ signature: undefined }), true],
  [
    'with its password and no user',
    'Azure DevOps',
    (secret) => ({ authorization: basic(`:${secret}`) }),
    true,
  ],
  ['with its password alone', 'Azure DevOps', (secret) => ({ authorization: basic(secret) }), true],
  [
    'in lower case',
    'Azure DevOps',
    (secret) => ({ authorization: basic(`x:${secret}`).replace('B', 'b') }),
    true,
  ],
  ['with another password', 'Azure DevOps', () => ({ authorization: basic('plinth:other') }), false],
  ['with its signature alone', 'Azure DevOps', () => ({ authorization: undefined }), false],
  [
    'with a token',
    'Azure DevOps',
    (secret) => ({ authorization: `Bearer ${basic(`x:${secret}`).slice(6)}` }),
    false,
  ],
  [
    'with something before it',
    'Azure DevOps',
    (secret) => ({ authorization: `x${basic(`x:${secret}`)}` }),
    false,
  ],
  [
    'with something behind it',
    'Azure DevOps',
    (secret) => ({ authorization: `${basic(`x:${secret}`)} x` }),
    false,
  ],
  ['to the registry in capitals', 'GitHub', () => ({ registry: 'AppACR' }), true],
  ['to another registry', 'GitHub', () => ({ registry: 'otheracr' }), false],
  ['to another task', 'GitHub', () => ({ task: 'other-task' }), false],
  ['to another trigger', 'GitHub', () => ({ trigger: 'other' }), false],
];
for (const [title, sender, change, isProved] of proofs)
  test(`a delivery of ${sender} ${title} is ${isProved ? 'taken' : 'not'}`, async () => {
    const world = await worldOf(sender === 'GitHub' ? {} : azure);
    const changed = change(await secretOf(world));
    const given =
      sender === 'GitHub' ? deliver(world, 'push', text, changed) : deliver(world, '', devopsPush(), changed);
    if (isProved) assert.equal((await given).decision, 'started');
    else
      await assert.rejects(
        given,
        (error) => error instanceof Refusal && error.status === 404 && error.code === 'WebhookNotAccepted',
      );
  });

for (const [title, change, isAsked] of [
  ['a registry that is none', { registry: 'none' }, false],
  ['a task that can be none', { task: 'a!b' }, false],
  ['a trigger that can be none', { trigger: 'a~b' }, false],
  ['a trigger that is not there', { trigger: 'other' }, true],
] as const)
  test(`no delivery is taken for ${title}, and the store is ${isAsked ? 'asked once' : 'not asked'}`, async () => {
    const world = await worldOf();
    const { webhook } = world.store;
    let asked = 0;
    world.ports.store.webhook = async (...of) => {
      asked++;
      return webhook(...of);
    };
    await assert.rejects(deliver(world, 'push', text, change), Refusal);
    assert.equal(asked, isAsked ? 1 : 0);
  });

for (const [title, event, change, isOf] of [
  ['GitHub would not send', 'push', { deliveryId: undefined }, {}],
  ['GitHub sends with an event', undefined, { event: undefined }, {}],
  ['Azure DevOps would not send', '', {}, azure],
] as const)
  test(`a body that ${title} is refused`, async () => {
    const world = await worldOf(isOf);
    await assert.rejects(
      deliver(world, event ?? '', isOf === azure ? '{' : text, change),
      (error) => error instanceof Refusal && error.status === 400 && error.code === 'InvalidWebhookBody',
    );
  });

const change = async (world: World, more: object) => {
  const { value, etag } = (await world.store.state(registry, 'webapp'))!;
  await world.store.commit(registry, [{ put: 'state', value: { ...value, ...more }, etag }]);
};

/** Each: what became of the task, and why nothing starts. */
const ends: [title: string, before: (world: World) => Promise<unknown>, reason: string][] = [
  [
    'whose trigger is gone',
    (world) => dropTrigger(world),
    'webapp has no trigger defaultSourceTriggerName any more',
  ],
  ...(['base', 'none'] as const).map((left): [string, (world: World) => Promise<unknown>, string] => [
    `whose triggers are gone, of base images ${left === 'none' ? 'too' : 'not'}`,
    (world) => dropTrigger(world, left),
    'webapp has no trigger defaultSourceTriggerName any more',
  ]),
  [
    'that is gone',
    (world) => world.store.commit(registry, [{ remove: 'task', task: 'webapp' }]),
    'webapp has no trigger defaultSourceTriggerName any more',
  ],
  ['that was deleted', (world) => change(world, { deleted: true }), 'webapp was deleted'],
  [
    'whose state is gone',
    (world) => world.store.commit(registry, [{ remove: 'state', task: 'webapp' }]),
    'webapp was deleted',
  ],
  ['that was disabled meanwhile', (world) => change(world, { enabled: false }), 'webapp is disabled'],
  [
    'that is paused',
    async (world) => {
      world.ports.settings.policies = [{ tasks: 'appacr/web*', pause: 'frozen' }];
    },
    'appacr/web* is paused: frozen',
  ],
];
async function dropTrigger({ store }: World, left: 'other' | 'base' | 'none' = 'other'): Promise<void> {
  const { value, etag } = (await store.task(registry, 'webapp'))!;
  const { sourceTriggers: [one] = [], ...rest } = value.properties.trigger!;
  const triggers = { other: { sourceTriggers: [{ ...one!, name: 'other' }] }, base: rest, none: undefined };
  const trigger = triggers[left];
  const properties = { ...value.properties, trigger };
  await store.commit(registry, [{ put: 'task', value: { ...value, properties }, etag }]);
}
for (const [title, before, reason] of ends)
  test(`a delivery to a task ${title} starts nothing, and says why`, async () => {
    const world = await worldOf();
    await before(world);
    assert.deepEqual(await deliver(world, 'push', text), { decision: 'skipped', reason });
    assert.deepEqual([await world.runs(), world.rung], [[], []]);
    assert.equal(
      world.lines.at(-1),
      `information webhook defaultSourceTriggerName of webapp: nothing started, ${reason} {"registry":"appacr"}`,
    );
  });

test('a task with several triggers starts by the one that is called', async () => {
  const world = await worldOf();
  const first = sourceTrigger({ name: 'first', sourceTriggerEvents: ['pullrequest'] });
  await world.patch('webapp', { properties: { trigger: { sourceTriggers: [first, sourceTrigger()] } } });
  assert.equal((await deliver(world, 'push', text)).decision, 'started');
});

test('what GitHub sends to see whether there is anyone is answered', async () => {
  const world = await worldOf();
  assert.deepEqual(await deliver(world, 'ping', '{}'), { decision: 'skipped', reason: 'pong' });
});

const moves = (...names: string[]) =>
  devopsPush(
    names.map((name) => ({ name: `refs/heads/${name}`, oldObjectId: commitA, newObjectId: commitB })),
  );

/** Each: the branches that one push moves, and the branch that is built, or why none is. */
for (const [branches, built, reason] of [
  [['main'], 'main', undefined],
  [['side', 'main'], 'main', undefined],
  [['side', 'other'], undefined, /not for side$/],
] as const)
  test(`of a push that moves ${branches.join(' and ')} ${built ?? 'none'} is built`, async () => {
    const world = await worldOf(azure);
    const received = await deliver(world, '', moves(...branches));
    const [run] = await world.runs();
    assert.equal(run?.sourceTrigger?.branchName, built);
    if (reason) assert.match('reason' in received ? received.reason : '', reason);
  });

/** Each: what is delivered, and what the run has of it. */
const started: [
  title: string,
  trigger: SourceTriggerGiven,
  event: string,
  body: unknown,
  has: object,
  aside: boolean,
][] = [
  [
    'a push to GitHub',
    {},
    'push',
    githubPush(),
    { eventType: 'Commit', branchName: 'main', providerType: 'Github' },
    false,
  ],
  [
    'a pull request of GitHub',
    { sourceTriggerEvents: both },
    'pull_request',
    githubPullRequest(),
    { eventType: 'Pull Request', pullRequestId: '7', branchName: 'feature', providerType: 'Github' },
    true,
  ],
  [
    'a pull request of Azure DevOps',
    azure,
    '',
    devopsPullRequest(),
    {
      eventType: 'Pull Request',
      pullRequestId: '1',
      branchName: 'feature',
      providerType: 'VisualStudioTeamService',
    },
    true,
  ],
];
for (const [title, trigger, event, body, has, aside] of started)
  test(`${title} queues one run, sends it a message, and is known by its id and by what moved`, async () => {
    const world = await worldOf(trigger);
    const writes = writesOf(world as never, (at) => (at === 0 ? { before: new ConflictError('x') } : {}));
    const received = await deliver(world, event, body);
    assert.ok(received.decision === 'started');
    const [run] = await world.runs();
    const { id, repositoryUrl, ...rest } = run!.sourceTrigger!;
    assert.deepEqual(rest, { commitId: commitB, ...has });
    assert.ok(id);
    assert.match(repositoryUrl, /^https:\/\/(github\.com|dev\.azure\.com)\/.*app/);
    assert.equal(run!.aside, aside ? true : undefined);
    assert.equal('aside' in run!, aside);
    assert.deepEqual(world.rung, [{ registry, runId: received.runId }]);
    const rows = ['put run', 'put state', 'put place', 'put delivery', 'put delivery'];
    assert.deepEqual(writes, [rows, rows]);
    const kind = 'pullRequestId' in has ? 'pullrequest' : 'commit';
    assert.ok(
      world.lines
        .at(-1)!
        .startsWith(
          `information ${kind} ${commitB} of ${run!.sourceTrigger!.branchName}: run ${received.runId}`,
        ),
    );
    assert.ok(
      world.lines.at(-1)!.includes(JSON.stringify({ registry, runId: received.runId, task: 'webapp' })),
    );
    const again = await deliver(world, event, body);
    assert.deepEqual(again, {
      decision: 'skipped',
      reason: `run ${received.runId} was started for it already`,
    });
    assert.deepEqual(without(again as { decision: string; reason: string }, 'reason'), {
      decision: 'skipped',
    });
  });

test.run();
