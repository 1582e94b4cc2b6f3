import { decideOnPush } from '../decide.ts';
import type { TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Store, TaskKey } from '../ports/store.ts';
import { mapAtMost } from './retry.ts';

/** Beyond this a plan says that it is cut short. */
const mostTasks = 2000;
const readsAtOnce = 32;

export interface Plan {
  /** What may start together; each wave after the one before. */
  waves: { tasks: PlannedTask[]; seconds: number | undefined }[];
  skipped: { registry: string; task: string; reason: string }[];
  /** By the newest builds and the runs that a registry may have at once; undefined where no task was built yet. */
  seconds: number | undefined;
  tooMany: boolean;
}

export interface PlannedTask {
  registry: string;
  task: string;
  /** The image whose move rebuilds it. */
  image: string;
  seconds?: number;
}

type Flow = Pick<Ports, 'store' | 'settings'>;

/**
 * What a push of these images would rebuild, in which order, and how long that would take. Changes nothing.
 * @param images normalised references
 */
export async function planFor(images: string[], { store, settings }: Flow): Promise<Plan> {
  const found = await climbDown(images, store);
  const depths = depthsOf(images, found.rebuilt);
  const planned = [...found.rebuilt].map(([name, { state, image }]) => {
    const { registry, task, built } = state;
    const seconds = built?.seconds;
    const entry: PlannedTask = { registry, task, image, ...(seconds !== undefined && { seconds }) };
    return { wave: depths.get(name)!, entry };
  });
  const last = Math.max(0, ...planned.map(({ wave }) => wave));
  const waves = Array.from({ length: last }, (_, at) => {
    const tasks = planned.filter(({ wave }) => wave === at + 1).map(({ entry }) => entry);
    return { tasks, seconds: waveSeconds(tasks, settings.runsPerRegistry) };
  });
  const known = waves.flatMap(({ seconds }) => seconds ?? []);
  return {
    waves,
    skipped: found.skipped,
    seconds: known.length > 0 ? known.reduce((sum, seconds) => sum + seconds, 0) : undefined,
    tooMany: found.tooMany,
  };
}

const named = ({ registry, task }: TaskKey) => `${registry}/${task}`.toLowerCase();

interface Found {
  rebuilt: Map<string, { state: TaskState; image: string }>;
  skipped: Plan['skipped'];
  tooMany: boolean;
}

async function climbDown(images: string[], store: Pick<Store, 'standing' | 'state'>): Promise<Found> {
  const found: Found = { rebuilt: new Map(), skipped: [], tooMany: false };
  const seen = new Set<string>();
  let level = images;
  while (level.length > 0) {
    const next: string[] = [];
    for (const image of level) {
      if (seen.has(image)) continue;
      seen.add(image);
      const { dependents } = await store.standing(image);
      const room = mostTasks - found.rebuilt.size;
      if (dependents.length > room) found.tooMany = true;
      const states = await mapAtMost(dependents.slice(0, room), readsAtOnce, ({ registry, task }) =>
        store.state(registry, task),
      );
      for (const stored of states) if (stored) next.push(...consider(stored.value, image, found));
    }
    level = next;
  }
  return found;
}

/** Gives what the task makes, where the push would rebuild it. */
function consider(state: TaskState, image: string, found: Found): string[] {
  if (found.rebuilt.has(named(state))) return [];
  // A digest that nobody has seen, later than all.
  const push = { id: '', image, digest: 'a newer one', timestamp: '9999-12-31T00:00:00.000Z' };
  const choice = decideOnPush(push, state);
  if (choice.do !== 'skip') {
    found.rebuilt.set(named(state), { state, image });
    return state.outputs;
  }
  found.skipped.push({ registry: state.registry, task: state.task, reason: choice.reason });
  return [];
}

/** A task starts after the last of those that make what it stands on: its wave is the longest way down to it. */
function depthsOf(images: string[], rebuilt: Found['rebuilt']): Map<string, number> {
  const makers = new Map<string, string[]>();
  for (const [name, { state }] of rebuilt)
    for (const output of state.outputs) makers.set(output, [...(makers.get(output) ?? []), name]);
  const depths = new Map<string, number>();
  const depthOf = (name: string, path: Set<string>): number => {
    const known = depths.get(name);
    if (known !== undefined || path.has(name)) return known ?? 0;
    const above = rebuilt
      .get(name)!
      .state.bases.flatMap(({ image }) => (images.includes(image) ? [] : (makers.get(image) ?? [])));
    const depth = 1 + Math.max(0, ...above.map((maker) => depthOf(maker, new Set(path).add(name))));
    depths.set(name, depth);
    return depth;
  };
  for (const name of rebuilt.keys()) depthOf(name, new Set());
  return depths;
}

/** The longest task, or what a registry's tasks take at its pace, whichever is more. */
function waveSeconds(tasks: PlannedTask[], runsAtOnce: number): number | undefined {
  const known = tasks.flatMap(({ seconds }) => seconds ?? []);
  if (known.length === 0) return undefined;
  const average = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  const perRegistry = new Map<string, number>();
  for (const { registry, seconds = average } of tasks)
    perRegistry.set(registry, (perRegistry.get(registry) ?? 0) + seconds);
  const rounds = [...perRegistry.values()].map((sum) => sum / runsAtOnce);
  return Math.round(Math.max(...known, ...rounds));
}
