import fc from 'fast-check';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { ages, places, play, stepsWithout } from '../../worlds/storm/play.ts';

const seed = seedOf();
/** Each for clocks that are right, and for clocks that jump. */
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? byTier({ fast: 5, normal: 50, long: 1_000 }));
console.log(`storms: PLINTH_SEED=${seed}, ${numRuns} sequences`);

for (const [clocks, left] of [
  ['that are right', ['clock jumps']],
  ['that jump', []],
] as const)
  test(`under ages, pauses, quarantines and admissions, by clocks ${clocks}, all are built on the newest that may be`, () =>
    fc.assert(fc.asyncProperty(stepsWithout(left), fc.record({ ...places, ages }), play), {
      seed,
      numRuns,
      includeErrorInReport: true,
    }));

test.run();
