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

const hour = 60;
const day = 24 * hour;
const cadences: [every: number, age: number, lateBy: number][] = [
  // In minutes; at most so late are steps that are lost.
  [day, 3 * day, 0],
  [12 * hour, 3 * day, 0],
  [6 * hour, 3 * day, 0],
  [hour, 3 * day, 8 * hour],
  [5, 3 * day, 12 * hour],
  [hour, 12 * hour, 2 * hour],
  [12 * hour, 30 * day, 3 * day],
  [12 * hour, 80 * day, 12 * day],
];
for (const [every, age, lateBy] of cadences)
  test(`of pushes every ${every} minutes a hundred are kept, and what is ${age / hour} hours old is at most ${lateBy / hour} hours older`, () => {
    let seen: Sightings | undefined;
    let late = 0;
    for (let time = 0; time < 90 * day; time += every) {
      const look = { image, digest: String(time), time: at(time), how: 'announced' } as const;
      seen = withSeen(seen, look, new Date(at(time)));
      if (time < age) continue;
      const oldEnough = seen.digests.findLast(({ since }) => since <= at(time - age))!;
      late = Math.max(late, time - age - ((time - age) % every) - Number(oldEnough.digest));
    }
    assert.ok(seen!.digests.length <= 100);
    assert.deepEqual(
      [seen!.digests[0]!.digest, seen!.digests.at(-1)!.digest],
      ['0', String(90 * day - every)],
    );
    assert.ok(late <= lateBy, `${late / hour} hours`);
  });

test.run();
