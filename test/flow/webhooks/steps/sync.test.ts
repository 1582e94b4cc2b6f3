import assert from 'node:assert/strict';
import { test } from 'uvu';
import { syncDueWebhooks, syncTaskWebhooks } from '../../../../shared/flow/webhooks/syncWebhooks.ts';
import type { Webhook } from '../../../../shared/model/webhook.ts';
import { without } from '../../../../shared/model/without.ts';
import { SourceControlError } from '../../../../shared/ports/sourceControl.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { conflict, writesOf } from '../../queue/steps/queueRows.ts';
import { after, etagOf, now, registry, rowOf, rowsLeft, type World, worldOf } from './hookRows.ts';

for (const [title, nextAttempt, isDue] of [
  ['now', now, true],
  ['before', after(-60), true],
  ['later', after(1), false],
  ['never', undefined, false],
] as const)
  test(`a webhook that is due ${title} is ${isDue ? 'registered' : 'left alone'} with its task`, async () => {
    const { world, row } = await worldOf();
    const etag = await etagOf(world);
    const value = { ...without(row, 'nextAttempt'), ...(nextAttempt && { nextAttempt }) };
    await world.store.commit(registry, [{ put: 'webhook', value, etag }]);
    await syncTaskWebhooks(registry, 'webapp', world.ports);
    assert.equal(world.hooks.calls.length, isDue ? 1 : 0);
    if (!isDue) assert.deepEqual(await rowsLeft(world), [value]);
  });

const again = (retryAfter?: number) => new SourceControlError('busy', { transient: true, retryAfter });
const never = new SourceControlError('no right', { transient: false });
const pending = { message: 'busy' } as const;

/** Each: the row before, what the server answers, how it is asked, and what the row is then; undefined where it is gone. */
const attempts: [
  title: string,
  before: Partial<Webhook>,
  fails: Error | undefined,
  asked: 'register' | 'remove' | undefined,
  row: Partial<Webhook> | undefined,
  logged: RegExp,
][] = [
  [
    'is registered',
    { message: 'busy', attempts: 3 },
    undefined,
    'register',
    { status: 'Registered', ids: ['hook-1'], attempts: 0 },
    /^information webhook https\S+ registered {"registry":"appacr","task":"webapp","trigger":"src"}$/,
  ],
  [
    'meets a busy server',
    {},
    again(),
    'register',
    { ...pending, attempts: 1, nextAttempt: after(60) },
    /busy .*"again":true/,
  ],
  [
    'meets a busy server again',
    { attempts: 3 },
    again(),
    'register',
    { ...pending, attempts: 4, nextAttempt: after(480) },
    /^warning webhook https\S+: busy {/,
  ],
  [
    'meets a busy server for a day',
    { attempts: 40 },
    again(),
    'register',
    { ...pending, attempts: 41, nextAttempt: after(3600) },
    /busy/,
  ],
  [
    'meets a server that names a time',
    {},
    again(300),
    'register',
    { ...pending, attempts: 1, nextAttempt: after(300) },
    /busy/,
  ],
  [
    'meets a server that names a short time',
    {},
    again(3),
    'register',
    { ...pending, attempts: 1, nextAttempt: after(60) },
    /busy/,
  ],
  ['has not the right', {}, never, 'register', { status: 'ByHand', attempts: 1 }, /no right .*"again":false/],
  [
    'meets a fault',
    {},
    new TypeError('broken'),
    'register',
    { status: 'ByHand', attempts: 1 },
    /broken .*"again":false/,
  ],
  [
    'has no token',
    { token: undefined },
    undefined,
    undefined,
    { status: 'ByHand', attempts: 1 },
    /there is no token/,
  ],
  [
    'is removed',
    { status: 'Removing', ids: ['hook-1'] },
    undefined,
    'remove',
    undefined,
    /^information webhook https\S+ removed {/,
  ],
  [
    'is removed from a busy server',
    { status: 'Removing', attempts: 28 },
    again(),
    'remove',
    { ...pending, attempts: 29, nextAttempt: after(3600) },
    /busy/,
  ],
  [
    'was tried to be removed for a day',
    { status: 'Removing', attempts: 29 },
    again(),
    'remove',
    undefined,
    /delete it by hand/,
  ],
  [
    'has not the right to be removed',
    { status: 'Removing' },
    never,
    'remove',
    undefined,
    /delete it by hand/,
  ],
];
for (const [title, before, fails, asked, row, logged] of attempts)
  test(`a webhook that ${title} ${row ? `is ${row.status ?? before.status ?? 'Pending'}` : 'is gone'} then`, async () => {
    const { world, row: was } = await worldOf(JSON.parse(JSON.stringify(before)) as Partial<Webhook>);
    if ('token' in before) {
      const etag = await etagOf(world);
      await world.store.commit(registry, [{ put: 'webhook', value: without(was, 'token'), etag }]);
    }
    world.hooks.fail = fails;
    assert.deepEqual(await syncDueWebhooks(world.ports), []);
    assert.deepEqual(
      world.hooks.calls.map(({ call, token, secret }) => [call, token, secret]),
      asked ? [[asked, { token: 'pat', tokenType: 'OAuth' }, asked === 'register' ? 'word' : undefined]] : [],
    );
    const isEnded = row?.status !== undefined;
    const { message, ...kept } = isEnded ? without(was, 'nextAttempt') : was;
    const [left] = await rowsLeft(world);
    if (!row) assert.equal(left, undefined);
    else if (row.status === 'ByHand') {
      const { message: says, ...rest } = left!;
      assert.match(says!, /^Not registered: .+ By hand: add a webhook/);
      assert.deepEqual(rest, { ...('token' in before ? without(kept, 'token') : kept), ...row });
    } else assert.deepEqual(left, { ...kept, ...row });
    assert.match(world.lines.at(-1)!, logged);
  });

test('a token of no kind is one of a person, and what is left at another repository has the secrets of its trigger', async () => {
  const { world, row } = await worldOf({ trigger: 'src~team.app' });
  const etag = await etagOf(world);
  const value: Webhook = { ...without(row, 'tokenType'), status: 'Removing' };
  await world.store.commit(registry, [{ put: 'webhook', value, etag }]);
  await syncDueWebhooks(world.ports);
  assert.deepEqual(
    world.hooks.calls.map(({ call, token }) => [call, token]),
    [['remove', { token: 'pat', tokenType: 'PAT' }]],
  );
});

/** Each: what comes between the claim and the rest, and whether the server is asked. */
const claims: [title: string, disturb: (world: World) => void, isAsked: boolean, faults: string[]][] = [
  ['another claims it before', (world) => meet(world, 0, conflict), false, []],
  ['the storage fails before', (world) => meet(world, 0, new TypeError('away')), false, ['away']],
  ['the task is written after', (world) => meet(world, 1, conflict), true, []],
  ['the storage fails after', (world) => meet(world, 1, new TypeError('away')), true, ['away']],
  ['it is gone after', (world) => found(world, undefined), false, []],
  ['another claims it after', (world) => found(world, after(600)), false, []],
];
function meet(world: World, nth: number, before: Error) {
  writesOf(world as never, (at) => (at === nth ? { before } : {}));
}
function found(world: World, nextAttempt: string | undefined) {
  world.ports.store.webhook = async () =>
    nextAttempt ? { value: rowOf(world, { nextAttempt }), etag: '1' } : undefined;
}
for (const [title, disturb, isAsked, reasons] of claims)
  test(`a webhook is claimed for two minutes, and its server ${isAsked ? 'asked' : 'left alone'} where ${title}`, async () => {
    const { world } = await worldOf();
    disturb(world);
    const faults = await syncDueWebhooks(world.ports);
    assert.deepEqual(
      faults,
      reasons.map((reason) => ({ what: 'webhook src of webapp', reason })),
    );
    assert.equal(world.hooks.calls.length, isAsked ? 1 : 0);
    const [left] = await rowsLeft(world);
    const isClaimed = isAsked || title.includes('it after') || title.includes('gone');
    assert.deepEqual([left!.attempts, left!.nextAttempt], isClaimed ? [1, after(120)] : [0, now]);
  });

test('what cannot be read is told, and the webhooks of the other registries are registered', async () => {
  const { world } = await worldOf();
  const [known] = world.ports.settings.registries;
  world.ports.settings.registries = [{ ...known!, name: 'otheracr' }, known!];
  const { dueWebhooks } = world.store;
  world.ports.store.dueWebhooks = async (of, at, unread) => {
    if (of === 'otheracr') throw new Error('away');
    unread?.(new UnreadableError('cut short'));
    return dueWebhooks(of, at);
  };
  assert.deepEqual(await syncDueWebhooks(world.ports), [
    { what: 'the webhooks of otheracr', reason: 'away' },
    { what: 'a row of the store', reason: 'cut short' },
  ]);
  assert.equal(world.hooks.calls.length, 1);
  world.ports.store.webhooks = async () => {
    throw new Error('away');
  };
  await syncTaskWebhooks(registry, 'webapp', world.ports);
  assert.equal(
    world.lines.at(-1),
    'error the webhooks of webapp wait for the clock: away {"registry":"appacr"}',
  );
});

test.run();
