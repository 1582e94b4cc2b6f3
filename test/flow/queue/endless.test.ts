import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { type Drawn, endlessWorld, imageOf, root } from '../../worlds/endlessWorld.ts';

const seed = seedOf();
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? byTier({ fast: 20, normal: 100, long: 2_000 }));
console.log(`task sets: PLINTH_SEED=${seed}, ${numRuns} of them`);

const most = 6;
/** Mostly a task drawn before, so that there are long chains; else any, so that there are rings. */
const imageFor = (at: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: -1, max: at - 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: -1, max: most - 1 }) },
  );
const taskAt = (at: number): fc.Arbitrary<Drawn> =>
  fc.record({
    registry: fc.nat(2),
    naming: fc.constantFrom(
      ...([
        'plain',
        'server',
        'capitals',
        'port',
        'variable',
        'credentials',
        'twice',
        'file',
        'fileAlias',
      ] as const),
    ),
    trigger: fc.constantFrom(...(['Runtime', 'Runtime', 'All', 'All', 'All', 'none', 'off'] as const)),
    isDisabled: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    pushes: fc.integer({ min: 0, max: 7 }).map((number) => number > 0),
    stands: imageFor(at),
    takes: fc.array(
      fc.record({ image: imageFor(at), how: fc.constantFrom(...(['stage', 'copy'] as const)) }),
      { maxLength: 2 },
    ),
    spelling: fc.constantFrom(...(['plain', 'capitals', 'port', 'region', 'argument'] as const)),
    otherPlatform: fc.boolean(),
  });
/** An image that no task makes is the root. */
const within = (drawn: Drawn[]): Drawn[] =>
  drawn.map((one) => ({
    ...one,
    stands: one.stands < drawn.length ? one.stands : -1,
    takes: one.takes.map((taken) => ({ ...taken, image: taken.image < drawn.length ? taken.image : -1 })),
  }));
const sets = fc
  .integer({ min: 1, max: most })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => taskAt(at))))
  .map(within);

/** The images on which a task stands, and those of them whose push starts it. */
const standsOn = ({ stands, takes }: Drawn) => [stands, ...takes.map(({ image }) => image)];
const startedBy = (one: Drawn) =>
  one.isDisabled || one.trigger === 'none' || one.trigger === 'off'
    ? []
    : one.trigger === 'Runtime'
      ? [one.stands]
      : standsOn(one);

/** Whom a push of an image starts, over what they make in turn. */
function startedOver(image: number, drawn: Drawn[]): Set<number> {
  const started = new Set<number>();
  const open = [image];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const [at, one] of drawn.entries())
      if (!started.has(at) && startedBy(one).includes(next)) {
        started.add(at);
        if (one.pushes) open.push(at);
      }
  return started;
}

test('after one push each task runs at most once for each change of its base images, and then no run is left', async () => {
  let rings = 0;
  await fc.assert(
    fc.asyncProperty(sets, async (drawn) => {
      const { built, moves, pushRoot } = await endlessWorld(drawn);
      await pushRoot();
      const counts = drawn.map((_, at) => built.filter((task) => task === at).length);
      for (const [at, one] of drawn.entries()) {
        const images = new Set(standsOn(one).map((image) => imageOf(drawn, image)));
        const changes = moves.filter((image) => images.has(image)).length;
        assert.ok(counts[at]! <= changes, `task ${at} ran ${counts[at]} times for ${changes} changes`);
        // All these changes come from one: who makes its base images is built before it.
        assert.ok(counts[at]! <= 1, `task ${at} ran ${counts[at]} times`);
      }
      const goesRound = drawn.some((one, at) => one.pushes && startedOver(at, drawn).has(at));
      if (goesRound) {
        rings++;
        return;
      }
      const started = startedOver(-1, drawn);
      assert.deepEqual(
        counts,
        drawn.map((_, at) => (started.has(at) ? 1 : 0)),
      );
      assert.equal(moves[0], root);
    }),
    { seed, numRuns, includeErrorInReport: true },
  );
  assert.ok(rings > numRuns / 50, `only ${rings} rings were drawn`);
});

test.run();
