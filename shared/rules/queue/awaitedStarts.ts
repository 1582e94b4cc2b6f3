import type { TaskState } from '../../model/state.ts';
import { watchedBases } from '../freshness/watched.ts';

/**
 * The tasks that a push starts and whose runs can wait from the first for a run that the same push starts, each with the
 * task of that run. Who is waited for waits for none of them itself: it is looked at on its own, which finds a ring and
 * all else that is upstream. Only who makes what would start the task counts: who makes another base image of it, as a
 * cache, may in turn wait for the task. A task that has another run is left out, as its runs follow one another. Pure.
 * @param starts all that the push starts in one registry
 */
export function awaitedStarts(starts: TaskState[]): Map<TaskState, TaskState> {
  const makers = new Map<string, TaskState[]>();
  for (const state of starts)
    for (const image of state.outputs) makers.set(image, [...(makers.get(image) ?? []), state]);
  const above = (state: TaskState) =>
    watchedBases(state)
      .flatMap(({ image }) => makers.get(image) ?? [])
      .filter((maker) => maker !== state);
  const awaited = new Map<TaskState, TaskState>();
  for (const state of starts) {
    const maker = state.open.length === 0 && above(state).find((one) => above(one).length === 0);
    if (maker) awaited.set(state, maker);
  }
  return awaited;
}
