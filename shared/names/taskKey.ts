/** A task of a registry. */
export interface TaskKey {
  registry: string;
  task: string;
}

/** A task's or a registry's name as keys and comparisons have it: names are ASCII, and ARM compares them without case. */
export const foldedName = (name: string) => name.toLowerCase();

/** A task among those of all registries, for people. */
export const taskPath = ({ registry, task }: TaskKey) => `${registry}/${task}`;

/** The same as a key. */
export const taskKey = (task: TaskKey) => foldedName(taskPath(task));
