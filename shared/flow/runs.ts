import {
  type DockerBuildRequest,
  differsFromTask,
  isEnded,
  type Run,
  type TaskRunRequest,
} from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { formatRunId } from '../runId.ts';
import { changeOverrideSecrets, changeRequestSecrets } from '../secrets.ts';
import { checkBuild } from './checkBuild.ts';
import { endRun } from './endRun.ts';
import { newTaskRun, queueWrites } from './newRun.ts';
import { runOwner } from './owners.ts';
import { noRun, noTask, Refusal } from './refusal.ts';
import { untilUndisturbed } from './retry.ts';
import { isTransient } from './transient.ts';

/** Queues a run of a task, as a person asks for it. @throws Refusal 404 409 */
export async function scheduleTaskRun(
  own: KnownRegistry,
  request: TaskRunRequest,
  ports: Ports,
): Promise<Run> {
  const { store, seal, clock, queue } = ports;
  const name = request.taskId.split('/').at(-1)!;
  const run = await untilUndisturbed(async () => {
    const state = await store.state(own.name, name);
    if (!state) throw noTask(own.name, name);
    if (!state.value.enabled)
      throw new Refusal(409, 'TaskDisabled', `The task '${name}' is disabled. Enable it to run it.`);
    const runId = formatRunId(own.name, await store.takeRunNumbers(own.name, 1));
    const overrides = request.overrideTaskStepProperties;
    const run = newTaskRun(state.value, runId, clock.now(), {
      isArchiveEnabled: request.isArchiveEnabled,
      ...engineWishes(request),
      ...(overrides &&
        differsFromTask(overrides) && {
          overrides: changeOverrideSecrets(overrides, (secret) =>
            seal.seal(secret, runOwner(own.name, runId)),
          ),
        }),
    });
    await store.commit(own.name, queueWrites(run, state.value, state.etag, false));
    return run;
  });
  await queue.ringStart([{ registry: own.name, runId: run.runId }]);
  return run;
}

/** Queues a build that belongs to no task. @throws Refusal 400 */
export async function scheduleQuickBuild(
  own: KnownRegistry,
  request: DockerBuildRequest,
  ports: Ports,
): Promise<Run> {
  const { store, seal, clock, queue } = ports;
  // A quick build's arguments are the engine's as they are: it fills nothing in.
  checkBuild(
    { imageNames: request.imageNames, contextPath: request.sourceLocation, arguments: [] },
    own,
    'InvalidRunRequest',
  );
  const runId = formatRunId(own.name, await store.takeRunNumbers(own.name, 1));
  const time = clock.now().toISOString();
  const cpu = request.agentConfiguration?.cpu;
  const run: Run = {
    registry: own.name,
    runId,
    status: 'Queued',
    runType: 'QuickBuild',
    createTime: time,
    lastUpdatedTime: time,
    platform: request.platform,
    ...(cpu && { cpu }),
    timeout: request.timeout,
    isArchiveEnabled: request.isArchiveEnabled,
    ...engineWishes(request),
    quickBuild: changeRequestSecrets(request, (secret) => seal.seal(secret, runOwner(own.name, runId))),
  };
  await store.commit(own.name, [
    { put: 'run', value: run },
    { put: 'place', value: { registry: own.name, runId, automatic: false } },
  ]);
  await queue.ringStart([{ registry: own.name, runId }]);
  return run;
}

const engineWishes = ({ agentPoolName, logTemplate }: DockerBuildRequest | TaskRunRequest) => ({
  ...(agentPoolName && { agentPoolName }),
  ...(logTemplate && { logTemplate }),
});

export async function getRun(own: KnownRegistry, runId: string, { store }: Ports): Promise<Run> {
  const run = await store.run(own.name, runId);
  if (run) return run.value;
  throw noRun(own.name, runId);
}

/** Cancels a run: at once while it is queued, through the engine afterwards. One that has ended stays as it is. */
export async function cancelRun(own: KnownRegistry, runId: string, ports: Ports): Promise<void> {
  const { store, engine, log } = ports;
  if (await endRun(own.name, runId, { status: 'Canceled' }, ports, 'Queued')) return;
  const run = await untilUndisturbed(async () => {
    const run = await store.run(own.name, runId);
    if (!run) throw noRun(own.name, runId);
    if (isEnded(run.value.status) || run.value.cancelRequested) return run.value;
    const value = { ...run.value, cancelRequested: true };
    await store.commit(own.name, [{ put: 'run', value, etag: run.etag }]);
    return value;
  });
  if (isEnded(run.status) || !run.engineRunId) return;
  try {
    await engine.cancel(own.name, run.engineRunId);
  } catch (error) {
    // The request is kept, and whoever follows the run passes it on.
    if (!isTransient(error)) throw error;
    log('warning', `run ${runId} is cancelled later: ${error.message}`, { registry: own.name, runId });
  }
}

/** Keeps a run's log beyond the usual time, or no more. */
export function archiveRun(
  own: KnownRegistry,
  runId: string,
  isArchiveEnabled: boolean,
  ports: Ports,
): Promise<Run> {
  return untilUndisturbed(async () => {
    const run = await ports.store.run(own.name, runId);
    if (!run) throw noRun(own.name, runId);
    const value = { ...run.value, isArchiveEnabled };
    await ports.store.commit(own.name, [{ put: 'run', value, etag: run.etag }]);
    return value;
  });
}
