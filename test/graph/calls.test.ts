import assert from 'node:assert/strict';
import { test } from 'uvu';
import { listDecisions } from '../../shared/flow/api/listDecisions.ts';
import { listRuns } from '../../shared/flow/api/listRuns.ts';
import { queuePlace, registryOverview } from '../../shared/flow/api/registryOverview.ts';
import { graphOf, graphPage } from '../../shared/flow/overall/graphPage.ts';
import { live } from '../../shared/flow/overall/live.ts';
import { allStates } from '../../shared/flow/overall/stale.ts';
import { forecastImage } from '../../shared/flow/push/forecast.ts';
import type { Decision } from '../../shared/model/state.ts';
import { formatRunId } from '../../shared/names/runId.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import type { Store } from '../../shared/ports/store.ts';
import { sampleRun } from '../doubles/storeContract.ts';
import { byTier } from '../tier.ts';
import { addRuns, addStates, addTasks, countedStore, push, registry } from '../worlds/countedWorld.ts';

/** The counts are the same with fewer. */
const many = byTier({ fast: 20_000, normal: 20_000, long: 100_000 });
const tasks = 10_000;
const base = 'baseacr.azurecr.io/base0:1';
const one = (at: number) => `baseacr.azurecr.io/base${at}:1`;

type World = ReturnType<typeof countedStore>;
const known = ({ ports }: World) => ports.settings.registries[0]!;
const callsOf = async ({ cost }: World, action: () => Promise<unknown>) => {
  const tables = await cost(action);
  return Object.values(tables).reduce((sum, { calls }) => sum + calls, 0);
};

async function addDecisions(store: Store, count: number): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    const values = Array.from({ length: 100 }, (_, number): Decision => {
      const time = new Date(Date.UTC(2026, 10, 1) + (at + number) * 1000).toISOString();
      return {
        push: { ...push(base), id: `event-${at + number}`, timestamp: time },
        registry,
        task: 'app-0',
        verdict: 'started',
        reason: 'none',
        time,
      };
    });
    await store.commit(
      registry,
      values.map((value) => ({ put: 'decision', value })),
    );
  }
}

async function addPlaces(store: Store, count: number): Promise<void> {
  for (let at = 1; at <= count; at += 100)
    await store.commit(
      registry,
      Array.from({ length: 100 }, (_, number) => ({
        put: 'place' as const,
        value: { registry, runId: formatRunId(registry, at + number), automatic: true },
      })),
    );
}

test(`a plan of a base image of ${tasks} tasks is at most 20 storage calls`, async () => {
  const world = countedStore();
  await addTasks(world.ports.store, tasks, () => base);
  const calls = await callsOf(world, async () => {
    const { waves, tooMany } = await forecastImage(known(world), base, world.ports);
    assert.deepEqual([waves.length, waves[0]!.tasks.length, tooMany], [1, tasks, false]);
  });
  // The edges of the image and the states, a thousand in each call.
  assert.equal(calls, 20);
});

test(`a plan of a base image of one task among ${many} is two calls, of none one`, async () => {
  const world = countedStore();
  await addTasks(world.ports.store, many, one);
  const plan = (image: string) => callsOf(world, () => forecastImage(known(world), image, world.ports));
  assert.deepEqual([await plan(base), await plan('nothing:1')], [2, 1]);
});

test(`the graph of ${tasks} tasks is a call for each thousand, some tasks one for each`, async () => {
  const world = countedStore();
  await addStates(world.ports.store, tasks, one);
  let [pages, shown] = [0, 0];
  const calls = await callsOf(world, async () => {
    for (let after: string | undefined; ; pages++) {
      const page = await graphPage(registry, { top: 1000, after }, world.ports);
      shown += page.tasks.length;
      if (page.next === undefined) break;
      after = page.next;
    }
  });
  assert.deepEqual([shown, pages, calls], [tasks, 10, 11]);
  assert.equal(
    await callsOf(world, () => graphOf(registry, ['app-1', 'APP-1', 'app-2', 'no'], world.ports)),
    3,
  );
  assert.equal(await callsOf(world, () => allStates(world.ports)), 10);
});

test(`what is live is three calls among ${many} runs and places, and the overview of a registry five`, async () => {
  const world = countedStore();
  await addRuns(world.ports.store, many);
  await addPlaces(world.ports.store, many);
  const calls = await callsOf(world, async () => {
    const [shown] = (await live(world.ports)).registries;
    assert.deepEqual([shown!.runs.length, shown!.queued.length, shown!.more], [50, 200, true]);
  });
  assert.equal(calls, 3);
  assert.equal(await callsOf(world, () => registryOverview(known(world), world.ports)), 5);
  const queued = sampleRun(registry, formatRunId(registry, 7));
  assert.equal(await callsOf(world, () => queuePlace(queued, world.ports)), 2);
});

test(`each page of ${many} decisions is one call`, async () => {
  const world = countedStore();
  await addDecisions(world.ports.store, many);
  let query = '';
  for (let page = 1; page <= 12; page++) {
    const calls = await callsOf(world, async () => {
      const asked = new URLSearchParams(query || { $top: '1000' });
      const { decisions, next } = await listDecisions(known(world), 'app-0', asked, world.ports);
      assert.equal(decisions[0]!.push.id, `event-${many - 1 - (page - 1) * 1000}`);
      query = next!;
    });
    assert.equal(calls, 1);
  }
});

const filters: [filter: string, calls: number, found: number][] = [
  ["TaskName eq 'rare'", 1, 1],
  ["Status eq 'Failed'", 1, 1],
  ["status eq 'FAILED' and taskname eq 'Rare'", 1, 1],
  ["TaskName eq 'rare' and Status eq 'Succeeded'", 1, 0],
  ["TaskName eq 'task1'", 1, 100],
  ["Status eq 'Timeout'", 1, 0],
  ["TaskName eq 'task1' and CreateTime gt 2030-01-01", 16, 0],
  ["RunType eq 'AutoRun'", 16, 0],
];
const runs = countedStore();
test.before(async () => {
  await addRuns(runs.ports.store, many);
  const rare = { ...sampleRun(registry, formatRunId(registry, many + 1), 'rare'), status: 'Failed' as const };
  await runs.ports.store.commit(registry, [{ put: 'run', value: rare }]);
});
const listed = ({ ports }: World, query: URLSearchParams) =>
  listRuns(ports.settings.registries[0]!, query, ports as unknown as Ports);

for (const [filter, calls, found] of filters)
  test(`${filter} among ${many} runs is ${calls} storage calls, and finds ${found} for the first page`, async () => {
    let next: string | undefined;
    const made = await callsOf(runs, async () => {
      const answer = await listed(runs, new URLSearchParams({ $filter: filter }));
      assert.equal(answer.runs.length, found);
      next = answer.next;
    });
    assert.equal(made, calls);
    assert.equal(next !== undefined, calls > 1 || found === 100, 'there is a next page where more may come');
  });

test('pages of a filter that the storage does not take lead to the first run, 15,000 runs each', async () => {
  const wanted = formatRunId(registry, 1);
  const found: string[] = [];
  let query: string | undefined = new URLSearchParams({ $filter: `RunId eq '${wanted}'` }).toString();
  let pages = 0;
  for (; query !== undefined; pages++) {
    const answer: Awaited<ReturnType<typeof listRuns>> = await listed(runs, new URLSearchParams(query));
    found.push(...answer.runs.map(({ runId }) => runId));
    query = answer.next;
  }
  assert.deepEqual([found, pages], [[wanted], Math.ceil((many + 1) / 15_000)]);
});

test('with $top a filter is answered whole', async () => {
  const wanted = formatRunId(registry, 1);
  const { runs: found, next } = await listed(
    runs,
    new URLSearchParams({ $top: '5', $filter: `RunId eq '${wanted}'` }),
  );
  assert.deepEqual([found.map(({ runId }) => runId), next], [[wanted], undefined]);
});

test.run();
