import assert from 'node:assert/strict';
import { test } from 'uvu';
import { atMost } from '../../shared/edge/telemetry.ts';

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));
const rows: [title: string, something: () => Promise<unknown> | undefined, limitSeconds: number][] = [
  ['what never ends', () => new Promise(() => {}), 0.05],
  ['what ends long after the limit', () => new Promise((done) => setTimeout(done, 60_000).unref()), 0.05],
  ['what ends at once', () => Promise.resolve(), 60],
  ['what ends before the limit', () => later(20), 60],
  ['what fails at once', () => Promise.reject(new Error('no collector')), 60],
  ['what fails before the limit', () => later(20).then(() => Promise.reject(new Error('late'))), 60],
  ['nothing', () => undefined, 60],
];
for (const [title, something, limitSeconds] of rows)
  test(`${title} does not hold the end of the process`, async () => {
    let guard: NodeJS.Timeout | undefined;
    const tooLong = new Promise((done) => {
      guard = setTimeout(done, 30_000, 'held');
    });
    assert.equal(await Promise.race([atMost(limitSeconds, something()), tooLong]), undefined);
    clearTimeout(guard);
  });

test.run();
