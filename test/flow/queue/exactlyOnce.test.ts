import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { seedOf } from '../../seed.ts';
import { byTier } from '../../tier.ts';
import { base, diamond, diamondWorld, publicBase } from '../../worlds/diamondWorld.ts';
import { type Roughness, roughen } from '../../worlds/rough/rough.ts';
import { openRuns, settle, settleWithoutRounds } from '../../worlds/settle.ts';
import {
  everyBuildHasItsRun,
  everyDecisionSaysWhy,
  keepsThePace,
  nothingGoesBack,
  nothingIsLeft,
  nothingNewerIsLeft,
  nothingWasBuiltTwice,
  standsOnTheNewest,
  whatWasCancelledEndedSo,
} from '../../worlds/storm/checks.ts';
import { createStorm, kinds, ofJudging } from '../../worlds/storm/happen.ts';
import { nothingWasSwallowed } from '../../worlds/storm/judge.ts';
import { createOracle } from '../../worlds/storm/oracle.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const seed = seedOf();
const numRuns = Number(process.env.PLINTH_SEQUENCES ?? byTier({ fast: 40, normal: 200, long: 2_000 }));
console.log(`storms: PLINTH_SEED=${seed}, ${numRuns} sequences`);

/**
 * `PLINTH_JUDGED=1` draws policies, judgements and pushes of the same content too, `PLINTH_JUDGED=clock` clocks that jump
 * besides. Not by default: 2,000 of them take too long, and with `PLINTH_SEED=3` one history with a clock that jumps does
 * not hold yet.
 */
const judged = process.env.PLINTH_JUDGED;
const drawn = kinds.filter((kind) =>
  kind === 'clock jumps' ? judged === 'clock' : judged || !ofJudging.includes(kind),
);
const steps = fc.array(fc.record({ kind: fc.constantFrom(...drawn), with: fc.nat(0xffffff) }), {
  minLength: 20,
  maxLength: 60,
  size: 'max',
});

/** `PLINTH_SMOOTH=late,twice` leaves these out; nothing is left out otherwise. */
const off = (process.env.PLINTH_SMOOTH ?? '').split(',') as Roughness[];
/** What a round must find is in half of the worlds only: the others come to rest without one. */
const storageRoughnesses: Roughness[] = ['busy', 'lostAnswer', 'never'];
/** Of these images some are built on only when they have so many minutes. */
const aged = [base, publicBase, diamond[0]!.makes];
const agesS = 3600;
const worlds = fc.record({
  ...(judged && { ages: fc.tuple(...[30, 60, 10].map((most) => fc.constantFrom(0, 0, 1, most))) }),
  runsPerRegistry: fc.integer({ min: 1, max: 2 }),
  seed: fc.nat(0xffffff),
  isStorageRough: fc.boolean(),
});
const met = new Map<string, number>();

/** After the last wrong thing: the pauses between three tries, twice the lease of a message, and rounds. */
const minutesToRest = 60;
/** For each run that was open or is begun: its start, its waiting, its follow-ups. */
const messagesForRun = 30;
/** For each move of a tag that is heard of late, or found by a round: its pages. */
const messagesForMove = 4;

test('after any storm every app is built on the newest bases, and nothing was built twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      worlds,
      async (steps, { runsPerRegistry, seed, isStorageRough, ages = [0, 0, 0] }) => {
        const world = await diamondWorld(runsPerRegistry);
        // In a third of the worlds each dependent is a page of its own.
        if (seed % 3 === 0) world.ports.settings.dependentsAtOnce = 1;
        if (judged) world.pass(agesS);
        const policies = aged.flatMap((images, at) =>
          ages[at] === 0 ? [] : [{ images, minimumAge: `${ages[at]}m` }],
        );
        world.ports.settings.policies = policies;
        const oracle = createOracle(world, new Map(aged.map((image, at) => [image, ages[at]! * 60_000])));
        world.told = oracle.told;
        const rough = roughen(world, seed, [...off, ...(isStorageRough ? [] : storageRoughnesses)]);
        const { chronicle, happen, isOver } = createStorm(world, rough, oracle);
        for (const step of steps) {
          await happen(step);
          await keepsThePace(world);
        }
        await isOver();
        for (const [kind, count] of Object.entries(rough.counts)) met.set(kind, (met.get(kind) ?? 0) + count);
        assert.deepEqual([...chronicle.wrong, ...oracle.wrong], []);
        const newest = (except: (task: string) => boolean, isRoundDone?: boolean) =>
          oracle.standsOnTheNewest(except, isRoundDone);
        if (!chronicle.lost) {
          await settleWithoutRounds(world);
          await nothingIsLeft(world);
          newest(await notRetried(world), false);
        }
        const before = await runsOfAll(world);
        const ended = before.length - (await openRuns(world)).length;
        const left = world.messages.length;
        const { messages, minutes } = await settle(world);
        const settled = (await runsOfAll(world)).length - ended;
        assert.ok(minutes <= minutesToRest + Math.max(...ages), `${minutes} minutes to rest`);
        const moved = world.moves.length + 2 * oracle.said.length;
        const most = left + settled * messagesForRun + moved * messagesForMove;
        assert.ok(messages <= most, `${messages} messages, ${most} at most`);
        await nothingIsLeft(world);
        nothingWasSwallowed(world);
        await everyDecisionSaysWhy(world);
        await whatWasCancelledEndedSo(world, chronicle.cancelled);
        await everyBuildHasItsRun(world, chronicle.mayBeUnnamed);
        const isStopped = await stoppedIn(world, chronicle.cancelled);
        newest(isStopped);

        // What is paused is not any more, and what is young grows old.
        oracle.pauses.clear();
        world.ports.settings.policies = policies;
        world.pass(agesS + 3600);
        await settle(world);
        newest(await stoppedIn(world, chronicle.cancelled));
        await oracle.nothingBadWasBuilt();
        if (!chronicle.skewed) {
          await nothingWasBuiltTwice(world, oracle);
          await nothingGoesBack(world, oracle);
        }

        world.push(base);
        world.push(publicBase);
        await settle(world);
        if (judged) world.pass(agesS);
        await settle(world);
        standsOnTheNewest(world);
        await nothingNewerIsLeft(world, () => false);
        assert.equal(world.builds.filter((build) => !world.hasEnded(build)).length, 0);
      },
    ),
    { seed, numRuns, includeErrorInReport: true },
  );
  console.log(`met: ${[...met].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
});

const runsOfAll = async (world: World) =>
  (await Promise.all(world.ports.settings.registries.map(({ name }) => runsOf(world, name)))).flat();

/** What a person cancelled is not built again by itself, nor what failed three times. */
async function stoppedIn(world: World, cancelled: Set<string>) {
  const stopped = new Set<string>();
  for (const { registry, name } of diamond) {
    const last = (await world.ports.store.state(registry, name))?.value.last;
    if (last && (last.failures >= 3 || cancelled.has(`${registry}/${last.runId}`))) stopped.add(name);
  }
  return (task: string) => stopped.has(task);
}

/** Those whose newest run did not end well: only a round tries them again. */
async function notRetried(world: World) {
  const names = new Set<string>();
  for (const { registry, name } of diamond) {
    const last = (await world.ports.store.state(registry, name))?.value.last;
    if (last?.status !== 'Succeeded') names.add(name);
  }
  return (task: string) => names.has(task);
}

test.run();
