import assert from 'node:assert/strict';
import fc from 'fast-check';
import { base, diamond, diamondWorld, publicBase } from '../diamondWorld.ts';
import { type Roughness, roughen } from '../rough/rough.ts';
import { openRuns, settle, settleWithoutRounds } from '../settle.ts';
import { runsOf, type World } from '../world.ts';
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
} from './checks.ts';
import { createStorm, kinds, type Step } from './happen.ts';
import { nothingWasSwallowed } from './judge.ts';
import { createOracle, type Oracle } from './oracle.ts';

/** What a storm is over. */
export interface Place {
  runsPerRegistry: number;
  seed: number;
  isStorageRough: boolean;
  /** Minutes that some images must have; undefined where nothing is judged. */
  ages?: number[];
}

export const places = {
  runsPerRegistry: fc.integer({ min: 1, max: 2 }),
  seed: fc.nat(0xffffff),
  isStorageRough: fc.boolean(),
};
export const ages = fc.tuple(...[30, 60, 10].map((most) => fc.constantFrom(0, 0, 1, most)));

export const stepsWithout = (left: readonly string[]) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds.filter((kind) => !left.includes(kind))),
      with: fc.nat(0xffffff),
    }),
    { minLength: 20, maxLength: 60, size: 'max' },
  );

/** `PLINTH_SMOOTH=late,twice` leaves these out; nothing is left out otherwise. */
const off = (process.env.PLINTH_SMOOTH ?? '').split(',') as Roughness[];
/** What a round must find is in half of the worlds only: the others come to rest without one. */
const storageRoughnesses: Roughness[] = ['busy', 'lostAnswer', 'never'];
/** Of these images some are built on only when they have so many minutes. */
const aged = [base, publicBase, diamond[0]!.makes];
const agesS = 3600;
/** What the world met, of all storms of the process. */
export const met = new Map<string, number>();

/** After the last wrong thing: the pauses between three tries, twice the lease of a message, and rounds. */
const minutesToRest = 60;
/** For each run that was open or is begun: its start, its waiting, its follow-ups. */
const messagesForRun = 30;
/** For each move of a tag that is heard of late, or found by a round: its pages. */
const messagesForMove = 4;

/** Plays a storm, and compares the world with what docs/exactly-once.md says. @throws AssertionError */
export async function play(steps: Step[], place: Place): Promise<void> {
  const { world, policies, oracle, longest } = await begin(place);
  const rough = roughen(world, place.seed, [...off, ...(place.isStorageRough ? [] : storageRoughnesses)]);
  const { chronicle, happen, isOver } = createStorm(world, rough, oracle);
  for (const step of steps) {
    await happen(step);
    await keepsThePace(world);
  }
  await isOver();
  for (const [kind, count] of Object.entries(rough.counts)) met.set(kind, (met.get(kind) ?? 0) + count);
  assert.deepEqual([...chronicle.wrong, ...oracle.wrong], []);
  if (!chronicle.lost) {
    await settleWithoutRounds(world);
    await nothingIsLeft(world);
    oracle.standsOnTheNewest(await notRetried(world), false);
  }
  await comesToRest(world, oracle, longest);
  nothingWasSwallowed(world);
  await everyDecisionSaysWhy(world);
  await whatWasCancelledEndedSo(world, chronicle.cancelled);
  await everyBuildHasItsRun(world, chronicle.mayBeUnnamed);
  oracle.standsOnTheNewest(await stoppedIn(world, chronicle.cancelled));

  // What is paused is not any more, and what is young grows old.
  oracle.pauses.clear();
  world.ports.settings.policies = policies;
  world.pass(agesS + 3600);
  await settle(world);
  oracle.standsOnTheNewest(await stoppedIn(world, chronicle.cancelled));
  await oracle.nothingBadWasBuilt();
  if (!chronicle.skewed) {
    await nothingWasBuiltTwice(world, oracle);
    await nothingGoesBack(world, oracle);
  }

  world.push(base);
  world.push(publicBase);
  await settle(world);
  if (place.ages) world.pass(agesS);
  await settle(world);
  standsOnTheNewest(world);
  await nothingNewerIsLeft(world, () => false);
  assert.equal(world.builds.filter((build) => !world.hasEnded(build)).length, 0);
}

async function begin({ runsPerRegistry, seed, ages }: Place) {
  const world = await diamondWorld(runsPerRegistry);
  // In a third of the worlds each dependent is a page of its own.
  if (seed % 3 === 0) world.ports.settings.dependentsAtOnce = 1;
  if (ages) world.pass(agesS);
  const minutes = aged.map((images, at) => ({ images, minutes: ages?.[at] ?? 0 }));
  const policies = minutes.flatMap(({ images, minutes }) =>
    minutes === 0 ? [] : [{ images, minimumAge: `${minutes}m` }],
  );
  world.ports.settings.policies = policies;
  const oracle = createOracle(
    world,
    new Map(minutes.map(({ images, minutes }) => [images, minutes * 60_000])),
  );
  world.told = oracle.told;
  return { world, policies, oracle, longest: Math.max(...minutes.map(({ minutes }) => minutes)) };
}

/** In no more time and by no more messages than what is going on may take. */
async function comesToRest(world: World, oracle: Oracle, longestMinutes: number): Promise<void> {
  const before = await runsOfAll(world);
  const ended = before.length - (await openRuns(world)).length;
  const left = world.messages.length;
  const { messages, minutes } = await settle(world);
  const settled = (await runsOfAll(world)).length - ended;
  assert.ok(minutes <= minutesToRest + longestMinutes, `${minutes} minutes to rest`);
  const moved = world.moves.length + 2 * oracle.said.length;
  const most = left + settled * messagesForRun + moved * messagesForMove;
  assert.ok(messages <= most, `${messages} messages, ${most} at most`);
  await nothingIsLeft(world);
}

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
