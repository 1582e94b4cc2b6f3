import type { TaskState } from '../model/state.ts';
import type { TaskKey } from '../names/taskKey.ts';
import type { Ports } from '../ports/ports.ts';
import { type Edges, noEdges } from '../ports/store.ts';
import { retryOnConflict } from './retryOnConflict.ts';

/** Removes the edges of a deleted task, and then its state. @returns whether there was one */
export function finishDelete(key: TaskKey, { store }: Ports): Promise<boolean> {
  let isBegun = false;
  return retryOnConflict(async () => {
    const state = await store.state(key.registry, key.task);
    if (!state?.value.deleted) {
      // Another PUT has made the task again meanwhile.
      if (state && isBegun) await store.changeEdges(key, edgesOf(state.value), noEdges);
      return isBegun;
    }
    isBegun = true;
    await store.changeEdges(key, noEdges, edgesOf(state.value));
    await store.forgetState(state);
    return true;
  });
}

function edgesOf({ bases, built, outputs }: TaskState): Edges {
  const images = [...bases, ...(built?.pins ?? [])].map(({ image }) => image);
  return { bases: [...new Set(images)], outputs };
}
