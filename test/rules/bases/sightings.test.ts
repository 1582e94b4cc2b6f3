import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Sightings } from '../../../shared/model/bases/sightings.ts';
import { withSeen } from '../../../shared/rules/bases/sightings.ts';

const image = 'baseacr.azurecr.io/base:1';
const start = Date.parse('2026-11-23T10:00:00.000Z');
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();

/** `B@3` an event of minute 3, `B?5` a registry's answer in minute 5; `/9` when it reaches Plinth. */
function seenAfter(looks: string): Sightings {
  let seen: Sightings | undefined;
  for (const look of looks.split(' ')) {
    const [, digest = '', how, time = '', heard = time] = /^(\w)([@?])(\d+)(?:\/(\d+))?$/.exec(look)!;
    const known = { image, digest, time: at(Number(time)), how: how === '@' ? 'announced' : 'read' } as const;
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
  ['A@0 B@60/1 C@2', 'C', 'a registry whose clock is ahead pushes now'],
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

test('of 2,000 pushes a hundred are kept: the first, the newest, and steps between them', () => {
  let seen: Sightings | undefined;
  for (let push = 0; push < 2_000; push++)
    seen = withSeen(
      seen,
      { image, digest: String(push), time: at(push), how: 'announced' },
      new Date(at(push)),
    );
  const kept = seen!.digests.map(({ digest }) => Number(digest));
  assert.equal(kept.length, 100);
  assert.equal(kept[0], 0);
  assert.equal(kept.at(-1), 1999);
  const steps = kept.slice(1).map((push, index) => push - kept[index]!);
  assert.ok(Math.max(...steps) <= 60, `the largest step has ${Math.max(...steps)} pushes`);
});

test.run();
