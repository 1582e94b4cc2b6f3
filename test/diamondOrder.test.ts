import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { base, diamond, diamondWorld } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { type Chronicle, happen } from './storm.ts';
import { everyDecisionSaysWhy, keepsThePace, nothingIsLeft, standsOnTheNewest } from './stormChecks.ts';
import { runsOf, type World } from './world.ts';

const seed = Number(process.env.PLINTH_SEED ?? Date.now() % 1_000_000_007);
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? 5_500);
console.log(`diamonds: PLINTH_SEED=${seed}, ${numRuns} sequences`);

/** Faults, but no second push, no cancel, no build that fails: there is one right outcome. */
const faults = [
  'deliver',
  'deliver twice',
  'lose event',
  'work',
  'work',
  'work at once',
  'worker dies',
  'worker dies',
  'lose message',
  'build ends',
  'build ends',
  'minute',
  'engine busy',
  'time passes',
] as const;

const steps = fc.array(fc.record({ kind: fc.constantFrom(...faults), with: fc.nat(0xffffff) }), {
  minLength: 3,
  maxLength: 40,
});

/** What was built of a task since the world began to be watched: its runs, and the engine's builds. */
async function since(world: World, registry: string, task: string, earlier: Set<unknown>) {
  const runs = await runsOf(world, registry);
  return {
    runs: runs.filter((run) => run.task === task && run.imageUpdateTrigger && run.engineRunId),
    builds: world.builds.filter(
      (build) => !earlier.has(build) && build.request.imageNames.includes(`${task}:1`),
    ),
  };
}

test('one push of the base builds each of the diamond once, what stands on others last', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (storm) => {
      const world = await diamondWorld();
      const earlier = new Set<unknown>(world.builds);
      const chronicle: Chronicle = { disturbed: false, cancelled: new Set(), events: new Map() };
      world.push(base);
      for (const step of storm) {
        await happen(world, step, chronicle);
        await keepsThePace(world);
      }
      delete world.trouble.engine;
      await settle(world);
      await nothingIsLeft(world);
      await everyDecisionSaysWhy(world);
      standsOnTheNewest(world);

      const order = new Map<string, number>();
      for (const { registry, name } of diamond) {
        const { runs, builds } = await since(world, registry, name, earlier);
        assert.equal(runs.length, 1, `${name}: ${runs.map(({ runId }) => runId).join(', ')}`);
        // A worker that died between asking the engine and writing it down: the engine is asked twice, for the same.
        if (!chronicle.disturbed) assert.equal(builds.length, 1, name);
        order.set(name, Math.min(...builds.map((build) => world.builds.indexOf(build))));
      }
      const before = (one: string, other: string) => order.get(one)! < order.get(other)!;
      assert.ok(before('mid1-task', 'app1-task') && before('mid2-task', 'app1-task'), 'app1 is last');
      assert.ok(before('mid1-task', 'app2-task'), 'app2 after mid1');
    }),
    { seed, numRuns, includeErrorInReport: true },
  );
});

test.run();
