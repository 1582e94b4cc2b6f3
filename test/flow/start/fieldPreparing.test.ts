import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { test } from 'uvu';
import { boundedSource } from '../../../shared/adapters/source/boundedSource.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { startRun } from '../../../shared/flow/start/startRun.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import { type FetchedSource, SourceError } from '../../../shared/ports/sourceContext.ts';
import { builtWorld, countIn, start, work } from '../../worlds/counted.ts';
import { handling, takeMessages } from '../../worlds/workers.ts';
import type { World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const tasks = [{ registry: 'appacr', name: 'app', bases: [base] }];
const url = 'https://git.example.com/app.git';
const fresh = () => builtWorld('preparing', {}, tasks, [base]);

/** The process dies while it fetches: nothing that it had begun goes on, and nobody tidies up after it. */
function dying(world: World, isDying: () => boolean) {
  const { fetch } = world.ports.source;
  world.ports.source = {
    fetch: (location, options) => (isDying() ? new Promise<never>(() => {}) : fetch(location, options)),
  };
}

/** Handles what can be seen without waiting for what never ends. */
async function visit(world: World) {
  for (const message of takeMessages(world, 10, () => 0)) void handling(message)(world.ports);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
}

const runOf = async (world: World, runId: string) => (await world.ports.store.run('appacr', runId))!.value;

test('a run whose process dies while it fetches is tried three times, and then says so', async () => {
  const world = await fresh();
  dying(world, () => true);
  const counts = countIn(world);
  const { runId } = await start(world, 'appacr', 'app');
  for (let minute = 0; minute < 10; minute++) {
    await visit(world);
    world.pass(60);
    await everyMinute(world.ports);
  }
  const run = await runOf(world, runId);
  assert.equal(counts.fetches.get(url)?.length, 3);
  assert.equal(run.status, 'Error');
  assert.match(run.runErrorMessage!, /ended 3 times while it fetched.*PLINTH_MAX_CONTEXT_MIB/);
  assert.equal(run.preparing, undefined);
});

test('a run that was claimed, and whose processes die as they ask again, ends after three too', async () => {
  const world = await fresh();
  let asked = false;
  world.ports.engine.schedule = async () => {
    asked = true;
    return new Promise<never>(() => {});
  };
  const { runId } = await start(world, 'appacr', 'app');
  for (let minute = 0; minute < 20; minute++) {
    await visit(world);
    world.pass(60);
    await everyMinute(world.ports);
  }
  assert.ok(asked);
  assert.equal((await runOf(world, runId)).status, 'Error');
});

test('two that die are made good by the third, and count no more', async () => {
  const world = await fresh();
  let tries = 0;
  dying(world, () => ++tries < 3);
  const counts = countIn(world);
  const { runId } = await start(world, 'appacr', 'app');
  for (let minute = 0; minute < 6; minute++) {
    await visit(world);
    world.pass(60);
    await everyMinute(world.ports);
  }
  await work(world, counts);
  world.pass(5);
  await work(world, counts);
  assert.equal((await runOf(world, runId)).status, 'Succeeded');
});

test('a try is on the row before the fetch, and whoever else has a message leaves the run alone', async () => {
  const world = await fresh();
  let seen: unknown;
  const { fetch } = world.ports.source;
  const { runId } = await start(world, 'appacr', 'app');
  world.ports.source = {
    async fetch(location, options) {
      seen = (await runOf(world, runId)).preparing?.count;
      return fetch(location, options);
    },
  };
  const counts = countIn(world);
  await Promise.all(Array.from({ length: 24 }, () => startRun({ registry: 'appacr', runId }, world.ports)));
  assert.equal(seen, 1);
  assert.equal(counts.fetches.get(url)?.length, 1);
  assert.equal(world.builds.filter((build) => !world.hasEnded(build)).length, 1);
});

test('a worker that takes long says that it lives, and keeps the run', async () => {
  const world = await fresh();
  const counts = countIn(world);
  const { runId } = await start(world, 'appacr', 'app');
  let go = () => {};
  const { fetch } = world.ports.source;
  world.ports.source = {
    async fetch(location, options) {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return fetch(location, options);
    },
  };
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    await visit(world);
    for (let beat = 0; beat < 10; beat++) {
      world.pass(30);
      mock.timers.tick(30_000);
      await visit(world);
      await startRun({ registry: 'appacr', runId }, world.ports);
    }
    go();
    await visit(world);
  } finally {
    mock.timers.reset();
  }
  await work(world, counts);
  world.pass(5);
  await work(world, counts);
  assert.equal((await runOf(world, runId)).status, 'Succeeded');
  assert.equal(counts.fetches.get(url)?.length, 1);
});

test('a worker that asks again for a claimed run, and takes long to prepare it, keeps its claim', async () => {
  const world = await fresh();
  const counts = countIn(world);
  const { schedule } = world.ports.engine;
  // The first worker dies while the engine is asked.
  world.ports.engine.schedule = () => new Promise<never>(() => {});
  const { runId } = await start(world, 'appacr', 'app');
  await visit(world);
  let asked = 0;
  world.ports.engine.schedule = (...request) => {
    asked++;
    return schedule(...request);
  };
  const fetches: (() => void)[] = [];
  const { fetch } = world.ports.source;
  world.ports.source = {
    async fetch(location, options) {
      await new Promise<void>((resolve) => fetches.push(resolve));
      return fetch(location, options);
    },
  };
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    world.pass(95);
    void startRun({ registry: 'appacr', runId }, world.ports);
    for (let beat = 0; beat < 8; beat++) {
      await visit(world);
      world.pass(30);
      mock.timers.tick(30_000);
      await visit(world);
      void startRun({ registry: 'appacr', runId }, world.ports);
      await visit(world);
    }
    assert.equal(fetches.length, 1, 'one worker fetches');
    for (const go of fetches) go();
    await visit(world);
  } finally {
    mock.timers.reset();
  }
  await work(world, counts);
  world.pass(5);
  await work(world, counts);
  assert.equal(asked, 1);
  assert.equal((await runOf(world, runId)).status, 'Succeeded');
});

test('a push that merges while the context is fetched is in what is built', async () => {
  const world = await fresh();
  const counts = countIn(world);
  world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  const { digestOf } = world.ports.registry;
  let pushed = false;
  world.ports.registry = {
    ...world.ports.registry,
    async digestOf(image, login) {
      const digest = await digestOf(image, login);
      if (!pushed) {
        pushed = true;
        world.push(base);
        for (const event of world.events.splice(0)) await onPush(event, world.ports);
      }
      return digest;
    },
  };
  for (let turn = 0; turn < 4; turn++) {
    await work(world, counts);
    world.pass(5);
  }
  assert.equal(world.builds.at(-1)!.bases.get(base), world.tags.get(base));
  assert.equal(world.builds.length, 2);
});

const MiB = 2 ** 20;

/** A source of contexts whose size in MiB is their folder's name, and which knows how many are in hand. */
function sized() {
  const inHand = { large: 0, small: 0 };
  const most = { large: 0, small: 0 };
  const source = boundedSource({
    async fetch(location, { maxBytes }): Promise<FetchedSource> {
      const bytes = location.kind === 'git' ? Number(location.folder) * MiB : 0;
      const kind = maxBytes > 4 * MiB ? 'large' : 'small';
      inHand[kind]++;
      most[kind] = Math.max(most[kind], inHand[kind]);
      await new Promise(setImmediate);
      let isThere = true;
      const dispose = async () => {
        if (isThere) inHand[kind]--;
        isThere = false;
      };
      if (bytes <= maxBytes) return { dir: '', bytes, warnings: [], dispose };
      await dispose();
      throw new SourceError('TooLarge', 'too large');
    },
  });
  return { source, most, inHand };
}

const loads: [title: string, sizes: number[], most: { large: number; small: number }][] = [
  ['small ones', [1], { large: 0, small: 8 }],
  ['large ones', [60], { large: 1, small: 8 }],
  ['small and large ones', [1, 60, 2], { large: 1, small: 8 }],
  ['as large as is allowed', [64], { large: 1, small: 8 }],
  ['larger than is allowed', [70], { large: 1, small: 8 }],
  ['of all sizes', [1, 4, 5, 64, 65], { large: 1, small: 8 }],
];
for (const [title, sizes, most] of loads)
  test(`of 24 contexts at once, ${title}, as many are in hand as a process holds, and each is answered`, async () => {
    const world = sized();
    await Promise.all(
      Array.from({ length: 24 }, async (_, at) => {
        const size = sizes[at % sizes.length]!;
        const location = parseSourceLocation(`${url}#main:${size}`);
        try {
          const one = await world.source.fetch(location, { maxBytes: 64 * MiB });
          assert.equal(one.bytes, size * MiB);
          await new Promise(setImmediate);
          await one.dispose();
          await one.dispose();
        } catch (error) {
          assert.equal((error as SourceError).code, 'TooLarge');
          assert.ok(size > 64);
        }
      }),
    );
    assert.deepEqual(world.most, most);
    assert.deepEqual(world.inHand, { large: 0, small: 0 });
  });

test.run();
