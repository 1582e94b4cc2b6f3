import { decideOnPush, mostFailures } from './decide.ts';
import type { Push, TaskState } from './model/state.ts';
import { hasFailed, inputsOf } from './transitions.ts';

/** A base image and the tasks whose trigger watches it. */
export interface Tracked {
  image: string;
  /** Login server of the registry it is in: a normalised reference begins with it. */
  registry: string;
  tasks: TaskState[];
}

/** Every base image that some task's trigger watches, once. Pure. */
export function trackedBases(states: TaskState[]): Tracked[] {
  const tracked = new Map<string, Tracked>();
  for (const state of states) {
    for (const { image } of watchedBases(state)) {
      const entry = tracked.get(image) ?? { image, registry: image.split('/')[0]!, tasks: [] };
      entry.tasks.push(state);
      tracked.set(image, entry);
    }
  }
  return [...tracked.values()];
}

/** The base images whose updates rebuild the task. */
export function watchedBases({ enabled, trigger, bases }: TaskState) {
  if (!enabled || trigger === 'Disabled') return [];
  return trigger === 'Runtime' ? bases.filter(({ type }) => type === 'RunTime') : bases;
}

/** The tasks that have not heard of a digest; one that has a queued run will read it. */
export const unaware = ({ tasks }: Tracked, push: Push) =>
  tasks.filter((state) => decideOnPush(push, state).do === 'start');

/** Minutes after which the same inputs are tried again, by how often they have failed. */
const pauses = [0, 5, 15];

/**
 * Whether a task whose newest run failed gets another by itself: it does not stand on its newest base images, the same
 * inputs have not failed too often, and there was a pause. What failed at the hands of a person is theirs to try again.
 */
export function isDueForRetry(state: TaskState, now: Date): boolean {
  const { last, built, open, bases } = state;
  const watched = watchedBases(state);
  if (!last || watched.length === 0 || !hasFailed(last.status) || last.failures >= mostFailures) return false;
  if (open.some(({ canonical }) => canonical)) return false;
  const before = built?.pins.filter(({ image }) => watched.some((base) => base.image === image));
  const stale = before ? inputsOf(before) !== inputsOf(watched) : last.automatic && bases.length > 0;
  const pause = (pauses[last.failures] ?? 0) * 60_000;
  return stale && now.getTime() - Date.parse(last.endedAt) >= pause;
}

/** A sentence for a task that gets no automatic runs any more, undefined for any other. */
export function stoppedBecause({ last }: TaskState): string | undefined {
  if (!last || !hasFailed(last.status) || last.failures < mostFailures) return undefined;
  return `The same base images failed ${last.failures} times in a row, the last time in run ${last.runId}. Automatic runs go on when a base image moves, the task is changed, or a run that you start succeeds.`;
}
