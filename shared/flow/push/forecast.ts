import type { PlanAnswer } from '../../graph/answers.ts';
import { planUnder } from '../../graph/planUnder.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { PlanState } from '../../model/state.ts';
import { taskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Store, UnreadableError } from '../../ports/store.ts';
import { mapAtMost } from '../concurrency.ts';
import { imageNamed } from '../imageNamed.ts';
import { allStates } from '../overall/stale.ts';

/**
 * Storage calls for which the tasks below an image are asked for one by one. Where there are more, the states of all
 * tasks are read: one call for each thousand.
 */
const callsOneByOne = 10;
const readsAtOnce = 10;

type Flow = Pick<Ports, 'store' | 'settings' | 'clock'>;

/**
 * What a push of these images would rebuild, in which order, how long that would take, and what a policy would hold.
 * Changes nothing.
 * @param images normalised references
 */
export async function forecast(images: string[], { store, settings, clock }: Flow): Promise<PlanAnswer> {
  const unread: PlanAnswer['skipped'] = [];
  const below = await statesBelow(images, store, unread);
  const states = below ?? (await allStates({ store, settings })).states;
  const { runsPerRegistry, policies } = settings;
  const plan = planUnder(states, images, runsPerRegistry, { policies, now: clock.now() });
  return { ...plan, skipped: [...plan.skipped, ...unread] };
}

/**
 * What a push of one image would rebuild, with a sentence where that is nothing.
 * @param image with or without the registry's login server
 */
export async function forecastImage(
  registry: Pick<KnownRegistry, 'loginServer'>,
  image: string,
  flow: Flow,
): Promise<PlanAnswer> {
  const name = imageNamed(image, registry);
  const plan = await forecast([name], flow);
  if (plan.waves.length > 0 || plan.skipped.length > 0) return plan;
  const message = `No task is known to be built from ${name}. A task is known by what its last run was built from.`;
  return { ...plan, message };
}

/**
 * The tasks below some images, level by level; undefined where that would take too many calls.
 * @param unread takes those that cannot be read
 */
async function statesBelow(
  images: string[],
  store: Pick<Store, 'imageEdges' | 'state'>,
  unread: PlanAnswer['skipped'],
): Promise<PlanState[] | undefined> {
  const found = new Map<string, PlanState>();
  const seen = new Set(images);
  let left = callsOneByOne;
  for (const image of seen) {
    if (--left < 0) return undefined;
    const { dependents } = await store.imageEdges(image);
    const others = dependents.filter((task) => !found.has(taskKey(task)));
    left -= others.length;
    if (left < 0) return undefined;
    const states = await mapAtMost(others, readsAtOnce, async ({ registry, task }) => {
      try {
        return await store.state(registry, task);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
        unread.push({ registry, task, reason: error.message });
        return undefined;
      }
    });
    for (const state of states) {
      if (!state) continue;
      found.set(taskKey(state.value), state.value);
      for (const output of state.value.outputs) seen.add(output);
    }
  }
  return [...found.values()];
}
