import fc from 'fast-check';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { ofJudging } from '../../worlds/storm/happen.ts';
import { met, places, play, stepsWithout } from '../../worlds/storm/play.ts';

const seed = seedOf();
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? byTier({ fast: 20, normal: 100, long: 2_000 }));
console.log(`storms: PLINTH_SEED=${seed}, ${numRuns} sequences`);

test('after any storm every app is built on the newest bases, and nothing was built twice', async () => {
  await fc.assert(fc.asyncProperty(stepsWithout(ofJudging), fc.record(places), play), {
    seed,
    numRuns,
    includeErrorInReport: true,
  });
  console.log(`met: ${[...met].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
});

test.run();
