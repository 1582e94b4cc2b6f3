import type { Run } from '../model/run.ts';
import type { DockerStep, Task } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { type RunValues, renderRunValues, runDate } from '../runValues.ts';

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
  const contextPath = overrides?.contextPath ?? defined.contextPath;
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
