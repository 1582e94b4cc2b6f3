import type { KnownRegistry } from '../../model/registry.ts';
import type { Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildRequest } from '../../ports/runEngine.ts';
import { type Prepared, prepare } from '../prepare/prepare.ts';
import { quickRequest } from '../prepare/quickBuild.ts';
import { unsealRun, unsealTask } from '../secrets/sealedSecrets.ts';

/** A run as the engine is asked for it. */
export interface PreparedRun {
  request: BuildRequest;
  /** What is tracked of a run of a task; of any other nothing is. */
  tracked?: Prepared;
}

/**
 * Prepares a run for the engine, its secrets opened. It may be done again.
 * @throws BuildFault SourceError DockerfileError TaskFileError RegistryError RunEngineError RunValueError VaultError
 */
export async function prepareRun(
  task: Task | undefined,
  run: Run,
  registry: KnownRegistry,
  ports: Ports,
): Promise<PreparedRun> {
  if (!task) return { request: await quickRequest(run, registry, ports) };
  const tracked = await prepare(unsealTask(task, ports), unsealRun(run, ports), registry, ports);
  return { request: tracked.request, tracked };
}
