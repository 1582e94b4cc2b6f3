import assert from 'node:assert/strict';
import { test } from 'uvu';
import { followAfter } from '../../shared/rules/timing.ts';

/** Asks until a build of so many seconds has ended. @returns how often, and how long after its end that is seen */
function followed(seconds: number, known: { expected?: number; atOnce?: number }) {
  let asked = 0;
  let age = followAfter(0);
  for (; age < seconds; age += followAfter(asked, { age, ...known })) asked++;
  return { asked: asked + 1, late: age - seconds };
}

/** Each: what the build takes, what it took before, and the runs at once; at most so many questions, and seconds late. */
const rows: [seconds: number, expected: number | undefined, atOnce: number, asked: number, late: number][] = [
  [5, undefined, 10, 4, 0],
  [20, undefined, 10, 8, 3],
  [60, undefined, 10, 11, 8],
  [300, undefined, 10, 19, 8],
  [5, 5, 10, 5, 0],
  [20, 20, 10, 12, 0],
  [20, 20, 100, 9, 1],
  [22, 20, 10, 14, 0],
  [60, 60, 10, 14, 0],
  [55, 60, 10, 13, 2],
  [66, 60, 10, 16, 0],
  [300, 300, 10, 22, 0],
  [330, 300, 10, 24, 1],
  // It fails at once, or takes far longer than before.
  [2, 300, 10, 2, 0],
  [600, 20, 10, 47, 12],
  [1, 0, 10, 1, 0],
];
for (const [seconds, expected, atOnce, asked, late] of rows)
  test(`a build of ${seconds} s, before ${expected ?? '-'} s, ${atOnce} at once, is asked for ${asked} times and seen ended ${late} s late`, () => {
    const found = followed(seconds, { ...(expected !== undefined && { expected }), atOnce });
    assert.ok(found.asked <= asked && found.late <= late, JSON.stringify(found));
  });

test('at no number of runs at once the engine is asked more often than Resource Manager grants, in the end', () => {
  for (const atOnce of [1, 10, 20, 50, 100, 200])
    for (const age of [17, 20, 24, 40])
      assert.ok(atOnce / followAfter(9, { age, expected: 20, atOnce }) <= 25);
});

test.run();
