import assert from 'node:assert/strict';
import { test } from 'uvu';
import { chunks, mapAtMost } from '../../../shared/flow/concurrency.ts';

/** Each: how many things there are, how many at most are under way, and how many are. */
const amounts: [things: number, atOnce: number, underWay: number][] = [
  [0, 2, 0],
  [1, 2, 1],
  [2, 2, 2],
  [5, 1, 1],
  [5, 2, 2],
  [5, 9, 5],
];
for (const [things, atOnce, underWay] of amounts)
  test(`of ${things} things ${underWay} are under way where ${atOnce} may be, and each is done once`, async () => {
    let [now, most] = [0, 0];
    const done: [item: string, at: number][] = [];
    const items = Array.from({ length: things }, (_, at) => `thing ${at}`);
    const answers = await mapAtMost(items, atOnce, async (item, at) => {
      most = Math.max(most, ++now);
      // The later ones end first.
      for (let turn = 0; turn < 2 * (things - at); turn++) await Promise.resolve();
      done.push([item, at]);
      now--;
      return `${item} done`;
    });
    assert.deepEqual(
      answers,
      items.map((item) => `${item} done`),
    );
    assert.equal(most, underWay);
    assert.deepEqual(
      done.toSorted(([, one], [, other]) => one - other),
      items.map((item, at) => [item, at]),
    );
  });

test('what fails is told', () =>
  assert.rejects(
    mapAtMost([1, 2], 2, async (item) => {
      if (item === 2) throw new Error('away');
    }),
    /away/,
  ));

for (const [things, parts] of [
  [[], []],
  [[1], [[1]]],
  [[1, 2], [[1, 2]]],
  [
    [1, 2, 3],
    [[1, 2], [3]],
  ],
  [
    [1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
  ],
] as const)
  test(`${things.length} things by two are ${parts.length} parts`, () =>
    assert.deepEqual(chunks([...things], 2), parts));

test.run();
