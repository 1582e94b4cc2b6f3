import assert from 'node:assert/strict';
import { test } from 'uvu';
import { nearestTo } from '../../shared/names/nearestTo.ts';

const known = ['build', 'cmd', 'push', 'id', 'timeout', 'workingDirectory', 'when', '[system]', '[caller]'];
const rows: [word: string, nearest: string | undefined][] = [
  ['buidl', 'build'],
  ['biuld', 'build'],
  ['BUILDS', 'build'],
  ['cdm', 'cmd'],
  ['pull', undefined],
  ['x', undefined],
  ['di', undefined],
  ['timeOuts', 'timeout'],
  ['workDirectory', 'workingDirectory'],
  ['whne', 'when'],
  ['[sytem]', '[system]'],
  ['[calller]', '[caller]'],
  ['', undefined],
  ['something else', undefined],
];
for (const [word, nearest] of rows)
  test(`'${word}' is ${nearest ? `nearly ${nearest}` : 'nearly none'}`, () =>
    assert.equal(nearestTo(word, known), nearest));

test('a word of a million letters is told at once', () => {
  const began = performance.now();
  assert.equal(nearestTo('build'.repeat(200_000), known), undefined);
  assert.ok(performance.now() - began < 500);
});

test.run();
