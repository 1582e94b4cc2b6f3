import assert from 'node:assert/strict';
import { test } from 'uvu';
import { cancelRun, scheduleQuickRun } from '../../../shared/flow/api/runs.ts';
import { newTaskRun, queueWrites } from '../../../shared/flow/queue/newRun.ts';
import { DockerBuildRequest, isEnded } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { byTier } from '../../tier.ts';
import {
  builtWorld,
  type Counts,
  countIn,
  type Given,
  ownOf,
  start,
  work,
  workFor,
} from '../../worlds/counted.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const apps = (count: number, bases: string[], more: Partial<Given> = {}): Given[] =>
  Array.from({ length: count }, (_, at) => ({ registry: 'appacr', name: `app${at}`, bases, ...more }));
const mids = (registry: string, count = 1): Given[] =>
  Array.from({ length: count }, (_, at) => ({ registry, name: `mid${at}`, bases: [base] }));
const made = (registry: string, at = 0) => `${registry}.azurecr.io/mid${at}:1`;

interface Row {
  title: string;
  tasks(count: number): Given[];
  happens(world: World, count: number, counts: Counts): Promise<unknown>;
  /** For each waiting run, at most. */
  messages: number;
  calls: number;
  fetches?: number;
  runsPerTask?: number;
  ends?: 'Failed';
  registry?: string;
}

const pushed = async (world: World) => void world.push(base);

const rows: Row[] = [
  {
    title: 'are built on a base and on what is made of it',
    tasks: (count) => [...mids('appacr'), ...apps(count, [made('appacr'), base])],
    happens: pushed,
    messages: 20,
    calls: 200,
  },
  {
    title: 'are built on the base alone',
    tasks: (count) => apps(count, [base], { trigger: 'Runtime' }),
    happens: pushed,
    messages: 15,
    calls: 120,
  },
  {
    title: 'are built on three images that are made of the base',
    tasks: (count) => [
      ...mids('appacr', 3),
      ...apps(count, [0, 1, 2].map((at) => made('appacr', at)).concat(base)),
    ],
    happens: pushed,
    messages: 25,
    calls: 400,
  },
  {
    title: 'wait for a run of another registry',
    tasks: (count) => [...mids('midacr'), ...apps(count, [made('midacr'), base])],
    happens: pushed,
    messages: 20,
    calls: 220,
  },
  {
    title: 'wait for a run that fails',
    tasks: (count) => [...mids('appacr'), ...apps(count, [made('appacr'), base])],
    happens: pushed,
    ends: 'Failed',
    messages: 20,
    calls: 200,
  },
  {
    title: 'wait while their base is pushed five times',
    tasks: (count) => [...mids('appacr'), ...apps(count, [made('appacr'), base])],
    async happens(world, _, counts) {
      for (let at = 0; at < 5; at++) {
        world.push(base);
        await work(world, counts, 'not');
        world.pass(2);
      }
    },
    messages: 25,
    calls: 300,
  },
  {
    title: 'are asked for by hand, all of one task',
    tasks: () => apps(1, [base]),
    async happens(world, count) {
      for (let at = 0; at < count; at++) await start(world, 'appacr', 'app0');
    },
    messages: 15,
    calls: 130,
    fetches: 1,
  },
  {
    title: 'are asked for by hand, all of one task that may have three at once',
    tasks: () => apps(1, [base]),
    async happens(world, count) {
      for (let at = 0; at < count; at++) await start(world, 'appacr', 'app0');
    },
    runsPerTask: 3,
    messages: 20,
    calls: 150,
    fetches: 3,
  },
  {
    title: 'are started by commits, all of one task',
    tasks: () => apps(1, [base]),
    happens: commits,
    messages: 15,
    calls: 150,
    fetches: 1,
  },
  {
    title: 'belong to no task',
    tasks: () => apps(1, [base]),
    async happens(world, count) {
      const request = DockerBuildRequest.parse({
        type: 'DockerBuildRequest',
        dockerFilePath: 'Dockerfile',
        sourceLocation: 'upload/1',
      });
      for (let at = 0; at < count; at++) await scheduleQuickRun(ownOf(world, 'appacr'), request, world.ports);
    },
    messages: 15,
    calls: 80,
  },
  {
    title: 'are cancelled while they wait',
    tasks: (count) => [...mids('appacr'), ...apps(count, [made('appacr'), base])],
    async happens(world, _, counts) {
      world.push(base);
      await work(world, counts, 'not');
      for (const { runId, status } of await runsOf(world, 'appacr'))
        if (status === 'Queued') await cancelRun(ownOf(world, 'appacr'), runId, world.ports);
    },
    messages: 35,
    calls: 200,
  },
];

async function commits(world: World, count: number) {
  const { store, queue } = world.ports;
  for (let at = 0; at < count; at++) {
    const state = (await store.state('appacr', 'app0'))!;
    const runId = formatRunId('appacr', await store.takeRunNumbers('appacr', 1));
    const sourceTrigger = {
      id: `${at}`,
      eventType: 'Commit' as const,
      commitId: `${at}`,
      repositoryUrl: 'https://git.example.com/app0',
      branchName: 'main',
      providerType: 'Github',
    };
    const run = newTaskRun(state.value, runId, new Date(world.now()), {
      cause: { kind: 'source', trigger: sourceTrigger },
    });
    await store.commit('appacr', queueWrites(run, state));
    await queue.sendStart([{ registry: 'appacr', runId }]);
  }
}

for (const row of rows)
  for (const count of byTier({ fast: [10, 20], normal: [10, 20, 100], long: [10, 20, 40, 200, 400] }))
    test(`${count} runs that ${row.title} take at most ${row.messages} messages and ${row.calls} calls each`, async () => {
      const world = await builtWorld(`${row.title} ${count}`, row, row.tasks(count), [base]);
      const counts = countIn(world);
      await row.happens(world, count, counts);
      await work(world, counts, row.ends);
      await workFor(world, 30 + 3 * count, counts, { clock: false });
      if (process.env.PLINTH_COUNTS)
        console.log(
          row.title,
          count,
          counts.messages / count,
          counts.storeCalls / count,
          Math.max(0, ...[...counts.fetches.values()].map((times) => times.length)),
        );
      assert.ok(counts.messages <= row.messages * count + 50, `${counts.messages} messages`);
      assert.ok(counts.storeCalls <= row.calls * count + 500, `${counts.storeCalls} calls`);
      for (const [url, times] of counts.fetches) {
        const most = row.fetches === undefined ? (url.includes('mid') ? 6 : 2) : row.fetches * count;
        assert.ok(times.length <= most, `${url} was fetched ${times.length} times`);
      }
      for (const registry of ['appacr', 'baseacr'])
        for (const run of await runsOf(world, registry))
          assert.ok(isEnded(run.status), `${run.runId} ${run.status}`);
    });

test.run();
