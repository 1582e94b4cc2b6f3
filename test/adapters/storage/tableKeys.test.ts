import assert from 'node:assert/strict';
import { test } from 'uvu';
import { z } from 'zod';
import { fromProperties, toProperties } from '../../../shared/adapters/storage/tableDocument.ts';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { TooLargeError } from '../../../shared/ports/store.ts';

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

test.run();
