import assert from 'node:assert/strict';
import { test } from 'uvu';
import { forget, see, termsNow } from '../../../../shared/flow/push/see.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import { base, callsOf, earlier, pushWorld, seen, time } from './pushWorld.ts';

const said: Judgement = {
  ...{ digest: 'bad', image: base, verdict: 'quarantined' },
  reason: 'CVE',
  time: earlier,
};
for (const [title, judgements] of [
  ['nothing was said', []],
  ['one was said', [said]],
] as const)
  test(`the terms of now, where ${title}`, async () => {
    const { ports } = await pushWorld([]);
    const policies = [{ images: base, minimumAge: '1h' }];
    ports.settings.policies = policies;
    if (judgements.length > 0) await ports.store.putJudgements({ judgements: [...judgements] }, undefined);
    assert.deepEqual(await termsNow(ports), { policies, judgements, now: new Date(time) });
  });

const look = { image: base, digest: 'new', time, how: 'announced' } as const;
/** Each: what was seen, whether it was just read, what of the options; whether it is news, is written, rows read. */
const looks: [
  title: string,
  before: string[],
  edges: boolean,
  isKept: boolean,
  expected: { isNews: boolean; written: number; read: number; after: string[] | undefined },
][] = [
  ['the first', [], false, true, { isNews: true, written: 1, read: 1, after: ['new'] }],
  ['the first, with its edges', [], true, true, { isNews: true, written: 1, read: 0, after: ['new'] }],
  ['one more', ['old'], false, true, { isNews: true, written: 1, read: 1, after: ['old', 'new'] }],
  [
    'one more, with its edges',
    ['old'],
    true,
    true,
    { isNews: true, written: 1, read: 0, after: ['old', 'new'] },
  ],
  [
    'one more that leaves nothing behind',
    ['old'],
    false,
    false,
    { isNews: true, written: 0, read: 1, after: ['old'] },
  ],
];
for (const [title, before, withEdges, isKept, expected] of looks)
  test(`a look at a base image: ${title}`, async () => {
    const world = await pushWorld([]);
    if (before.length > 0) await world.ports.store.putSightings(seen(before), undefined);
    const edges = await world.ports.store.imageEdges(base);
    const calls = callsOf(world, 'sightings', 'putSightings');
    const { isNews, newest } = await see(look, world.ports, { isKept, ...(withEdges && { edges }) });
    const count = (name: string) => calls.filter((call) => call.name === name).length;
    const [written, read] = [count('putSightings'), count('sightings')];
    const after = (await world.ports.store.sightings(base))?.value.digests.map(({ digest }) => digest);
    assert.deepEqual({ isNews, written, read, after }, expected);
    assert.equal(newest.digest, 'new');
  });

test('a look that is no news writes nothing', async () => {
  const world = await pushWorld([]);
  await see(look, world.ports);
  const calls = callsOf(world, 'putSightings');
  assert.equal((await see(look, world.ports)).isNews, false);
  assert.deepEqual(calls, []);
});

test('a look that another disturbs is taken again, from what is there then', async () => {
  const world = await pushWorld([]);
  const edges = await world.ports.store.imageEdges(base);
  await world.ports.store.putSightings(seen(['old']), undefined);
  const { seen: after } = await see(look, world.ports, { edges });
  assert.deepEqual(
    after.digests.map(({ digest }) => digest),
    ['old', 'new'],
  );
});

/** Each: what was seen of the image, what is left when `bad` is gone from its registry, and how often it is written. */
const gone: [title: string, before: string[], after: string[] | undefined, writes: number, meets?: Error][] =
  [
    ['the newest', ['old', 'bad'], ['old'], 1],
    ['an older one', ['bad', 'new'], ['new'], 1],
    ['one that was never seen', ['old', 'new'], ['old', 'new'], 0],
    ['one of an image that was never seen', [], undefined, 0],
    ['the only one', ['bad'], [], 1],
    [
      'one while another look is written',
      ['old', 'bad'],
      ['old'],
      2,
      new ConflictError('another was before'),
    ],
  ];
for (const [title, before, after, writes, meets] of gone)
  test(`a digest that is gone counts no more: ${title}`, async () => {
    const world = await pushWorld([]);
    const { store } = world.ports;
    if (before.length > 0) await store.putSightings(seen(before), undefined);
    let written = 0;
    const putSightings: typeof store.putSightings = async (...given) => {
      if (++written === 1 && meets) throw meets;
      return store.putSightings(...given);
    };
    await forget(base, 'bad', { ...world.ports, store: { ...store, putSightings } });
    const left = (await store.sightings(base))?.value;
    assert.deepEqual(left, after && seen(after));
    assert.equal(written, writes);
  });

test.run();
