import assert from 'node:assert/strict';
import { test } from 'uvu';
import { chaos, faultsOf } from '../chaos.ts';

const seed = Number(process.env.PLINTH_SEED ?? Date.now() % 1_000_000_007);
console.log(`chaos: PLINTH_SEED=${seed}`);

/** The short form of `npm run chaos`. */
test('through kills, restarts and bad answers nothing is lost and nothing is built twice', async () => {
  const kills = 3;
  const report = await chaos({
    registries: ['baseacr', 'midacr', 'appacr'],
    perLevel: [4, 4, 4],
    pushes: 25,
    kills,
    storageRestarts: 1,
    seed,
    settleSeconds: 600,
    log: console.log,
  });
  console.log(report);
  assert.deepEqual(faultsOf(report, kills), []);
});

test.run();
