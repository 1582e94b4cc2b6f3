import assert from 'node:assert/strict';
import { test } from 'uvu';
import { webhookOwner } from '../../../../shared/flow/secrets/owners.ts';
import { webhookViews } from '../../../../shared/flow/webhooks/webhookViews.ts';
import { webhookRows, webhookWrites } from '../../../../shared/flow/webhooks/webhookWrites.ts';
import type { Webhook } from '../../../../shared/model/webhook.ts';
import { without } from '../../../../shared/model/without.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { createWorld, type SourceTriggerGiven, sourceTrigger, taskOf } from '../../../worlds/triggerWorld.ts';
import { etagOf, registry, rowOf, url, type World, worldOf } from './hookRows.ts';

test('a webhook is shown, and its secret where that is asked for and opens', async () => {
  const { world } = await worldOf({ message: 'busy' });
  const view = { trigger: 'src', url, status: 'Pending', message: 'busy' };
  const views = (withSecrets?: boolean) => webhookViews(registry, 'webapp', world.ports, withSecrets);
  assert.deepEqual(await views(), [view]);
  assert.deepEqual(await views(true), [{ ...view, secret: 'word' }]);
  const etag = await etagOf(world);
  const sealed = rowOf(world, { secret: world.ports.seal.seal('word', 'another'), status: 'Registered' });
  await world.store.commit(registry, [{ put: 'webhook', value: sealed, etag }]);
  assert.deepEqual(await views(true), [{ ...without(view, 'message'), status: 'Registered' }]);
  const open = () => assert.fail('broken');
  const ports = { store: world.store, seal: { ...world.ports.seal, open } };
  await assert.rejects(webhookViews(registry, 'webapp', ports, true), /broken/);
  await world.store.commit(registry, [
    { put: 'webhook', value: rowOf(world, { trigger: 'b~x', secret: sealedAs(world, 'b') }) },
  ]);
  assert.equal((await views(true)).find(({ trigger }) => trigger === 'b~x')!.secret, 'word');
});
const sealedAs = ({ ports: { seal } }: World, trigger: string) =>
  seal.seal('word', webhookOwner(registry, 'webapp', trigger));

/** What is written for a task of some triggers, where these rows are there. */
async function written(
  world: World,
  triggers: object[] | undefined,
  properties: Record<string, unknown> = {},
) {
  const task = triggers && taskOf({ sourceTriggers: triggers }, properties);
  const rows = await webhookRows(registry, 'webapp', task?.properties, world.ports);
  const writes = webhookWrites({ registry, task: 'webapp' }, task?.properties, rows, world.ports);
  return writes.map((write) => {
    assert.ok(
      'value' in write && 'trigger' in write.value && !('key' in write.value) && 'hook' in write.value,
    );
    const { trigger, status } = write.value;
    const etag = 'etag' in write ? write.etag : undefined;
    return {
      how: `${'put' in write ? 'put' : 'remove'} ${trigger} ${status}`,
      etag,
      row: write.value as Webhook,
    };
  });
}
const trigger = (name: string, more: SourceTriggerGiven = {}) => sourceTrigger({ name, ...more });
const known = { status: 'Registered' as const, ids: ['hook-1'] };

/** Each: the row that is there, the triggers of the task, and what is written. */
const writes: [
  title: string,
  before: Partial<Webhook>,
  triggers: object[] | undefined,
  how: string[],
  properties?: Record<string, unknown>,
][] = [
  ['that stays', known, [trigger('src')], ['put src Registered']],
  ['beside a new one', known, [trigger('src'), trigger('new')], ['put src Registered', 'put new Pending']],
  ['of a trigger that is gone', known, [], ['put src Removing']],
  ['of a task that is deleted', known, undefined, ['put src Removing']],
  [
    'of a trigger that is gone beside a new one',
    known,
    [trigger('new')],
    ['put new Pending', 'put src Removing'],
  ],
  ['of a task that has no more triggers', known, [], ['put src Removing'], { trigger: {} }],
  ['of a task that has no triggers at all', known, [], ['put src Removing'], { trigger: undefined }],
  [
    'of a trigger that is gone and never was registered',
    { ids: [], attempts: 0 },
    [],
    ['remove src Pending'],
  ],
  ['that is removed already', { ...known, status: 'Removing' }, [], []],
  [
    'at another repository',
    known,
    [trigger('src', { sourceRepository: { repositoryUrl: 'https://github.com/team/b.git' } })],
    ['put src Pending', 'put src~team.app Removing'],
  ],
  ['of a trigger that is disabled', { ids: [] }, [trigger('src', { status: 'Disabled' })], ['put src Off']],
  ['of a task that is disabled', { ids: [] }, [trigger('src')], ['put src Off'], { status: 'Disabled' }],
];
for (const [title, before, triggers, how, properties] of writes)
  test(`a webhook ${title} is written with its task: ${how.join(', ') || 'nothing'}`, async () => {
    const { world, row } = await worldOf(before);
    const etag = await etagOf(world);
    const asked = askedFor(world);
    const all = await written(world, triggers, properties);
    assert.deepEqual(
      all.map((one) => one.how),
      how,
    );
    // What is read together is not read again.
    assert.deepEqual(asked, how.join().includes('new') ? ['new'] : []);
    for (const one of all.filter((one) => one.how.startsWith('put')))
      assert.equal(one.etag, one.row.trigger === 'src' ? etag : undefined);
    // Its secret is the one with which the server signs already.
    for (const one of all.filter((one) => one.row.trigger.startsWith('src')))
      assert.equal(one.row.secret, row.secret);
  });

for (const [tokenType, kept] of [
  ['OAuth', 'OAuth'],
  [undefined, undefined],
] as const)
  test(`a new webhook has the token of its trigger, sealed${tokenType ? ', and its kind' : ''}`, async () => {
    const world = createWorld();
    const given = trigger('src', {
      sourceRepository: { sourceControlAuthProperties: { tokenType: 'OAuth', token: 'pat' } },
    });
    const task = taskOf({ sourceTriggers: [given] });
    const auth = task.properties.trigger!.sourceTriggers![0]!.sourceRepository.sourceControlAuthProperties!;
    if (!tokenType) delete (auth as { tokenType?: string }).tokenType;
    const [one] = webhookWrites({ registry, task: 'webapp' }, task.properties, [], world.ports);
    assert.ok(one && 'put' in one && one.put === 'webhook');
    const owner = webhookOwner(registry, 'webapp', 'src');
    assert.equal(world.ports.seal.open(one.value.token!, owner), 'pat');
    assert.equal(one.value.tokenType, kept);
    assert.ok(world.ports.seal.open(one.value.secret, owner).length > 20);
  });

test('a webhook whose secret does not open gets another, and is registered anew', async () => {
  const world = createWorld();
  await world.store.commit(registry, [
    { put: 'webhook', value: rowOf(world, { ...known, secret: sealedAs(world, 'other') }) },
  ]);
  const none = { sourceRepository: { sourceControlAuthProperties: undefined } };
  const [with1] = await written(world, [trigger('src')]);
  assert.equal(with1!.how, 'put src Pending');
  const owner = webhookOwner(registry, 'webapp', 'src');
  assert.ok(world.ports.seal.open(with1!.row.secret, owner));
  assert.equal(world.ports.seal.open(with1!.row.token!, owner), 'pat-1');
  assert.deepEqual(with1!.row.ids, ['hook-1'], 'what is registered is known still');
  const [without1] = await written(world, [trigger('src', none)]);
  // The token that was sealed with it does not open either.
  assert.deepEqual([without1!.how, without1!.row.token], ['put src ByHand', undefined]);
});

test('of the webhooks that are read, one that cannot be is replaced', async () => {
  const { world } = await worldOf({ ...known, trigger: 'other' });
  await world.store.commit(registry, [
    { put: 'webhook', value: rowOf(world, { ...known, trigger: 'third' }) },
  ]);
  const asked = askedFor(world, 'src');
  const all = await written(world, [trigger('src'), trigger('other'), trigger('third'), trigger('new')]);
  assert.deepEqual(
    all.map(({ how, etag }) => [how, etag === '7']),
    [
      ['put src Pending', true],
      ['put other Pending', false],
      ['put third Pending', false],
      ['put new Pending', false],
    ],
  );
  assert.deepEqual(asked, ['src', 'new']);
});

/** The triggers whose rows are asked for one by one from now on; one of them cannot be read. */
function askedFor(world: World, unread?: string): string[] {
  const { webhook } = world.store;
  const asked: string[] = [];
  world.ports.store.webhook = async (...of) => {
    asked.push(of[2]);
    if (of[2] === unread) throw new UnreadableError('cut short', { etag: '7' });
    return webhook(...of);
  };
  return asked;
}

test.run();
