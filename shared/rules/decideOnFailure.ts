import type { Push, TaskState } from '../model/state.ts';
import { decideOnPush } from './decideOnPush.ts';
import { elapsedMs } from './elapsed.ts';
import { hasFailed, isStopped, nextTryOf } from './freshness/failing.ts';
import { watchedBases } from './freshness/watched.ts';
import { inputsOf } from './taskState.ts';

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

/** The tasks that were not notified of a digest; one that has a queued run will read it. */
export const unaware = ({ tasks }: Tracked, push: Push) =>
  tasks.filter((state) => decideOnPush(push, state).do === 'start');

/**
 * The earliest instant at which a task whose newest run failed gets another by itself, in ISO 8601; undefined where it
 * gets none. It is not built on its newest base images, or a run that did not end well may have pushed over the image that
 * is, and the newest run has not; the same inputs have not failed too often, and there is a pause. What failed at the hands of a person and was never
 * built is theirs to try again.
 */
export function retryAt(state: TaskState): string | undefined {
  const { last, built, open, bases } = state;
  const watched = watchedBases(state);
  if (!last || watched.length === 0 || !hasFailed(last.status) || isStopped(state)) return undefined;
  if (open.some(({ canonical }) => canonical)) return undefined;
  const before = built?.pins.filter(({ image }) => watched.some((base) => base.image === image));
  const isReplaced = state.unsure && !last.pushed;
  const stale = before
    ? isReplaced || inputsOf(before) !== inputsOf(watched)
    : last.automatic && bases.length > 0;
  return stale ? nextTryOf(last) : undefined;
}

/** Whether that instant has come. */
export function isDueForRetry(state: TaskState, now: Date): boolean {
  const at = retryAt(state);
  if (at === undefined) return false;
  return now.toISOString() >= at || elapsedMs(state.last!.endedAt, now) === Number.POSITIVE_INFINITY;
}
