import assert from 'node:assert/strict';
import type { Test } from 'uvu';
import { formatRunId } from '../../../shared/names/runId.ts';
import { ConflictError, type Store } from '../../../shared/ports/store.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The part of the store's contract that is for a registry's queue. */
export function testQueueRows(test: Test, emptyStore: () => Store, newRegistry: () => string): void {
  test('places are left by manual runs first, each kind in the order they came', async () => {
    const [store, registry] = [emptyStore(), newRegistry()];
    const place = (number: number, automatic: boolean) => ({
      registry,
      runId: formatRunId(registry, number),
      automatic,
    });
    const given = [place(3, true), place(1, true), place(7, false), place(5, false)];
    await store.commit(
      registry,
      given.map((value) => ({ put: 'place', value })),
    );
    await store.commit(registry, [{ remove: 'place', value: given[0]! }]);
    const runIds = (await collect(store.places(registry))).map(({ runId }) => runId);
    assert.deepEqual(
      runIds,
      [5, 7, 1].map((number) => formatRunId(registry, number)),
    );
    await store.commit(registry, [
      { remove: 'place', value: given[3]! },
      { put: 'place', value: { ...given[3]!, waitsFor: ['other/ca1'] } },
    ]);
    const some = async (only: { waiting?: boolean; top?: number }) =>
      (await collect(store.places(registry, only))).map(({ runId }) => runId);
    assert.deepEqual(
      [await some({ waiting: false }), await some({ waiting: true }), await some({ top: 2 })],
      [[7, 1], [5], [7, 1]].map((numbers) => numbers.map((number) => formatRunId(registry, number))),
    );
    assert.deepEqual((await collect(store.places(registry, { waiting: true })))[0]?.waitsFor, ['other/ca1']);
    await assert.rejects(store.commit(registry, [{ remove: 'place', value: given[0]! }]), ConflictError);
  });

  test('who waits for a run is found by it alone, in the order they were asked for, until it is forgotten', async () => {
    const [store, registry] = [emptyStore(), newRegistry()];
    const waiter = (number: number, awaited: string) => ({
      registry,
      runId: formatRunId(registry, number),
      awaited,
    });
    const given = [
      waiter(3, 'other/ca1'),
      waiter(1, 'other/ca1'),
      waiter(2, 'other/ca11'),
      waiter(2, 'third/ca1'),
    ];
    const put = given.map((value) => ({ put: 'waiter' as const, value, replace: true as const }));
    await store.commit(registry, put);
    await store.commit(registry, put);
    assert.deepEqual(await store.waiters(registry, 'other/ca1'), [given[1], given[0]]);
    assert.deepEqual(await store.waiters(registry, 'other/ca2'), []);
    assert.equal((await store.waiters(registry)).length, 4);
    assert.deepEqual(await store.waiters(newRegistry(), 'other/ca1'), []);
    await store.forgetWaiters(registry, [given[1]!, waiter(9, 'other/ca1')]);
    assert.deepEqual(await store.waiters(registry, 'other/ca1'), [given[0]]);
    await store.forgetWaiters(registry, given);
    assert.deepEqual(await store.waiters(registry), []);
  });
}
