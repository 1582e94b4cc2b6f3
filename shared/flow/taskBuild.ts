import { contextAtCommit } from '../decideOnSource.ts';
import type { Run } from '../model/run.ts';
import type { DockerStep, Task } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { type RunValues, renderRunValues, runDate } from '../runValues.ts';

/** Where a run's context lies: as its request says, at the commit that started it, or as the task says. */
export function contextOf(task: Task, run: Run): string | undefined {
  if (run.overrides?.contextPath) return run.overrides.contextPath;
  const { contextPath } = task.properties.step;
  return contextPath && run.sourceTrigger ? contextAtCommit(contextPath, run.sourceTrigger) : contextPath;
}

/**
 * The step of a task with what this run asks otherwise. `Commit` and `Branch` are known once the source is fetched.
 * @throws RunValueError for a `{{.Run.X}}` that does not exist
 */
export function taskBuild(
  task: Task,
  run: Run,
  registry: KnownRegistry,
  source: { commit?: string | undefined; branch?: string | undefined },
): { step: DockerStep } {
  const { step: defined, platform } = task.properties;
  const overrides = run.overrides;
  const values: RunValues = {
    ID: run.runId,
    TaskName: task.name,
    Registry: registry.loginServer,
    RegistryName: registry.name,
    Date: runDate(new Date(run.createTime)),
    OS: platform.os.toLowerCase(),
    Architecture: platform.architecture,
    Commit: source.commit ?? '',
    Branch: source.branch ?? '',
  };
  const overridden = new Map(overrides?.arguments.map((argument) => [argument.name, argument]));
  const kept = defined.arguments.filter((argument) => !overridden.has(argument.name));
  const target = overrides?.target ?? defined.target;
  const contextPath = contextOf(task, run);
  const step: DockerStep = {
    ...defined,
    dockerFilePath: overrides?.file ?? defined.dockerFilePath,
    ...(contextPath !== undefined && { contextPath }),
    ...(target !== undefined && { target }),
    imageNames: defined.imageNames.map((name) => renderRunValues(name, values)),
    arguments: [...kept, ...overridden.values()].map((argument) => ({
      ...argument,
      value: renderRunValues(argument.value, values),
    })),
  };
  return { step };
}
