import assert from 'node:assert/strict';
import { test } from 'uvu';
import { z } from 'zod';
import { fromProperties, toProperties } from '../../../shared/adapters/storage/tableDocument.ts';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { TooLargeError, type UnreadableError } from '../../../shared/ports/store.ts';

const first = formatRunId('appacr', 1);
const place = (automatic: boolean, waitsFor?: string[]) =>
  keys.placeRow({ registry: 'appacr', runId: first, automatic, ...(waitsFor && { waitsFor }) });
const waiter = keys.waiterRow({ registry: 'appacr', runId: first, awaited: 'baseacr/ca7' });

/** What Table Storage does not take in a key. */
const forbidden = /[/\\#?\u0000-\u001f\u007f-\u009f]/;

const made: [title: string, key: string][] = [
  ['an image', keys.imagePartition('baseacr.azurecr.io/team/a-b_c:1.0')],
  ['a registry with a port', keys.imagePartition('localhost:5000/a:b')],
  ['a push whose id is anything', keys.pushPartition(' /\\#?\u0001\u007fé"\'%|\ud800')],
  ['a decision', keys.decisionRow('App-1', '2026-11-23T10:00:00.000Z', '/#?')],
  ['a dependent', keys.dependentRow('AppAcr', 'App_1')],
];
for (const [title, key] of made)
  test(`the key of ${title} can be stored`, () => {
    assert.doesNotMatch(key, forbidden);
    assert.ok(key.length > 0 && key.length < 512);
  });

test('two images never share a partition', () => {
  const images = ['r/a/b:c', 'r/a|b:c', 'r/a_b:c', 'r/a-b:c', 'r/a/b-c:c'].filter(
    (image) => !image.includes('|'),
  );
  assert.equal(new Set(images.map(keys.imagePartition)).size, images.length);
});

test('an edge’s key is read back', () => {
  assert.deepEqual(keys.readEdgeRow(keys.dependentRow('AppAcr', 'App-1')), {
    kind: 'dependent',
    registry: 'appacr',
    task: 'app-1',
  });
});

test('a task’s rows do not run into those of a task with a longer name', () => {
  const { from, to } = keys.rowRange(keys.decisionPrefix('app'));
  const of = (task: string) => keys.decisionRow(task, '2026-11-23T10:00:00.000Z', 'x');
  assert.ok(of('app') >= from && of('app') < to);
  assert.ok(!(of('app-2') >= from && of('app-2') < to));
});

test('newer decisions come first', () => {
  const at = (time: string) => keys.decisionRow('app', time, 'x');
  assert.ok(at('2026-11-23T10:00:01.000Z') < at('2026-11-23T10:00:00.000Z'));
});

const Document = z.object({ text: z.string() });

test('a document is cut over properties and comes back whole', () => {
  const document = { text: 'ü"\n'.repeat(30_000) };
  const row = toProperties('it', document);
  assert.ok(Object.values(row).every((value) => String(value).length <= 32_768));
  assert.deepEqual(fromProperties(Document, row), document);
});

test('a document that no row can hold is refused whole, by name', () => {
  assert.throws(
    () => toProperties('task app-1', { text: 'x'.repeat(500_000) }),
    (error: Error) => error instanceof TooLargeError && /task app-1/.test(error.message),
  );
});

test('a row of another version or shape is not guessed at', () => {
  assert.throws(
    () => fromProperties(Document, { partitionKey: 'a', rowKey: 'b', version: 2, json0: '{}' }),
    /row a\/b has version 2/,
  );
  assert.throws(
    () => fromProperties(Document, { partitionKey: 'a', rowKey: 'b', version: 1, json0: '{}' }),
    /row a\/b does not have the expected shape/,
  );
});

const read: [title: string, is: unknown, wanted: unknown][] = [
  [
    'a place of a run by hand',
    keys.readPlaceRow('appacr', place(false)),
    { runId: first, automatic: false, waits: false },
  ],
  [
    'a place of an automatic run',
    keys.readPlaceRow('appacr', place(true)),
    { runId: first, automatic: true, waits: false },
  ],
  [
    'a place that waits',
    keys.readPlaceRow('appacr', place(true, ['appacr/x'])),
    { runId: first, automatic: false, waits: true },
  ],
  ['no place before it', keys.readPlaceRow('appacr', `x${place(false)}`), undefined],
  ['no place after it', keys.readPlaceRow('appacr', `${place(false)}x`), undefined],
  ['a place without a number', keys.readPlaceRow('appacr', 'place!0!'), undefined],
  ['a place of another rank', keys.readPlaceRow('appacr', 'place!3!1'), undefined],
  [
    'one that waits for a run',
    keys.readWaiterRow('appacr', waiter),
    { registry: 'appacr', runId: first, awaited: 'baseacr/ca7' },
  ],
  ['none that waits before it', keys.readWaiterRow('appacr', `x${waiter}`), undefined],
  ['none that waits after it', keys.readWaiterRow('appacr', `${waiter}x`), undefined],
  ['none that waits, without a number', keys.readWaiterRow('appacr', 'waiter!a~b!'), undefined],
  [
    'a decision of a push',
    keys.readPushRow(keys.pushRow('AppAcr', 'App')),
    { registry: 'appacr', task: 'app' },
  ],
  ['no decision of three parts before', keys.readPushRow('x!appacr!app'), undefined],
  ['no decision of three parts after', keys.readPushRow('appacr!app!'), undefined],
  ['no decision without a task', keys.readPushRow('appacr!'), undefined],
  ['a page of a push', keys.isPushPage(keys.pushPageRow('appacr', 'app')), true],
  [
    'a decision in a registry of that name, which is no page',
    keys.isPushPage(keys.pushRow('page', 'app')),
    false,
  ],
  ['what is no page', keys.isPushPage('x!appacr!app'), false],
  ['the number of a run', keys.runNumber(keys.runRow('appacr', first)!), 1],
  ['no run of another registry', keys.runRow('appacr', 'no id'), undefined],
  ['what a key may not hold', keys.pushPartition("a!b'(c)*/"), 'a%21b%27%28c%29%2a%2F'],
  ['an id that is too long', keys.pushPartition('a'.repeat(300)), 'a'.repeat(200)],
];
for (const [title, is, wanted] of read)
  test(`a key is read back: ${title}`, () => assert.deepEqual(is, wanted));

test('a place and one that waits have no key for what is no run id', () => {
  assert.throws(() => keys.placeRow({ registry: 'appacr', runId: 'no id', automatic: false }), RangeError);
  assert.throws(() => keys.waiterRow({ registry: 'appacr', runId: 'no id', awaited: 'a/b' }), RangeError);
});

/** Where a character of two halves lies in a document, from the end of the first property. */
for (const at of [-2, -1, 0, 1])
  test(`a character of two halves is not cut in two, ${at} from the end of a property`, () => {
    const before = '{"text":"'.length;
    const document = { text: `${'a'.repeat(32_000 + at - before)}😀${'b'.repeat(50)}` };
    const row = toProperties('it', document);
    for (const value of Object.values(row)) assert.ok(String(value).isWellFormed());
    assert.deepEqual(fromProperties(Document, { partitionKey: 'a', rowKey: 'b', ...row }), document);
  });

test('a document that fills a row is taken, and its row is named where it cannot be read', () => {
  const text = 'x'.repeat(480_000 - '{"text":""}'.length);
  const row = toProperties('it', { text });
  assert.deepEqual(Object.keys(row).length, 16);
  assert.throws(() => toProperties('it', { text: `${text}x` }), TooLargeError);
  const unread = { partitionKey: 'a', rowKey: 'run!b', version: 1, etag: 'e', json0: '"hush' };
  assert.throws(
    () => fromProperties(Document, unread),
    (error: UnreadableError) =>
      error.message === 'row a/run!b is not JSON' && error.etag === 'e' && error.kind === 'run',
  );
  for (const [json0, at] of [
    ['{"text":5}', 'text'],
    ['5', 'the whole'],
  ] as const)
    assert.throws(
      () => fromProperties(Document, { ...unread, etag: 5, json0 }),
      (error: UnreadableError) =>
        error.message.endsWith(`expected shape at ${at}`) && error.etag === undefined,
    );
});

test.run();
