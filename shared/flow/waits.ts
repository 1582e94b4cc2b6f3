import type { TaskState } from '../model/state.ts';
import type { Store, TaskKey } from '../ports/store.ts';

/** A task that stands, over others, on itself. */
export class RingError extends Error {
  override name = 'RingError';
}

export interface Wait {
  runs: string[];
  reason: string;
}

const same = (a: TaskKey, b: TaskKey) =>
  a.registry === b.registry && a.task.toLowerCase() === b.task.toLowerCase();
const named = ({ registry, task }: TaskKey) => `${registry}/${task}`;

/**
 * The runs that must end before a task may be built: those of the tasks that make its base images, and of the tasks
 * that make theirs, all the way up. So what stands on two rebuilt images is built once, after both.
 * @param images what the task stands on
 * @returns undefined when there is nothing to wait for
 * @throws RingError naming the ring when the task makes what it stands on
 */
export async function waitsFor(task: TaskKey, images: string[], store: Store): Promise<Wait | undefined> {
  const open: { by: TaskState; runs: string[] }[] = [];
  const seen = new Set<string>();

  const climb = async (from: string[], path: TaskKey[]): Promise<void> => {
    for (const image of from) {
      const { producers } = await store.standing(image);
      for (const producer of producers) {
        if (same(producer, task)) {
          const ring = [task, ...path, producer].map(named).join(' stands on ');
          throw new RingError(`${ring}. Every rebuild would call for the next; take one of the steps away.`);
        }
        if (seen.has(named(producer))) continue;
        seen.add(named(producer));
        const state = (await store.state(producer.registry, producer.task))?.value;
        if (!state) continue;
        const runs = state.open.filter((run) => run.canonical).map((run) => run.runId);
        if (runs.length > 0) open.push({ by: state, runs });
        await climb(
          state.bases.map((base) => base.image),
          [...path, producer],
        );
      }
    }
  };
  await climb(images, []);

  if (open.length === 0) return undefined;
  const sentences = open.map(({ by, runs }) => `${runs.join(', ')} of ${named(by)}`);
  return {
    runs: open.flatMap(({ runs }) => runs),
    reason: `waits for ${sentences.join(' and ')}: it stands on what they make`,
  };
}
