// Tier: long, the app is killed, and comes to rest after minutes.
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { chaos, faultsOf } from './chaos.ts';

const seed = seedOf();
console.log(`chaos: PLINTH_SEED=${seed}`);

/** The short form of `npm run chaos`. */
test('through kills, restarts and bad answers nothing is lost and nothing is built twice', async () => {
  const { kills, pushes } = byTier({
    fast: { kills: 1, pushes: 5 },
    normal: { kills: 1, pushes: 8 },
    long: { kills: 3, pushes: 25 },
  });
  const report = await chaos({
    registries: ['baseacr', 'midacr', 'appacr'],
    perLevel: [4, 4, 4],
    pushes,
    kills,
    storageRestarts: 1,
    seed,
    settleSeconds: 600,
    log: console.log,
  });
  console.log(report);
  assert.deepEqual(faultsOf(report), []);
});

test.run();
