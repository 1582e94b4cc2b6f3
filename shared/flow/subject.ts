import type { Run } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { Task } from '../model/task.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored } from '../ports/store.ts';

/*
 * What a run builds: a task as it is defined now, or, where it is of no task, what the run itself asks for.
 */

/** The state of a run's task; undefined for a run of no task, and where the task is gone. */
export const stateOfRun = async (
  { registry, task }: Run,
  { store }: Pick<Ports, 'store'>,
): Promise<Stored<TaskState> | undefined> => (task === undefined ? undefined : store.state(registry, task));

/** What a run builds; undefined where its task is gone. */
export async function subjectOf(
  { registry, task: name }: Run,
  { store }: Pick<Ports, 'store'>,
): Promise<{ task: Task | undefined } | undefined> {
  if (name === undefined) return { task: undefined };
  const task = await store.task(registry, name);
  return task && { task: task.value };
}
