import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { base, diamond, diamondWorld } from '../../worlds/diamondWorld.ts';
import { settle, settleWithoutRounds } from '../../worlds/settle.ts';
import {
  everyBuildHasItsRun,
  everyDecisionSaysWhy,
  keepsThePace,
  nothingIsLeft,
  standsOnTheNewest,
} from '../../worlds/storm/checks.ts';
import { createStorm } from '../../worlds/storm/happen.ts';
import { nothingWasSwallowed } from '../../worlds/storm/judge.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const seed = seedOf();
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? byTier({ fast: 20, normal: 100, long: 3_500 }));
console.log(`diamonds: PLINTH_SEED=${seed}, ${numRuns} sequences`);

/** Faults, but no second push, no cancel, no build that fails: there is one right outcome. */
const faults = [
  ...Array<'the world goes on'>(8).fill('the world goes on'),
  'deliver',
  'deliver twice',
  'lose event',
  'work',
  'work',
  'work at once',
  'worker dies',
  'worker dies',
  'lose message',
  'message comes twice',
  'all end',
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

test('one push of the base builds each task of the diamond once, dependents last', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (storm) => {
      const world = await diamondWorld();
      const earlier = new Set<unknown>(world.builds);
      const { chronicle, happen, isOver } = createStorm(world);
      world.push(base);
      for (const step of storm) {
        await happen(step);
        await keepsThePace(world);
      }
      await isOver();
      assert.deepEqual(chronicle.wrong, []);
      if (!chronicle.lost) await settleWithoutRounds(world);
      else await settle(world);
      await nothingIsLeft(world);
      nothingWasSwallowed(world);
      await everyBuildHasItsRun(world, chronicle.mayBeUnnamed);
      await everyDecisionSaysWhy(world);
      standsOnTheNewest(world);

      const order = new Map<string, number>();
      const built = (images: string[]) =>
        world.builds.filter(
          (build) =>
            !earlier.has(build) &&
            diamond.some(
              ({ name, makes }) => images.includes(makes) && build.request.imageNames.includes(`${name}:1`),
            ),
        ).length;
      const isDisturbed = chronicle.mayBeUnnamed > 0;
      for (const { registry, name, bases } of diamond) {
        const { runs, builds } = await since(world, registry, name, earlier);
        // A worker that died between asking the engine and writing it down: the engine is asked twice, for the same, and
        // what the build that nobody follows pushes is one more change of what the apps stand on.
        const changes = isDisturbed ? Math.max(1, built(bases)) : 1;
        const ids = `${name}: ${runs.map(({ runId }) => runId).join(', ')}`;
        assert.ok(runs.length >= 1 && runs.length <= changes, ids);
        if (!isDisturbed) assert.equal(builds.length, 1, name);
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
