import assert from 'node:assert/strict';
import { test } from 'uvu';
import { byTier } from '../../tier.ts';
import { play } from '../../worlds/replay/play.ts';

const seed = Number(process.env.PLINTH_SEED ?? 7);
/** The habits of tags come twice in eight: of Docker Hub, and of a registry of the settings. */
const size = byTier({
  fast: { days: 13, tags: 8 },
  normal: { days: 26, tags: 8 },
  long: { days: 90, tags: 20 },
});

test('in a history of public tags no image starves, none is built on what is held, and none for nothing', async () => {
  const { pushes, builds, saved, onHeld, starved } = await play(seed, size);
  console.log(`replay: PLINTH_SEED=${seed}, ${pushes} pushes, ${builds} builds, ${saved} saved`);
  assert.deepEqual(onHeld.slice(0, 5), []);
  assert.deepEqual(starved.slice(0, 5), []);
  assert.ok(saved > builds / 10, 'most nights bring nothing new');
});

test.run();
