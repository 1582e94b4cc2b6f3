import type { TaskState } from '../../model/state.ts';
import { type TaskKey, taskKey, taskPath } from '../../names/taskKey.ts';
import { type Store, UnreadableError } from '../../ports/store.ts';
import type { Reading } from '../../rules/taskState.ts';
import { imagesOf, type Makers, type Upstream, upstreamOf } from '../../rules/upstream.ts';

/**
 * Reads everything upstream of a task.
 * @param state of the task
 * @param images the base images of the task
 * @param known digests that were read just now; what the task is about to make, where no edge says so yet
 * @throws CycleError
 */
export async function lookUpstream(
  state: TaskState,
  images: string[],
  store: Pick<Store, 'producers' | 'state'>,
  known: { reading?: Reading | undefined; outputs?: string[] } = {},
): Promise<Upstream> {
  return upstreamOf(state, images, await climb(state, images, known.outputs, store), known.reading);
}

/** Reads who makes the images, who makes theirs, all the way up. */
async function climb(
  task: TaskKey,
  images: string[],
  outputs: string[] | undefined,
  store: Pick<Store, 'producers' | 'state'>,
): Promise<Makers> {
  const self = taskKey(task);
  const of = new Map<string, TaskState[]>();
  const own = new Set<string>();
  const unread: string[] = [];
  const states = new Map<string, TaskState | undefined>();
  const readState = async (producer: TaskKey) => {
    try {
      return (await store.state(producer.registry, producer.task))?.value;
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread.push(`${taskPath(producer)} makes a base image, and what is known of it cannot be read`);
      return undefined;
    }
  };
  for (let level = images; level.length > 0; ) {
    const next: string[] = [];
    for (const image of level) {
      if (of.has(image)) continue;
      const producers = await store.producers(image);
      if (outputs?.includes(image) || producers.some((producer) => taskKey(producer) === self))
        own.add(image);
      for (const producer of producers) {
        const name = taskKey(producer);
        if (name === self || states.has(name)) continue;
        const state = await readState(producer);
        states.set(name, state);
        if (state) next.push(...imagesOf(state));
      }
      of.set(
        image,
        producers.flatMap((producer) => states.get(taskKey(producer)) ?? []),
      );
    }
    level = next;
  }
  return { of, own, unread };
}
