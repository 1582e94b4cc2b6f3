import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../shared/flow/everyMinute.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { runPage } from '../shared/flow/runPage.ts';
import type { Ports } from '../shared/ports/ports.ts';
import { formatRunId } from '../shared/runId.ts';
import { addRuns, addTasks, countedStore, push, registry } from './countedWorld.ts';

const one = (at: number) => `baseacr.azurecr.io/base${at}:1`;
const costOf = {
  nobody: { main: { calls: 0, rows: 0 }, edges: { calls: 1, rows: 0 }, pushes: { calls: 0, rows: 0 } },
  // The task's state, the counter read and written, and one transaction; the push and its day.
  single: { main: { calls: 4, rows: 1 }, edges: { calls: 1, rows: 1 }, pushes: { calls: 2, rows: 0 } },
};

for (const tasks of [1, 100, 100_000]) {
  test(`a push costs the same among ${tasks} tasks: 7 calls with one dependent, 1 with none`, async () => {
    const { ports, cost } = countedStore();
    await addTasks(ports.store, tasks, one);
    assert.deepEqual(await cost(() => onPush(push('baseacr.azurecr.io/other:1'), ports)), costOf.nobody);
    assert.deepEqual(await cost(() => onPush(push(one(0)), ports)), costOf.single);
  });
}

for (const runs of [1_000, 100_000]) {
  test(`the first page of runs is one call and 101 rows among ${runs} runs, a run is one row`, async () => {
    const { ports, cost } = countedStore();
    await addRuns(ports.store, runs);
    const { main } = await cost(() =>
      runPage(ports.settings.registries[0]!, new URLSearchParams(), ports as unknown as Ports),
    );
    assert.deepEqual(main, { calls: 1, rows: 101 });
    const single = await cost(() => ports.store.run(registry, formatRunId(registry, 7)));
    assert.deepEqual(single.main, { calls: 1, rows: 1 });
  });
}

test('a push with 10,000 dependents takes 1.07 calls a task, and rings for no more than may run', async () => {
  const { ports, cost, doorbells } = countedStore();
  await addTasks(ports.store, 10_000, () => one(0));
  const { main, edges, pushes } = await cost(() => onPush(push(one(0)), ports));
  // 10,000 states, two for the run ids, 25 starts a transaction; the ledger takes 100 decisions a transaction.
  assert.deepEqual(
    [main, edges, pushes],
    [
      { calls: 10_402, rows: 10_000 },
      { calls: 10, rows: 10_000 },
      { calls: 101, rows: 0 },
    ],
  );
  assert.equal(doorbells.length, ports.settings.runsPerRegistry);
});

test('an idle hour of 1,000 base images and 1,000 tasks: a HEAD for each and round, and few storage calls', async () => {
  const { ports, cost } = countedStore();
  await addTasks(ports.store, 1_000, one, true);
  let now = Date.parse('2026-11-23T10:10:00.000Z');
  let looks = 0;
  const idle = {
    ...ports,
    settings: {
      ...ports.settings,
      reconcileMinutes: 5,
      registries: [
        ...ports.settings.registries,
        {
          name: 'baseacr',
          id: '/registries/baseacr',
          loginServer: 'baseacr.azurecr.io',
          endpoint: 'https://b',
        },
      ],
    },
    clock: { now: () => new Date(now) },
    seal: { open: (text: string) => text },
    registry: {
      async digestOf() {
        looks++;
        return `sha256:${'a'.repeat(64)}`;
      },
    },
  } as unknown as Ports;
  await everyMinute(idle);
  looks = 0;
  const { main } = await cost(async () => {
    for (let minute = 0; minute < 60; minute++) {
      now += 60_000;
      await everyMinute(idle);
    }
  });
  assert.equal(looks, 12_000);
  console.log(`an idle hour: ${looks} HEAD requests, ${main!.calls} storage calls, ${main!.rows} rows`);
  assert.equal(main!.calls, 840);
});

test.run();
