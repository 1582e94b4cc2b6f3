import { changeOverrideSecrets, changeTaskSecrets } from '../../model/mapSecrets.ts';
import type { Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import { SealError } from '../../ports/seal.ts';
import { runOwner, taskOwner } from './owners.ts';

/** A task with its secrets in the clear. */
export const unsealTask = (task: Task, { seal }: Pick<Ports, 'seal'>): Task => ({
  ...task,
  properties: changeTaskSecrets(task.properties, (secret) =>
    seal.open(secret, taskOwner(task.registry, task.name)),
  ),
});

/** A run with the secrets of its overrides in the clear. */
export const unsealRun = (run: Run, { seal }: Pick<Ports, 'seal'>): Run =>
  run.overrides
    ? {
        ...run,
        overrides: changeOverrideSecrets(run.overrides, (secret) =>
          seal.open(secret, runOwner(run.registry, run.runId)),
        ),
      }
    : run;

/** A task with its secrets in the clear as far as they open; the others stay sealed, and can be given again. */
export function unsealReadable(
  task: Task,
  { seal }: Pick<Ports, 'seal'>,
): { task: Task; unopened: Set<string> } {
  const unopened = new Set<string>();
  const owner = taskOwner(task.registry, task.name);
  const properties = changeTaskSecrets(task.properties, (secret) => {
    try {
      return seal.open(secret, owner);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      unopened.add(secret);
      return secret;
    }
  });
  return { task: { ...task, properties }, unopened };
}
