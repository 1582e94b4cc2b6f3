import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { listRuns } from '../../../shared/flow/api/listRuns.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import { byTier } from '../../tier.ts';
import { addRuns, addTasks, countedStore, push, registry } from '../../worlds/countedWorld.ts';

const one = (at: number) => `baseacr.azurecr.io/base${at}:1`;
const both = [registry, 'baseacr'];
const costOf = {
  nobody: { main: { calls: 0, rows: 0 }, edges: { calls: 1, rows: 0 }, pushes: { calls: 0, rows: 0 } },
  // The task's state, what was said of digests, the counter read and written, and one transaction; the edges, what was
  // seen, and what the registry answered, read and written; the push and its day.
  single: { main: { calls: 5, rows: 2 }, edges: { calls: 4, rows: 2 }, pushes: { calls: 2, rows: 0 } },
};

const many = byTier({ fast: 2_000, normal: 100_000, long: 100_000 });

for (const tasks of [1, 100, many]) {
  test(`a push costs the same among ${tasks} tasks: 11 calls with one dependent, 1 with none`, async () => {
    const { ports, cost } = countedStore(both);
    await addTasks(ports.store, tasks, one);
    assert.deepEqual(await cost(() => onPush(push('baseacr.azurecr.io/other:1'), ports)), costOf.nobody);
    assert.deepEqual(await cost(() => onPush(push(one(0)), ports)), costOf.single);
  });
}

for (const runs of [1_000, many]) {
  test(`the first page of runs is one call and 101 rows among ${runs} runs, a run is one row`, async () => {
    const { ports, cost } = countedStore(both);
    await addRuns(ports.store, runs);
    const { main } = await cost(() =>
      listRuns(ports.settings.registries[0]!, new URLSearchParams(), ports as unknown as Ports),
    );
    assert.deepEqual(main, { calls: 1, rows: 101 });
    const single = await cost(() => ports.store.run(registry, formatRunId(registry, 7)));
    assert.deepEqual(single.main, { calls: 1, rows: 1 });
  });
}

const quarantines: [others: number, perTask: number][] = [
  [0, 0.1],
  [900, 1.2],
];
for (const [others, perTask] of quarantines)
  test(`a quarantine that brings 900 tasks back, where others have ${others} base images, takes at most ${perTask} storage calls a task`, async () => {
    const { ports, cost } = countedStore(both);
    await addTasks(ports.store, 900, () => one(0));
    for (let at = 1; at <= others; at++) {
      const base = {
        image: one(at),
        type: 'RunTime',
        digest: `sha256:${'c'.repeat(64)}`,
        pinnedAt: '',
      } as const;
      const value = { ...sampleState(registry, `other-${at}`), bases: [base] };
      await ports.store.commit(registry, [{ put: 'state', value }]);
    }
    const bad = (await ports.store.states(registry))[0]!.bases[0]!.digest;
    const [older, newer] = ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'];
    const digests = [
      { digest: `sha256:${'0'.repeat(64)}`, firstSeen: older, since: older, sure: true },
      { digest: bad, firstSeen: newer, since: newer, sure: true },
    ];
    await ports.store.putSightings({ image: one(0), digests }, undefined);
    const said = { image: one(0), digest: bad, reason: 'CVE-2026-1' };
    let started = 0;
    const { main, edges, pushes } = await cost(async () => {
      started = (await judge({ loginServer: 'baseacr.azurecr.io' }, 'quarantined', said, ports)).tasks
        .started;
    });
    assert.equal(started, 900);
    const calls = main!.calls + edges!.calls + pushes!.calls;
    assert.ok(calls <= 900 * perTask, `${calls} calls`);
    console.log(`a quarantine with 900 dependents, ${others} other base images: ${calls} storage calls`);
  });

test('an idle hour of 1,000 base images and 1,000 tasks: a HEAD for each and round, and few storage calls', async () => {
  const { ports, cost } = countedStore(both);
  await addTasks(ports.store, 1_000, one, true);
  let now = Date.parse('2026-11-23T10:10:00.000Z');
  let looks = 0;
  const idle = {
    ...ports,
    settings: { ...ports.settings, reconcileMinutes: 5 },
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
  assert.equal(main!.calls, 852);
});

test.run();
