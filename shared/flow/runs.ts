import {
  type DockerBuildRequest,
  differsFromTask,
  type EncodedTaskRunRequest,
  type FileTaskRunRequest,
  isEnded,
  type Run,
  type StepOverrides,
  type TaskRunRequest,
} from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { ConflictError } from '../ports/store.ts';
import { formatRunId } from '../runId.ts';
import { changeOverrideSecrets, changeRequestSecrets } from '../secrets.ts';
import { checkQuickRun } from './checkStep.ts';
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
  const name = taskNamed(request.taskId, own);
  let runId: string | undefined;
  const run = await untilUndisturbed(async () => {
    const state = await store.state(own.name, name);
    if (!state) throw noTask(own.name, name);
    // It was written, and only the answer was lost.
    const written = runId && (await store.run(own.name, runId));
    if (written) return written.value;
    if (!state.value.enabled)
      throw new Refusal(409, 'TaskDisabled', `The task '${name}' is disabled. Enable it to run it.`);
    const overrides = request.overrideTaskStepProperties;
    refuseForeign(overrides, state.value);
    const id = runId ?? formatRunId(own.name, await store.takeRunNumbers(own.name, 1));
    runId = id;
    const run = newTaskRun(state.value, id, clock.now(), {
      isArchiveEnabled: request.isArchiveEnabled,
      ...engineWishes(request),
      ...(overrides &&
        differsFromTask(overrides) && {
          overrides: changeOverrideSecrets(overrides, (secret) => seal.seal(secret, runOwner(own.name, id))),
        }),
    });
    await store.commit(own.name, queueWrites(run, state.value, state.etag, false));
    return run;
  });
  await queue.ringStart([{ registry: own.name, runId: run.runId }]);
  return run;
}

/** The task of an ARM id, or of a bare name. @throws Refusal 400 for a task of another registry */
function taskNamed(taskId: string, own: KnownRegistry): string {
  const registry = /\/registries\/([^/]+)\/tasks\//i.exec(taskId)?.[1];
  if (registry === undefined || registry.toLowerCase() === own.name) return taskId.split('/').at(-1)!;
  throw new Refusal(
    400,
    'InvalidRunRequest',
    `The taskId names a task of registry '${registry}', and the run is asked of '${own.name}'. Ask it of that registry.`,
  );
}

/** What a run of a multi-step task cannot be asked. @throws Refusal 400 */
function refuseForeign(overrides: StepOverrides | undefined, { task, stepType = 'Docker' }: TaskState): void {
  if (!overrides || stepType === 'Docker') return;
  const refuse = (what: string) => {
    throw new Refusal(400, 'InvalidRunRequest', `The step of task '${task}' is of type ${stepType}: ${what}`);
  };
  if (overrides.arguments.length > 0 || overrides.target !== undefined)
    refuse('it takes values (--set), no build arguments and no target.');
  if (overrides.file !== undefined && stepType === 'EncodedTask')
    refuse('its file is in the task itself, so a run cannot name another.');
}

type QuickRequest = DockerBuildRequest | FileTaskRunRequest | EncodedTaskRunRequest;

/** Queues a run that belongs to no task: `az acr build` and `az acr run`. @throws Refusal 400 */
export async function scheduleQuickRun(
  own: KnownRegistry,
  request: QuickRequest,
  ports: Ports,
): Promise<Run> {
  const { store, seal, clock, queue } = ports;
  checkQuickRun(request, own, ports.settings);
  const runId = formatRunId(own.name, await store.takeRunNumbers(own.name, 1));
  const time = clock.now().toISOString();
  const cpu = request.agentConfiguration?.cpu;
  const sealed = changeRequestSecrets(request, (secret) => seal.seal(secret, runOwner(own.name, runId)));
  const run: Run = {
    registry: own.name,
    runId,
    status: 'Queued',
    createTime: time,
    lastUpdatedTime: time,
    platform: request.platform,
    ...(cpu && { cpu }),
    timeout: request.timeout,
    isArchiveEnabled: request.isArchiveEnabled,
    ...engineWishes(request),
    ...(sealed.type === 'DockerBuildRequest' ? { quickBuild: sealed } : { quickRun: sealed }),
  };
  try {
    await store.commit(own.name, [
      { put: 'run', value: run },
      { put: 'place', value: { registry: own.name, runId, automatic: false } },
    ]);
  } catch (error) {
    // Nobody else has this id: it was written, and only the answer was lost.
    if (!(error instanceof ConflictError) || !(await store.run(own.name, runId))) throw error;
  }
  await queue.ringStart([{ registry: own.name, runId }]);
  return run;
}

const engineWishes = ({ agentPoolName, logTemplate }: QuickRequest | TaskRunRequest) => ({
  ...(agentPoolName && { agentPoolName }),
  ...(logTemplate && { logTemplate }),
});

/** Runs that are looked through for the engine's id of one. */
const mostLookedThrough = 1000;

/**
 * A run by its id, or by the id that the run engine gave it, which its log shows: of the newest thousand, where no run
 * has that id itself.
 * @throws Refusal 404
 */
export async function getRun(own: KnownRegistry, id: string, { store }: Pick<Ports, 'store'>): Promise<Run> {
  const run = await store.run(own.name, id);
  if (run) return run.value;
  let left = mostLookedThrough;
  for await (const other of store.runs(own.name)) {
    if (other.engineRunId?.toLowerCase() === id.toLowerCase()) return other;
    if (--left === 0) break;
  }
  throw noRun(own.name, id);
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

/** Keeps a run's log beyond the usual time, or no more; where nothing is said of that, it stays as it is. */
export function archiveRun(
  own: KnownRegistry,
  runId: string,
  isArchiveEnabled: boolean | undefined,
  ports: Ports,
): Promise<Run> {
  return untilUndisturbed(async () => {
    const run = await ports.store.run(own.name, runId);
    if (!run) throw noRun(own.name, runId);
    if (isArchiveEnabled === undefined) return run.value;
    const value = { ...run.value, isArchiveEnabled, lastUpdatedTime: ports.clock.now().toISOString() };
    await ports.store.commit(own.name, [{ put: 'run', value, etag: run.etag }]);
    return value;
  });
}
