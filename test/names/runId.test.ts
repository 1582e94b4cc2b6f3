import assert from 'node:assert/strict';
import { test } from 'uvu';
import { formatRunId, newestFirst, oldestFirst, parseRunId } from '../../shared/names/runId.ts';

test('counts as ACR does: two letters and base 36', () => {
  const ids = [1, 9, 10, 35, 36, 37, 1296].map((number) => formatRunId('appacr', number));
  assert.deepEqual(
    ids.map((id) => id.slice(2)),
    ['1', '9', 'a', 'z', '10', '11', '100'],
  );
  assert.equal(new Set(ids.map((id) => id.slice(0, 2))).size, 1);
});

test('is read back, in any case', () => {
  for (const number of [1, 35, 36, 36 ** 6 - 1]) {
    assert.equal(parseRunId('appacr', formatRunId('appacr', number)), number);
    assert.equal(parseRunId('APPACR', formatRunId('appacr', number).toUpperCase()), number);
  }
});

const prefix = formatRunId('appacr', 1).slice(0, 2);
for (const text of [
  '',
  prefix,
  `${prefix}0`,
  `${prefix}01`,
  `${prefix}-1`,
  `${prefix}1234567`,
  'zz1',
  `${prefix}1 `,
  `${prefix}é`,
])
  test(`is not one of the registry's: "${text}"`, () => assert.equal(parseRunId('appacr', text), undefined));

test('there is no run 0 and no end is passed over in silence', () => {
  for (const number of [0, -1, 1.5, 36 ** 6]) assert.throws(() => formatRunId('appacr', number), RangeError);
});

test('keys sort newest first, places oldest first', () => {
  const numbers = [1, 2, 9, 10, 99, 100, 36 ** 6 - 1];
  assert.deepEqual(
    [...numbers].sort((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1)),
    [...numbers].reverse(),
  );
  assert.deepEqual(
    [...numbers].reverse().sort((a, b) => (oldestFirst(a) < oldestFirst(b) ? -1 : 1)),
    numbers,
  );
});

test.run();
