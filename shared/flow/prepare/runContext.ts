import type { Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import { originOf } from '../../names/sourceLocation.ts';
import { contextAtCommit } from '../../rules/decideOnSource.ts';

/** Where a run's context lies: as in its request, at the commit that started it, or as in the task. */
export function contextOf(task: Task, run: Run): string | undefined {
  if (run.overrides?.contextPath) return run.overrides.contextPath;
  const { contextPath } = task.properties.step;
  return contextPath && run.sourceTrigger ? contextAtCommit(contextPath, run.sourceTrigger) : contextPath;
}

/** The task's token, for the server that it was given for: a run that has its context from another goes without. */
export function tokenFor(contextPath: string, { properties: { step } }: Task): string | undefined {
  return originOf(contextPath) === originOf(step.contextPath) ? step.contextAccessToken : undefined;
}
