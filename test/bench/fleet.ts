import { setTimeout as pause } from 'node:timers/promises';
import { instantExecutor } from '../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../local/runEngine/types.ts';
import { eventually } from '../../local/tutorial/apiClient.ts';
import { type RunProperties, startWorld, type World } from '../stack/whole/world.ts';

const base = 'base/fleet:1';
const from = (...images: string[]) => images.map((image) => `FROM ${image}\n`).join('');
const ofBase = `baseacr.azurecr.io/${base}`;
const made = (name: string) => `appacr.azurecr.io/${name}:1`;

/** A set of tasks, and how long its builds take at least: greedily on ten slots, without anything between them. */
interface Fleet {
  title: string;
  seconds: number;
  tasks: [name: string, bases: string[]][];
  /** Builds one after the other at least. */
  depth: number;
}
const flat = (seconds: number): Fleet => ({
  title: `60 builds of ${seconds} s`,
  seconds,
  tasks: Array.from({ length: 60 }, (_, at) => [`fleet-${seconds}-${at}`, [ofBase]]),
  depth: 6,
});
const diamond: Fleet = {
  title: 'a diamond of four levels of builds of 20 s',
  seconds: 20,
  tasks: [
    ['diamond-top', [ofBase]],
    ['diamond-left', [made('diamond-top')]],
    ['diamond-right', [made('diamond-top'), ofBase]],
    ['diamond-left2', [made('diamond-left'), made('diamond-right')]],
    ['diamond-right2', [made('diamond-right'), ofBase]],
    ['diamond-app', [made('diamond-left2'), made('diamond-right2')]],
  ],
  depth: 4,
};

/** From a push until the last dependent has succeeded, by the time that the same builds take on the same slots. */
export default async function run(): Promise<void> {
  const ratios = [];
  for (const fleet of [flat(5), flat(20), diamond]) ratios.push(await ratioOf(fleet));
  const [short, long, levels] = ratios.map((ratio) => ratio.toFixed(2));
  console.log(`fleet: ${short} of 5 s builds, ${long} of 20 s, ${levels} diamond`);
}

async function ratioOf({ title, seconds, tasks, depth }: Fleet): Promise<number> {
  let executor: Executor | undefined;
  let buildSeconds = 0;
  const world = await startWorld({
    executor: async (work) => {
      executor ??= instantExecutor(world.stack.tls.ca);
      work.running();
      await pause(buildSeconds * 1000);
      return executor(work);
    },
  });
  try {
    await world.pushBase(base, 'first');
    for (const [name, bases] of tasks) {
      await world.task(name, from(...bases), { step: { imageNames: [`${name}:1`] } });
      await world.run(name);
    }
    // The time that the newest success took is what the next end is expected by.
    buildSeconds = seconds;
    await wallOf(world, tasks.length);
    const wall = await wallOf(world, tasks.length);
    const ideal = depth * seconds;
    console.log(`${title}: ${wall.toFixed(1)} s, ${ideal} s without anything between the builds`);
    return wall / ideal;
  } finally {
    await world.stack.stop();
  }
}

/** Seconds from a push until so many runs have succeeded that it started. */
async function wallOf(world: World, count: number): Promise<number> {
  const begun = Date.now();
  await world.pushBase(base, `text ${begun}`);
  await eventually('the last success', 900, async () => {
    const { value } = await world.api.call('GET', '/registries/appacr/runs?$top=100');
    const done = value.filter(
      ({ properties }: RunProperties) =>
        properties.status === 'Succeeded' && Date.parse(properties.createTime) >= begun,
    );
    return done.length >= count;
  });
  const wall = (Date.now() - begun) / 1000;
  await world.quiet();
  return wall;
}
