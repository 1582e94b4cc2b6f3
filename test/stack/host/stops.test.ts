import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createStops } from '../../../local/machine/stops.ts';

test('what was started is stopped from the last to the first, whatever one of them does', async () => {
  const stops = createStops(50);
  const order: string[] = [];
  const add = (name: string, undo: () => Promise<unknown> = async () => {}) =>
    stops.add(() => {
      order.push(name);
      return undo();
    });
  add('first');
  add('fails', () => Promise.reject(new Error('expected')));
  add('hangs', () => new Promise(() => {}));
  add('last');
  const { error } = console;
  const printed: string[] = [];
  console.error = (what: Error) => void printed.push(what.message);
  const alive = setTimeout(() => {}, 1000);
  try {
    await stops.stop();
  } finally {
    console.error = error;
    clearTimeout(alive);
  }
  assert.deepEqual(order, ['last', 'hangs', 'fails', 'first']);
  assert.deepEqual(printed, ['A part did not stop within 0.05 s', 'expected']);
  await stops.stop();
  assert.equal(order.length, 4, 'once is enough');
});

test.run();
