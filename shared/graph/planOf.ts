import type { PlanState } from '../model/state.ts';
import { taskKey } from '../names/taskKey.ts';
import { type Choice, decideOnPush } from '../rules/decideOnPush.ts';
import { waveSeconds, wavesOf } from '../rules/waves.ts';
import type { PlanAnswer, PlanTask } from './answers.ts';

/** A longer plan is cut, and marked so. */
const maxPlanned = 20_000;

interface Found {
  rebuilt: Map<string, Rebuilt>;
  skipped: PlanAnswer['skipped'];
  held: NonNullable<PlanAnswer['held']>;
}

interface Rebuilt {
  state: PlanState;
  /** The image whose move rebuilds it. */
  image: string;
}

/**
 * What a push of some images would rebuild, in which waves, and how long that would take by the newest builds. Pure,
 * for the server and for a browser: it needs no more of a state than the graph's answer has.
 * @param states of all tasks that may be built on the images, over however many levels; others do no harm
 * @param images normalised references
 * @param pace runs that a registry may have at once
 * @param decide what a move of an image means for a task; a push of a digest that no task has seen, unless given
 */
export function planOf<S extends PlanState>(
  states: Iterable<S>,
  images: string[],
  pace: number,
  decide: (image: string, state: S) => Choice = (image, state) => decideOnPush(anyPush(image), state),
): PlanAnswer {
  const dependents = dependentsOf(states);
  const found: Found = { rebuilt: new Map(), skipped: [], held: [] };
  const { rebuilt, skipped, held } = found;
  const seen = new Set<string>(images);
  let tooMany = false;
  // A set is gone through to its end, what is added on the way included: level by level.
  for (const image of seen) {
    for (const state of dependents.get(image) ?? []) {
      if (rebuilt.has(taskKey(state))) continue;
      if (rebuilt.size >= maxPlanned) tooMany = true;
      else considered(state, image, decide(image, state), found).forEach((output) => void seen.add(output));
    }
  }
  const waves = wavesOf(images, [...rebuilt.values()]).map((wave) => ({
    tasks: wave.map(planTask),
    ...known(
      waveSeconds(
        wave.map(({ state }) => state),
        pace,
      ),
    ),
  }));
  const times = waves.flatMap(({ seconds }) => seconds ?? []);
  const seconds = times.length > 0 ? times.reduce((sum, one) => sum + one, 0) : undefined;
  // One that another of the images rebuilds is not held for this one, and one that is held for two images is so once.
  const first = new Map(held.toReversed().map((one) => [taskKey(one), one]));
  const stay = held.filter((one) => !rebuilt.has(taskKey(one)) && first.get(taskKey(one)) === one);
  return { waves, skipped, ...(stay.length > 0 && { held: stay }), ...known(seconds), tooMany };
}

/** The tasks that are built on each image, by those of their base images that count. */
export function dependentsOf<S extends PlanState>(
  states: Iterable<S>,
  basesOf: (state: S) => PlanState['bases'] = ({ bases }) => bases,
): Map<string, S[]> {
  const dependents = new Map<string, S[]>();
  for (const state of states)
    for (const image of new Set(basesOf(state).map((base) => base.image))) {
      const known = dependents.get(image);
      if (known) known.push(state);
      else dependents.set(image, [state]);
    }
  return dependents;
}

/** A digest that no task has seen, later than all. */
export const anyPush = (image: string) => ({
  id: '',
  image,
  digest: 'a newer one',
  timestamp: '9999-12-31T00:00:00.000Z',
});

/** Gives what the task makes, where the push would rebuild it. */
function considered(
  state: PlanState,
  image: string,
  choice: Choice,
  { rebuilt, skipped, held }: Found,
): string[] {
  if (choice.do === 'skip' || choice.do === 'hold') {
    const { registry, task } = state;
    (choice.do === 'hold' ? held : skipped).push({ registry, task, reason: choice.reason });
    return [];
  }
  rebuilt.set(taskKey(state), { state, image });
  return state.outputs;
}

const planTask = ({ state: { registry, task, built }, image }: Rebuilt): PlanTask => ({
  registry,
  task,
  image,
  ...known(built?.seconds),
});

const known = (seconds: number | undefined) => (seconds === undefined ? {} : { seconds });
