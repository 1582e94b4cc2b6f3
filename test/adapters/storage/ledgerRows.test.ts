import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  dayPartition,
  decisionRow,
  pushPartition,
  pushRow,
} from '../../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

const time = '2026-11-23T10:00:00.000Z';
const day = '2026-11-23';
const digest = `sha256:${'a'.repeat(64)}`;
const push = { id: 'event-1', image: 'baseacr.azurecr.io/base:1', digest, timestamp: time };
const decisionOf = (registry: string, task: string): Decision => ({
  ...{ push, registry, task, time },
  ...{ verdict: 'skipped', reason: 'the task is disabled' },
});
const decisions = [
  decisionOf('appacr', 'one-task'),
  decisionOf('appacr', 'Two-Task'),
  decisionOf('otheracr', 'one-task'),
];

/** Each: what rows of the ledger have become that cannot be read. */
const rows: [title: string, columns: Record<string, unknown>, spoiled?: Decision[]][] = [
  ['cut short', { json0: '{"cut' }],
  ['empty', { json0: '' }],
  ['of a newer version', { version: 9 }],
  ['of no version', { version: undefined }],
  ['of another shape', { json0: '{"push":"event-1"}' }],
  ['of another type', { json0: '[]' }],
  ['without its document', { json0: undefined }],
  ['cut short, as all others are', { json0: '{"cut' }, decisions],
];
for (const [title, columns, spoiled = decisions.slice(1, 2)] of rows)
  test(`a row of the ledger that is ${title} is left out of a push, and goes with it`, async () => {
    const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
    const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
    await store.recordPush(push.id, decisions);
    for (const value of decisions) await store.commit(value.registry, [{ put: 'decision', value }]);
    for (const { registry, task } of spoiled)
      pushes.change(pushPartition(push.id), pushRow(registry, task), columns);
    assert.deepEqual(
      await store.push(push.id),
      decisions.filter((one) => !spoiled.includes(one)),
    );
    const [recorded] = (await store.pushesOf(day, { top: 10 })).values;
    await store.forgetPush(day, recorded!);
    for (const { registry, task } of decisions)
      assert.equal(main.row(registry, decisionRow(task, time, push.id)), undefined, `${registry}/${task}`);
    assert.deepEqual([pushes.keys(pushPartition(push.id)), pushes.keys(dayPartition(day))], [[], []]);
  });

test.run();
