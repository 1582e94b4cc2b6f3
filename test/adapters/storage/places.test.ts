import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import type { QueueEntry } from '../../../shared/model/state.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const registry = 'appacr';
const run = (number: number) => formatRunId(registry, number);

/** Each: a row of a place as something else left it, and what is read of it. */
const rows: [title: string, rowKey: string, columns: object, read: QueueEntry | undefined][] = [
  ['no column at all', 'place!0!0000000007', {}, { registry, runId: run(7), automatic: false }],
  ['no run', 'place!1!0000000007', { automatic: true }, { registry, runId: run(7), automatic: true }],
  ['no kind', 'place!1!0000000007', { runId: run(7) }, { registry, runId: run(7), automatic: true }],
  [
    'the name of another run',
    'place!0!0000000007',
    { runId: run(8), automatic: false },
    { registry, runId: run(7), automatic: false },
  ],
  [
    'the kind of another place',
    'place!0!0000000007',
    { runId: run(7), automatic: true },
    { registry, runId: run(7), automatic: false },
  ],
  [
    'a waiting one without what it waits for',
    'place!2!0000000007',
    { runId: run(7), automatic: true },
    { registry, runId: run(7), automatic: true, waitsFor: [] },
  ],
  [
    'a waiting one with half of what it waits for',
    'place!2!0000000007',
    { runId: run(7), automatic: false, waitsFor: '["other/' },
    { registry, runId: run(7), automatic: false, waitsFor: [] },
  ],
  ['a key without a number', 'place!0!', { runId: run(7), automatic: false }, undefined],
  ['a key of no kind', 'place!7!0000000007', { runId: run(7), automatic: false }, undefined],
  ['a key that names run 0', 'place!0!0000000000', { runId: run(7), automatic: false }, undefined],
];
for (const [title, rowKey, columns, read] of rows)
  test(`a place with ${title} is ${read ? 'read by its key, and removed' : 'left out'}, and takes no other's place`, async () => {
    const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
    const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
    main.change(registry, rowKey, columns as Record<string, unknown>);
    await store.commit(registry, [
      { put: 'place', value: { registry, runId: run(9), automatic: true, waitsFor: ['other/ca1'] } },
    ]);
    const found: QueueEntry[] = [];
    for await (const place of store.places(registry)) found.push(place);
    assert.deepEqual(found.slice(0, -1), read ? [read] : []);
    assert.equal(found.at(-1)?.runId, run(9));
    if (read) await store.commit(registry, [{ remove: 'place', value: read }]);
    assert.equal(main.row(registry, rowKey) === undefined, read !== undefined);
  });

test.run();
