import type { GraphAnswer } from '../../graph/answers.ts';
import { toGraph } from '../../graph/compact.ts';
import type { TaskState } from '../../model/state.ts';
import { foldedName } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Paging, UnreadableError } from '../../ports/store.ts';
import { mapAtMost } from '../concurrency.ts';

const readsAtOnce = 16;

type Flow = Pick<Ports, 'store'>;

/** Tasks of a registry by their names, as they stand; a row that cannot be read is left out, with a sentence. */
export async function graphPage(registry: string, paging: Paging, { store }: Flow): Promise<GraphAnswer> {
  const unread: string[] = [];
  const { values, next } = await store.statesPart(registry, paging, ({ message }) => unread.push(message));
  return { ...toGraph(registry, values), ...(next && { next }), ...(unread.length > 0 && { unread }) };
}

/** Some tasks of a registry, those that there are. */
export async function graphOf(registry: string, tasks: string[], { store }: Flow): Promise<GraphAnswer> {
  const unread: string[] = [];
  const names = [...new Map(tasks.map((task) => [foldedName(task), task])).values()];
  const found = await mapAtMost(names, readsAtOnce, async (task): Promise<TaskState[]> => {
    try {
      const state = await store.state(registry, task);
      return state ? [state.value] : [];
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread.push(error.message);
      return [];
    }
  });
  return { ...toGraph(registry, found.flat()), ...(unread.length > 0 && { unread }) };
}
