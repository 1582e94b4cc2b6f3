import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Sightings } from '../../../shared/model/bases/sightings.ts';
import { contentFor, isSameFor, withContents, withSeen } from '../../../shared/rules/bases/sightings.ts';

const image = 'baseacr.azurecr.io/base:1';
const start = Date.parse('2026-11-23T10:00:00.000Z');
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();

const hows = { '@': 'announced', '?': 'read', '~': 'named' } as const;
/** `B@3` an event of minute 3, `B?5` a registry's answer in minute 5, `B~5` named then; `/9` when it reaches Plinth. */
function seenAfter(looks: string): Sightings {
  let seen: Sightings | undefined;
  for (const look of looks.split(' ')) {
    const [, digest = '', how, time = '', heard = time] = /^(\w)([@?~])(\d+)(?:\/(\d+))?$/.exec(look)!;
    const known = { image, digest, time: at(Number(time)), how: hows[how as keyof typeof hows] } as const;
    seen = withSeen(seen, known, new Date(at(Number(heard))));
  }
  return seen!;
}

const cases: [looks: string, newest: string, why: string][] = [
  ['A?0', 'A', 'what is read first is all that is known'],
  ['A@0 B@1', 'B', 'the later event is the newer'],
  ['B@1/2 A@0/3', 'B', 'events come in any order'],
  ['A@0 B@1 B@1/9 A@0/9', 'B', 'an event that comes again changes nothing'],
  ['A@0 B@1 A@2', 'A', 'a move back that is announced counts at once'],
  ['A@0 A@2/3 B@1/4', 'A', 'and in any order'],
  ['A@0 B@1 A?2', 'B', 'a replica lags'],
  ['A@0 B@1 A?15', 'B', 'for a quarter of an hour'],
  ['A@0 B@1 A?16', 'A', 'what is read after that was moved back'],
  ['A@0 B@1 A?16 B?17', 'A', 'a replica may lag behind a move back, too'],
  ['A@0 B@1 A?16 B?31', 'B', 'and forward again'],
  ['A@0 B@1 A?16 A@0/17', 'A', 'an event of the first push does not undo a move back'],
  ['A?0 B?1', 'B', 'what was never met is the newest'],
  ['A@0 B@1 C?2', 'C', 'before its event'],
  ['A@0 B@3 C?4 C@1/5', 'B', 'until its event says that it is older'],
  ['A@0 C?5 B@2/6', 'C', 'what is read may have been pushed after an event that came late'],
  ['A@0 C?5 B@2/6 C@1/7', 'B', 'or before it, as its own event says'],
  ['A@0 C?5 B@2/6 C@3/7', 'C', 'or not'],
  ['A@0 C?5 B@2/6 B?19', 'C', 'without its event it is doubted'],
  ['A@0 C?5 B@2/6 B?20', 'B', 'for a quarter of an hour'],
  ['A~0', 'A', 'what is only named is all that is known'],
  ['A@0 B~1', 'A', 'what is only named counts for nothing beside what was seen'],
  ['A~0 B~1', 'A', 'the first that is named counts'],
  ['A~0 B@1', 'B', 'what is announced counts after what was named'],
  ['A@0 B@1 A?2 A?16', 'A', 'a doubt ends with its time, not with the first answer'],
  ['A@0 B@60/1 C@2', 'C', 'a registry whose clock is ahead pushes now'],
  ['A@0 C?60 B@3/5', 'B', 'the clock of the app was ahead when C was read'],
  ['A@0 C?60 B?5', 'B', 'what is met after that is the newest'],
  ['A@0 C?60 D?61 B?5', 'B', 'however many were read meanwhile'],
  ['A@0 C?60 D?61 A@0/5', 'D', 'these stay in their order'],
  ['A@0 B@4 C?60 A@0/5', 'C', 'and after what was known before'],
  ['A@0 B@4 C?60 D@3/5', 'C', 'which is newer than an event that comes late'],
  ['A@0 C?60 A?5 A?19', 'C', 'a replica may lag after that, too'],
  ['A@0 C?60 A?5 A?20', 'A', 'but not for longer than else'],
  ['A@0 B@2 A?60 B@4/5', 'B', 'also where what was read had been moved back'],
  ['A@0 C?60 A@3/5', 'A', 'a move back that is announced counts at once, there too'],
  ['A@0 C@60 B@3/5', 'B', 'the clock of the registry was ahead as well'],
  ['A@0 C?6 B@5/5', 'C', 'clocks differ by a minute'],
];
for (const [looks, newest, why] of cases)
  test(`${looks}: ${newest}, as ${why}`, () => {
    assert.equal(seenAfter(looks).digests.at(-1)?.digest, newest);
  });

test('a digest is first seen by the clock of the app, once', () => {
  const seen = seenAfter('A@0/7 B@1/8 A@9');
  assert.deepEqual(
    seen.digests.map(({ digest, firstSeen }) => [digest, firstSeen]),
    [
      ['B', at(8)],
      ['A', at(7)],
    ],
  );
});

test('nothing new is the same object: nothing is written', () => {
  const seen = seenAfter('A@0 B@1');
  for (const look of [
    { image, digest: 'B', time: at(1), how: 'announced' },
    { image, digest: 'B', time: at(5), how: 'read' },
    { image, digest: 'A', time: at(5), how: 'read' },
    { image, digest: 'A', time: at(0), how: 'announced' },
  ] as const)
    assert.ok(withSeen(seen, look, new Date(at(30))) === seen, look.digest);
});

test('what is seen of a digest is kept beside what a registry has answered of it', () => {
  const seen = seenAfter('A@0 B@1');
  assert.deepEqual(seen, {
    image,
    digests: [
      { digest: 'A', firstSeen: at(0), since: at(0), sure: true },
      { digest: 'B', firstSeen: at(1), since: at(1), sure: true },
    ],
  });
  const once = withContents(seen, new Map([['A', { contents: { 'linux/amd64': 'x' } }]]));
  assert.deepEqual(once.digests, [
    { ...seen.digests[0]!, contents: { 'linux/amd64': 'x' } },
    seen.digests[1],
  ]);
  const twice = withContents(once, new Map([['A', { contents: { 'linux/arm64': 'y' } }]]));
  const moved = withSeen(twice, { image, digest: 'A', time: at(9), how: 'announced' }, new Date(at(9)));
  assert.deepEqual(moved.digests, [
    seen.digests[1],
    {
      digest: 'A',
      firstSeen: at(0),
      since: at(9),
      sure: true,
      contents: { 'linux/amd64': 'x', 'linux/arm64': 'y' },
    },
  ]);
  assert.equal(moved.image, image);
});

test('a digest that is read for the first time is not surely from then', () =>
  assert.deepEqual(
    seenAfter('A?3 B@9 A?30').digests.map(({ digest, since, sure }) => [digest, since, sure]),
    [
      ['B', at(9), true],
      ['A', at(30), true],
    ],
  ));

test('a digest that was only read is from the time of its event', () => {
  assert.deepEqual(seenAfter('A?3').digests[0], { digest: 'A', firstSeen: at(3), since: at(3), sure: false });
  assert.deepEqual(seenAfter('A?3 A@1').digests[0], {
    digest: 'A',
    firstSeen: at(3),
    since: at(1),
    sure: true,
  });
});

test('digests of one instant stay in the order in which they were met', () => {
  const order = (looks: string) =>
    seenAfter(looks)
      .digests.map(({ digest }) => digest)
      .join('');
  assert.equal(order('A@5 B@5 C@5'), 'ABC');
  assert.equal(order('C@5 A@4 B@5'), 'ACB');
});

/** `A x y`: a digest, what it is for linux/amd64 and for linux/arm64; `*x` for each, `-` unknown. */
function known(...digests: string[]): Sightings {
  return {
    image,
    digests: digests.map((text) => {
      const [digest = '', amd = '-', arm = '-'] = text.split(' ');
      const contents = Object.fromEntries(
        amd.startsWith('*')
          ? [['*', amd.slice(1)]]
          : [
              ['linux/amd64', amd],
              ['linux/arm64', arm],
            ].filter(([, content]) => content !== '-'),
      );
      return { digest, firstSeen: at(0), since: at(0), sure: true, ...(amd !== '-' && { contents }) };
    }),
  };
}
const same: [digests: string[], platform: string, isSame: boolean][] = [
  [['A x y', 'B x z'], 'linux/amd64', true],
  [['A x y', 'B x z'], 'linux/arm64', false],
  [['A x y', 'B z y'], 'linux/arm64', true],
  [['A *x', 'B x y'], 'linux/amd64', true],
  [['A *x', 'B *x'], 'linux/arm64', true],
  [['A *x', 'B *y'], 'linux/arm64', false],
  [['A x', 'B x'], 'linux/arm64', false],
  [['A', 'B'], 'linux/amd64', false],
  [['A', 'B x'], 'linux/amd64', false],
  [['A x'], 'linux/amd64', false],
];
for (const [digests, platform, isSame] of same)
  test(`${digests.join(', ')}: ${isSame ? 'the same' : 'not known to be the same'} for ${platform}`, () =>
    assert.equal(isSameFor(known(...digests), ['A', 'B'], platform), isSame));

test('what a digest is for a platform is not known of one that was never seen', () =>
  assert.equal(contentFor(known('A x'), 'C', 'linux/amd64'), undefined));

/** A hundred and one digests, the tag's by the minutes of their pushes; which of them is not kept. */
const everyMinute = Array.from({ length: 101 }, (_, minute) => minute);
const moved = (changes: Record<number, number>) => everyMinute.map((minute) => changes[minute] ?? minute);
const thinned: [title: string, minutes: number[], gone: number[]][] = [
  ['of a hundred all are kept', everyMinute.slice(1), []],
  ['of steps that are alike the oldest goes, and the first stays', everyMinute, [1]],
  ['the smallest step goes, whose next is near', moved({ 21: 20.01 }), [20]],
  ['the smallest step goes, whose last is near', moved({ 19: 19.99 }), [20]],
  ['a smaller step that is younger stays', moved({ 91: 90.01 }), [1]],
  ['the first stays, however near the next is', moved({ 1: 0.01, 2: 0.02 }), [1]],
  ['the newest stay, though two are of one instant', moved({ 99: 100 }), [1]],
  ['of two more two go, and not one beside the other', [...everyMinute, 101], [1, 3]],
];
for (const [title, minutes, gone] of thinned)
  test(title, () => {
    let seen: Sightings | undefined;
    for (const [digest, minute] of minutes.entries()) {
      const look = { image, digest: String(digest), time: at(minute), how: 'announced' } as const;
      seen = withSeen(seen, look, new Date(at(200)));
    }
    const kept = seen!.digests.map(({ digest }) => Number(digest));
    assert.deepEqual(
      minutes.map((_, place) => place).filter((place) => !kept.includes(place)),
      gone,
    );
  });

test.run();
