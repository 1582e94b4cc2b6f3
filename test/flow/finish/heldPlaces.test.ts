import assert from 'node:assert/strict';
import { test } from 'uvu';
import { isEnded } from '../../../shared/model/run.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { diamond, diamondWorld, runByHand } from '../../worlds/diamondWorld.ts';
import { seconds } from '../../worlds/workers.ts';
import type { World } from '../../worlds/world.ts';

const { registry, name: task } = diamond[0]!;
const day = 86_400;
const busyFor = (retryAfter: number) =>
  new RunEngineError('too many requests', { transient: true, status: 429, retryAfter });

/** Answers one call of a port with an error, the first time that it is made. */
function once<P extends object, N extends keyof P>(port: P, name: N, error: Error): () => boolean {
  const before = port[name] as (...args: unknown[]) => unknown;
  let met = false;
  port[name] = (async (...args: unknown[]) => {
    if (met) return before(...args);
    met = true;
    throw error;
  }) as P[N];
  return () => met;
}

type Breaks = (world: World) => () => boolean;
const rows: [title: string, breaks: Breaks][] = [
  [
    'ARM asks for a day at the first look at the build',
    ({ ports }) => once(ports.engine, 'run', busyFor(day)),
  ],
  ['ARM asks for an hour at a look', ({ ports }) => once(ports.engine, 'run', busyFor(3600))],
  ['ARM asks for a day at the start', ({ ports }) => once(ports.engine, 'schedule', busyFor(day))],
  [
    'ARM asks for six minutes when the start is looked for',
    ({ ports }) => {
      once(ports.engine, 'schedule', busyFor(1));
      return once(ports.engine, 'find', busyFor(360));
    },
  ],
  [
    'ARM asks for a day at each of three looks',
    ({ ports }) => {
      once(ports.engine, 'run', busyFor(day));
      once(ports.engine, 'run', busyFor(day));
      return once(ports.engine, 'run', busyFor(day));
    },
  ],
  [
    'the registry asks for a day when the image is proved',
    ({ ports }) => {
      const { imagesOf } = ports.registry;
      let met = false;
      ports.registry.imagesOf = async function* (...args) {
        const before = met;
        met = true;
        if (!before) throw new RegistryError('TooManyRequests', 'slow down', { retryAfter: day });
        yield* imagesOf(...args);
      };
      return () => met;
    },
  ],
];

for (const [title, breaks] of rows)
  test(`a started run holds its place for minutes and not for a day where ${title}`, async () => {
    const world = await diamondWorld();
    const run = await runByHand(world, registry, task);
    const met = breaks(world);
    await seconds(world, 10);
    for (const build of world.builds) world.end(build, 'Succeeded');
    await seconds(world, 10);
    for (const build of world.builds) world.end(build, 'Succeeded');
    await seconds(world, 1000);
    for (const build of world.builds) world.end(build, 'Succeeded');
    await seconds(world, 60);
    const row = (await world.ports.store.run(registry, run.runId))!.value;
    assert.ok(met(), 'the call was made');
    assert.ok(isEnded(row.status), `${row.status}, asked again at ${row.followAt ?? row.claimedUntil}`);
    assert.equal(row.status, 'Succeeded');
    assert.deepEqual((await world.ports.store.pace(registry))!.value.running, []);
  });

test.run();
