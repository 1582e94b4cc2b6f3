import assert from 'node:assert/strict';
import type { Test } from 'uvu';
import type { RunStatus } from '../../../shared/model/run.ts';
import { countVerdicts, type Decision, Verdict } from '../../../shared/model/state.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import type { Paging, Part, Store } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../storeContract.ts';

/** All parts of a list, one after the other. */
async function partsOf<T>(top: number, read: (paging: Paging) => Promise<Part<T>>): Promise<T[][]> {
  const parts: T[][] = [];
  for (let after: string | undefined; ; ) {
    const { values, next } = await read({ top, after });
    if (values.length > 0) parts.push(values);
    if (next === undefined) return parts;
    after = next;
  }
}

/** The part of the store's contract that is for lists of which a part is read. */
export function testListParts(test: Test, store: () => Store, newRegistry: () => string): void {
  const time = (minute: number) => new Date(Date.UTC(2026, 10, 23, 10, minute)).toISOString();
  const decisionOf = (registry: string, minute: number, task = 'Task1'): Decision => ({
    push: { id: `${registry}/ #${minute}`, image: 'a/b:c', digest: 'sha256:1', timestamp: time(minute) },
    registry,
    task,
    verdict: 'started',
    reason: 'none',
    time: time(minute),
  });

  test('states come by the names of their tasks, in parts', async () => {
    const registry = newRegistry();
    const names = ['Zoo', 'app-10', 'app-2', 'b', 'c'];
    await store().commit(
      registry,
      names.map((task) => ({ put: 'state', value: sampleState(registry, task) })),
    );
    const parts = await partsOf(2, (paging) => store().statesPart(registry, paging));
    assert.deepEqual(
      parts.map((part) => part.map(({ task }) => task)),
      [['app-10', 'app-2'], ['b', 'c'], ['Zoo']],
    );
  });

  test('decisions come newest first, in parts, and only of their task', async () => {
    const registry = newRegistry();
    for (const minute of [1, 2, 3, 4, 5])
      await store().commit(registry, [{ put: 'decision', value: decisionOf(registry, minute) }]);
    await store().commit(registry, [{ put: 'decision', value: decisionOf(registry, 6, 'task1-b') }]);
    const parts = await partsOf(2, (paging) => store().decisionsPart(registry, 'TASK1', paging));
    assert.deepEqual(
      parts.map((part) => part.map(({ push }) => push.timestamp)),
      [[time(5), time(4)], [time(3), time(2)], [time(1)]],
    );
  });

  test('the pushes of a day come newest first, in parts, each with what was decided first', async () => {
    const registry = newRegistry();
    const day = time(0).slice(0, 10);
    for (const minute of [1, 2, 3]) {
      const decision = decisionOf(registry, minute);
      const each = Verdict.options.map((verdict) => ({ ...decision, task: `${verdict}-task`, verdict }));
      await store().recordPush(decision.push.id, [...each, { ...decision, task: 'started-too' }]);
      await store().recordPush(decision.push.id, each.slice(0, 1));
    }
    const parts = await partsOf(2, (paging) => store().pushesOf(day, paging));
    const own = parts.flat().filter(({ id }) => id.startsWith(`${registry}/`));
    assert.deepEqual(
      own.map(({ id, image, digest, time: pushed, decided }) => [id, image, digest, pushed, decided]),
      [3, 2, 1].map((minute) => [
        `${registry}/ #${minute}`,
        'a/b:c',
        'sha256:1',
        time(minute),
        { ...countVerdicts(Verdict.options.map((verdict) => ({ verdict }))), started: 2 },
      ]),
    );
  });

  test('runs in one status come alone, of one task too, and older than another', async () => {
    const registry = newRegistry();
    const id = (number: number) => formatRunId(registry, number);
    const statuses: RunStatus[] = ['Failed', 'Succeeded', 'Failed', 'Queued', 'Failed'];
    for (const [at, status] of statuses.entries())
      await store().commit(registry, [
        { put: 'run', value: { ...sampleRun(registry, id(at + 1), at === 2 ? 'other' : 'task1'), status } },
      ]);
    const ids = async (only: { task?: string; status?: string; before?: string }) => {
      const found: string[] = [];
      for await (const { runId } of store().runs(registry, only)) found.push(runId);
      return found;
    };
    assert.deepEqual(await ids({ status: 'Failed' }), [id(5), id(3), id(1)]);
    assert.deepEqual(await ids({ status: 'Failed', task: 'TASK1' }), [id(5), id(1)]);
    assert.deepEqual(await ids({ status: 'Failed', before: id(5) }), [id(3), id(1)]);
    assert.deepEqual(await ids({ status: 'Timeout' }), []);
  });
}
