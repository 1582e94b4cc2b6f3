import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type LogPart, logPart, mostLogBytes } from '../../shared/edge/logRange.ts';

const most = mostLogBytes;
const rows: [title: string, header: string | null, length: number, part: LogPart][] = [
  ['no range', null, 10, { status: 200, start: 0, end: 10 }],
  ['no range, of an empty log', null, 0, { status: 200, start: 0, end: 0 }],
  ['no range, of the longest answer', null, most, { status: 200, start: 0, end: most }],
  ['no range, of a longer log', null, most + 1, { status: 413 }],
  ['a range of another unit, of a longer log', 'lines=1-2', most + 1, { status: 413 }],
  ['a range', 'bytes=2-4', 10, { status: 206, start: 2, end: 5 }],
  ['a range past the end', 'bytes=2-40', 10, { status: 206, start: 2, end: 10 }],
  ['a range without an end', 'bytes=2-', 10, { status: 206, start: 2, end: 10 }],
  ['a range without an end, of a longer log', 'bytes=5-', 3 * most, { status: 206, start: 5, end: most + 5 }],
  [
    'the first piece that SDKs ask for',
    `bytes=0-${most - 1}`,
    3 * most,
    { status: 206, start: 0, end: most },
  ],
  ['a range longer than an answer', `bytes=0-${2 * most}`, 3 * most, { status: 206, start: 0, end: most }],
  ['a range after the end', 'bytes=10-', 10, { status: 416 }],
  ['a range that ends before it begins', 'bytes=5-2', 10, { status: 200, start: 0, end: 10 }],
];
for (const [title, header, length, part] of rows)
  test(`a log is answered in pieces that fit memory: ${title}`, () =>
    assert.deepEqual(logPart(header, length), part));

test.run();
