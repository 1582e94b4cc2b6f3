import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { instantExecutor } from '../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../local/runEngine/types.ts';
import { eventually } from '../../local/tutorial/apiClient.ts';
import { type RunProperties, startWorld, type World } from '../stack/whole/world.ts';
import { line } from './figures.ts';

/** Builds at once: the engine's and the setting's. */
const slots = 10;
const from = (...images: string[]) => images.map((image) => `FROM ${image}\n`).join('');
const ofBase = (base: string) => `baseacr.azurecr.io/${base}`;
const made = (name: string) => `appacr.azurecr.io/${name}:1`;

/** A set of tasks over a base image. */
interface Fleet {
  title: string;
  base: string;
  seconds: number;
  /** By level: those of a level are built on what the level before makes. */
  levels: [name: string, bases: string[]][][];
}
const flat = (seconds: number): Fleet => {
  const base = `base/fleet${seconds}:1`;
  const tasks = Array.from({ length: 60 }, (_, at): [string, string[]] => [
    `fleet-${seconds}-${at}`,
    [ofBase(base)],
  ]);
  return { title: `60 builds of ${seconds} s`, base, seconds, levels: [tasks] };
};
const diamondBase = 'base/diamond:1';
const diamond: Fleet = {
  title: 'a diamond of four levels of builds of 20 s',
  base: diamondBase,
  seconds: 20,
  levels: [
    [['diamond-top', [ofBase(diamondBase)]]],
    [
      ['diamond-left', [made('diamond-top')]],
      ['diamond-right', [made('diamond-top'), ofBase(diamondBase)]],
    ],
    [
      ['diamond-left2', [made('diamond-left'), made('diamond-right')]],
      ['diamond-right2', [made('diamond-right'), ofBase(diamondBase)]],
    ],
    [['diamond-app', [made('diamond-left2'), made('diamond-right2')]]],
  ],
};
const fleets = [flat(5), flat(20), diamond];

/**
 * From a push until the last dependent has succeeded, by the time that the same builds take on the same slots when each
 * begins as soon as a slot is free and what it is built on is there.
 */
export default async function run(): Promise<void> {
  const secondsOf = new Map(
    fleets.flatMap(({ levels, seconds }) => levels.flat().map(([name]) => [name, seconds])),
  );
  let executor: Executor | undefined;
  const world = await startWorld({
    maxConcurrentRuns: slots,
    settings: { PLINTH_RUNS_PER_REGISTRY: `${slots}` },
    executor: async (work) => {
      executor ??= instantExecutor(world.stack.tls.ca);
      work.running();
      await pause(secondsOf.get(work.images[0]!.repository)! * 1000);
      return executor(work);
    },
  });
  try {
    // The time that the newest success took is what the next end is expected by.
    await Promise.all(fleets.map((fleet) => firstBuilds(world, fleet)));
    const ratios = [];
    for (const fleet of fleets) ratios.push(await ratioOf(world, fleet));
    const [short, long, levels] = ratios.map((ratio) => ratio.toFixed(2));
    console.log(`fleet: ${short} of 5 s builds, ${long} of 20 s, ${levels} diamond`);
  } finally {
    await world.stack.stop();
  }
}

async function firstBuilds(world: World, { base, levels }: Fleet): Promise<void> {
  await world.pushBase(base, 'first');
  for (const level of levels) {
    const runIds = [];
    for (const [name, bases] of level) {
      await world.task(name, from(...bases), { step: { imageNames: [`${name}:1`] } });
      runIds.push(await world.queue(name));
    }
    for (const runId of runIds) await world.ended(runId);
  }
  await world.quiet();
}

async function ratioOf(world: World, { title, base, levels }: Fleet): Promise<number> {
  const begun = Date.now();
  await world.pushBase(base, `text ${begun}`);
  const count = levels.flat().length;
  const runs: RunProperties[] = await eventually('the last success', 900, async () => {
    const { value } = await world.api.call('GET', '/registries/appacr/runs?$top=60');
    // Each question costs the app as much as a step of a run; the times are those of the rows.
    await pause(2000);
    const done = value
      .map(({ properties }: RunProperties) => properties)
      .filter(({ status, createTime }: RunProperties) => status === 'Succeeded' && begun <= ms(createTime));
    return done.length >= count && done;
  });
  const wall = Math.max(...runs.map(({ lastUpdatedTime }) => ms(lastUpdatedTime))) - begun;
  const ideal = levels.reduce((sum, level) => sum + greedy(runs, level), 0);
  console.log(
    `${title}: ${seconds(wall)} s, the builds alone ${seconds(ideal)} s; load average ${loadavg()[0]!.toFixed(1)}\n  ${restOf(runs, begun)}`,
  );
  await world.quiet();
  return wall / ideal;
}

const ms = (time: string) => Date.parse(time);
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);

/** Milliseconds that the builds of a level take when a free slot always takes the next. */
function greedy(runs: RunProperties[], level: Fleet['levels'][number]): number {
  const freeAt = Array.from({ length: slots }, () => 0);
  for (const run of runs.filter(({ task }) => level.some(([name]) => name === task)))
    freeAt[freeAt.indexOf(Math.min(...freeAt))]! += ms(run.finishTime) - ms(run.startTime);
  return Math.max(...freeAt);
}

/** Where the rest of the time goes, from the rows of the runs. */
function restOf(runs: RunProperties[], begun: number): string {
  const starts = runs.map(({ startTime }) => ms(startTime)).sort((a, b) => a - b);
  const ends = runs.map(({ finishTime }) => ms(finishTime)).sort((a, b) => a - b);
  const seen = runs.map(({ finishTime, lastUpdatedTime }) => ms(lastUpdatedTime) - ms(finishTime));
  const idle = starts.slice(slots).map((start, at) => start - ends[at]!);
  return [
    `first start after ${starts[0]! - begun} ms`,
    line(
      'a build',
      runs.map(({ startTime, finishTime }) => ms(finishTime) - ms(startTime)),
    ),
    line('its end → succeeded', seen),
    ...(idle.length > 0 ? [line('its end → the next start', idle)] : []),
  ].join('\n  ');
}
