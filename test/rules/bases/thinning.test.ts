import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Sightings } from '../../../shared/model/bases/sightings.ts';
import { withSeen } from '../../../shared/rules/bases/sightings.ts';
import { byTier } from '../../tier.ts';

const image = 'baseacr.azurecr.io/base:1';
const start = Date.parse('2026-11-23T10:00:00.000Z');
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();
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
    const whole = every < hour ? byTier({ fast: 10 * day, normal: 90 * day, long: 90 * day }) : 90 * day;
    for (let time = 0; time < whole; time += every) {
      const look = { image, digest: String(time), time: at(time), how: 'announced' } as const;
      seen = withSeen(seen, look, new Date(at(time)));
      if (time < age) continue;
      const oldEnough = seen.digests.findLast(({ since }) => since <= at(time - age))!;
      late = Math.max(late, time - age - ((time - age) % every) - Number(oldEnough.digest));
    }
    assert.ok(seen!.digests.length <= 100);
    assert.deepEqual([seen!.digests[0]!.digest, seen!.digests.at(-1)!.digest], ['0', String(whole - every)]);
    assert.ok(late <= lateBy, `${late / hour} hours`);
  });

test.run();
