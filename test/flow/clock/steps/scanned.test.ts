import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scanBaseImages } from '../../../../shared/flow/clock/scanBaseImages.ts';
import { newScan } from '../../../../shared/model/scan.ts';
import { eventGuid } from '../../../../shared/names/eventGuid.ts';
import { RegistryError, type RegistryLogin } from '../../../../shared/ports/registry.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import {
  callsOf,
  linesOf,
  other,
  passwordLogin,
  pushWorld,
  putTaskRow,
  registry,
  taskOn,
  time,
} from '../../push/steps/pushWorld.ts';
import { ago, both, foreign, own, round, scanOf, worldOf } from './scanWorld.ts';

/** Each: how long ago both were looked at, and what is looked at now. */
const intervals: [looked: number, polled: number, looks: string[] | undefined][] = [
  [300, 0, [own]],
  [299, 0, undefined],
  [0, 900, [foreign]],
  [0, 899, undefined],
  [300, 900, [own, foreign]],
  [299, 899, undefined],
  [-120, 0, [own]],
];
for (const [looked, polled, looks] of intervals)
  test(`${looked} and ${polled} s after the last rounds ${looks?.length ?? 'no'} base images are looked at`, async () => {
    const scan = { lookedAt: ago(looked), polledAt: ago(polled) };
    const world = await worldOf(both, scan);
    const calls = callsOf(world, 'states', 'putScan');
    assert.deepEqual(await round(world), looks && []);
    assert.deepEqual(world.looks, looks ?? []);
    assert.deepEqual(await scanOf(world), {
      ...newScan,
      lookedAt: looks?.includes(own) ? time : scan.lookedAt,
      polledAt: looks?.includes(foreign) ? time : scan.polledAt,
    });
    assert.equal(calls.length, looks ? 3 : 0);
  });

test('a round that another has taken meanwhile is not made again', async () => {
  const world = await worldOf(both, { lookedAt: time, polledAt: time });
  assert.equal(await scanBaseImages(world.ports, newScan), undefined);
  assert.deepEqual(world.looks, []);
});

for (const [until, isLooked] of [
  [ago(0), true],
  [ago(-1), false],
] as const)
  test(`a registry that is to be left alone until ${until} is ${isLooked ? 'looked at' : 'left alone'}`, async () => {
    const world = await worldOf(both, { pausedUntil: { 'docker.io': until } });
    await round(world);
    assert.deepEqual(world.looks, isLooked ? [own, foreign] : [own]);
    assert.deepEqual((await scanOf(world))!.pausedUntil, isLooked ? {} : { 'docker.io': until });
  });

const answer = (code: RegistryError['code'], retryAfter?: number) =>
  new RegistryError(code, `it is ${code}`, { ...(retryAfter && { retryAfter }) } as never);
const left = 'docker.io was left alone for the rest of the round';
/** Each: what the looks at twenty images meet in turn, how many are looked at, why the last was not seen, the pause. */
const meets: [
  title: string,
  meets: (at: number) => Error | undefined,
  looks: number,
  reason: string | undefined,
  paused?: string,
][] = [
  ['is there', () => undefined, 20, undefined],
  ['does not answer', () => answer('Unreachable'), 16, left],
  [
    'does not answer twice, and then does',
    (at) => (at % 3 === 2 ? undefined : answer('Unreachable')),
    20,
    'it is Unreachable',
  ],
  ['has none', () => answer('NotFound'), 20, 'it is NotFound'],
  ['asks to slow down', () => answer('TooManyRequests'), 16, left, ago(-60)],
  ['asks to slow down for a time', () => answer('TooManyRequests', 300), 16, left, ago(-300)],
  ['fails', () => new Error('broken'), 20, 'broken'],
];
for (const [title, met, looks, reason, paused] of meets)
  test(`of twenty images of a registry that ${title}, ${looks} are looked at`, async () => {
    const images = Array.from({ length: 20 }, (_, at) => `docker.io/library/i${at}:1`);
    const world = await worldOf([taskOn('app', images)]);
    let looked = 0;
    world.trouble.registry = () => met(looked++);
    const lines = linesOf(world);
    assert.deepEqual(await round(world), []);
    assert.equal(looked, looks);
    const { unseen, pausedUntil } = (await scanOf(world))!;
    const last = unseen.find(({ image }) => image === images.at(-1));
    assert.equal(last?.reason, reason);
    assert.deepEqual(pausedUntil, paused ? { 'docker.io': paused } : {});
    // A registry of others is nobody's here to mend.
    assert.deepEqual(lines, []);
  });

test('a base image in a registry of the settings that cannot be looked at is told of', async () => {
  const world = await worldOf(both);
  world.trouble.registry = () => answer('NotFound');
  const lines = linesOf(world);
  await round(world);
  assert.deepEqual(lines, [
    ['warning', `stale edge: ${own} cannot be looked at: it is NotFound`, { registry: 'appacr.azurecr.io' }],
  ]);
});

test('a base image that is gone is no fault', async () => {
  const world = await worldOf(both);
  world.tags.clear();
  assert.deepEqual(await round(world), []);
  assert.deepEqual((await scanOf(world))!.unseen, []);
});

test('a base image that moved is decided on, once for all that are built on it', async () => {
  const world = await worldOf([taskOn('app', [own]), taskOn('web', [own])]);
  world.tags.set(own, 'new');
  await round(world);
  assert.deepEqual(world.looks.filter((image) => image === own).length, 1);
  const { open } = (await world.ports.store.state(registry, 'web'))!.value;
  assert.equal(open.length, 1);
  // What is found so is known by when it was looked for.
  for await (const { push } of world.ports.store.decisions(registry, 'web'))
    assert.equal(push.id, eventGuid('seen-20261123T100000000Z-1'));
});

const server = 'private.io';
const secret = `${server}/base:1`;
/** Each: the tasks of an image, with what row each has, and the login with which it is looked at, or why it is not. */
const signed: [
  title: string,
  rows: ('password' | 'plain' | 'none' | 'broken')[],
  login: RegistryLogin | string,
][] = [
  ['without credentials', ['plain'], { kind: 'anonymous' }],
  ['with a password', ['password'], passwordLogin],
  ['of which the second has a password', ['plain', 'password'], passwordLogin],
  ['of which the first is gone', ['none', 'password'], passwordLogin],
  ['of which one is gone', ['none', 'plain'], { kind: 'anonymous' }],
  [
    'that are gone',
    ['none', 'none'],
    'the credentials of task app0 of appacr, which is built on it, cannot be read',
  ],
  ['with a secret that does not open', ['broken'], /does not open|sealed|another/.source],
];
for (const [title, rows, login] of signed)
  test(`the base image of tasks ${title} is ${typeof login === 'string' ? 'not seen' : `looked at as ${login.kind}`}`, async () => {
    const states = rows.map((_, at) => taskOn(`app${at}`, [secret]));
    const world = await pushWorld(states);
    world.tags.set(secret, 'old');
    for (const [at, row] of rows.entries())
      if (row !== 'none') await putTaskRow(world, `app${at}`, row === 'plain' ? undefined : server);
    if (rows.includes('broken')) {
      const { value, etag } = (await world.ports.store.task(registry, 'app0'))!;
      value.properties.credentials!.customRegistries![server]!.password!.value = world.ports.seal.seal(
        'x',
        'y',
      );
      await world.ports.store.commit(registry, [{ put: 'task', value, etag }]);
    }
    const logins: RegistryLogin[] = [];
    const { digestOf } = world.ports.registry;
    world.ports.registry.digestOf = async (reference, as, ...rest) => {
      logins.push(as);
      return digestOf(reference, as, ...rest);
    };
    assert.deepEqual(await scanBaseImages(world.ports, newScan), []);
    const [unseen] = (await scanOf(world))!.unseen;
    if (typeof login === 'string') assert.match(unseen!.reason, new RegExp(login));
    else assert.equal(unseen, undefined);
    assert.deepEqual(logins, typeof login === 'string' ? [] : [login]);
  });

test('the image of a task without a row in one registry is looked at with the login of another', async () => {
  const world = await worldOf([{ ...taskOn('app', [own]), registry: other }, taskOn('app', [own])]);
  assert.deepEqual(await round(world), []);
  assert.deepEqual(world.looks, [own]);
  world.ports.store.tasks = async (of, unread) => {
    if (of === other) throw new Error('away');
    unread?.(new UnreadableError('cut short'));
    return [];
  };
  const scan = { ...newScan, lookedAt: ago(300), polledAt: time };
  const { etag } = (await world.ports.store.scan())!;
  await world.ports.store.putScan(scan, etag);
  assert.deepEqual(await scanBaseImages(world.ports, scan), [
    { what: 'a row of the store', reason: 'cut short' },
    { what: 'the credentials of otheracr', reason: 'away' },
  ]);
});

test('what cannot be read of one registry keeps the others from nothing', async () => {
  const world = await worldOf(both);
  const { states } = world.ports.store;
  world.ports.store.states = async (of, unread) => {
    if (of === other) throw new Error('away');
    unread?.(new UnreadableError('cut short'));
    return states(of);
  };
  assert.deepEqual(await round(world), [
    { what: 'a row of the store', reason: 'cut short' },
    { what: 'the tasks of otheracr', reason: 'away' },
  ]);
  assert.equal(world.looks.length, 2);
});

test('without tasks that are built on an image nothing is read of any', async () => {
  const world = await worldOf([taskOn('app', [])]);
  const calls = callsOf(world, 'tasks', 'judgements');
  assert.deepEqual(await round(world), []);
  assert.deepEqual(calls, []);
});

test('what a DELETE has left is removed', async () => {
  const gone = { ...taskOn('gone', [own]), deleted: true };
  const world = await worldOf([gone, taskOn('app', [own])]);
  assert.deepEqual(await round(world), []);
  assert.equal(await world.ports.store.state(registry, 'gone'), undefined);
  assert.ok(await world.ports.store.state(registry, 'app'));
  const { dependents } = await world.ports.store.imageEdges(own);
  assert.deepEqual(
    dependents.map(({ task }) => task),
    ['app'],
  );
});
test('what of a DELETE cannot be removed is told', async () => {
  const world = await worldOf([{ ...taskOn('gone', [own]), deleted: true }]);
  world.ports.store.forgetState = async () => {
    throw new Error('away');
  };
  assert.deepEqual(await round(world), [
    { what: 'the rest of the deleted task gone of appacr', reason: 'away' },
  ]);
});

const unseen = (image: string) => ({ image, reason: 'before' });
/** Each: what was not seen before, the round, and what is not seen then. */
const kept: [title: string, before: string[], own: boolean, after: string[]][] = [
  ['that is seen now', [own], true, []],
  ['that is not looked at in this round', [foreign], true, [foreign]],
  ['of which no task is built any more', ['docker.io/library/gone:1'], true, []],
  ['of several kinds', [own, foreign, 'docker.io/library/gone:1'], false, [own]],
];
for (const [title, before, isOwn, after] of kept)
  test(`an image ${title} is told of ${after.length ? 'still' : 'no more'}`, async () => {
    const times = isOwn ? { lookedAt: ago(300), polledAt: time } : { lookedAt: time, polledAt: ago(900) };
    const world = await worldOf(both, { ...times, unseen: before.map(unseen) });
    await round(world);
    assert.deepEqual((await scanOf(world))!.unseen, after.map(unseen));
  });

test('a hundred images are told of, and those of a newer round are left', async () => {
  const images = Array.from({ length: 120 }, (_, at) => `docker.io/library/i${at}:1`);
  const world = await worldOf([taskOn('app', images)]);
  world.trouble.registry = () => new Error('broken');
  await round(world);
  assert.equal((await scanOf(world))!.unseen.length, 100);
});

for (const newer of ['lookedAt', 'polledAt'] as const)
  test(`where another has begun a round meanwhile, its ${newer} says so, and it is left what it has found`, async () => {
    const world = await worldOf(both);
    const { store } = world.ports;
    world.trouble.registry = () => new Error('broken');
    const { judgements } = store;
    store.judgements = async () => {
      const { value, etag } = (await store.scan())!;
      await store.putScan({ ...value, [newer]: ago(-1) }, etag);
      return judgements();
    };
    assert.deepEqual(await round(world), []);
    assert.deepEqual((await scanOf(world))!.unseen, []);
  });

test.run();
