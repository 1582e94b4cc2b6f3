import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { base, diamond, diamondWorld, publicBase } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { type Chronicle, happen, kinds } from './storm.ts';
import {
  everyDecisionSaysWhy,
  keepsThePace,
  nothingIsLeft,
  nothingWasBuiltTwice,
  standsOnTheNewest,
  whatWasCancelledEndedSo,
} from './stormChecks.ts';

const seed = Number(process.env.PLINTH_SEED ?? Date.now() % 1_000_000_007);
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? 4_500);
console.log(`storms: PLINTH_SEED=${seed}, ${numRuns} sequences`);

const steps = fc.array(fc.record({ kind: fc.constantFrom(...kinds), with: fc.nat(0xffffff) }), {
  minLength: 5,
  maxLength: 40,
});

test('after any storm every app stands on the newest bases, and nothing was built twice', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (storm) => {
      const world = await diamondWorld();
      const chronicle: Chronicle = { disturbed: false, cancelled: new Set(), events: new Map() };
      for (const step of storm) {
        await happen(world, step, chronicle);
        await keepsThePace(world);
      }
      delete world.trouble.engine;
      await settle(world);
      await nothingIsLeft(world);
      await everyDecisionSaysWhy(world);
      await whatWasCancelledEndedSo(world, chronicle.cancelled);
      if (!chronicle.disturbed) await nothingWasBuiltTwice(world);
      // What a person cancelled is not built again by itself, nor what failed three times.
      const stopped = new Set<string>();
      for (const { registry, name } of diamond) {
        const last = (await world.ports.store.state(registry, name))?.value.last;
        const given = last && (last.failures >= 3 || chronicle.cancelled.has(`${registry}/${last.runId}`));
        if (given) stopped.add(name);
      }
      standsOnTheNewest(world, (task) => stopped.has(task));

      world.push(base);
      world.push(publicBase);
      await settle(world);
      standsOnTheNewest(world);
      assert.equal(world.builds.filter((build) => !world.hasEnded(build)).length, 0);
    }),
    { seed, numRuns, includeErrorInReport: true },
  );
});

test.run();
