import { changeOverrideSecrets, changeRequestSecrets } from '../../model/mapSecrets.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import {
  type DockerBuildRequest,
  differsFromTask,
  type EncodedTaskRunRequest,
  type FileTaskRunRequest,
  isEnded,
  type Run,
  type StepOverrides,
  type TaskRunRequest,
} from '../../model/run.ts';
import type { TaskState } from '../../model/state.ts';
import { formatRunId } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Write } from '../../ports/store.ts';
import { endRun } from '../finish/endRun.ts';
import { enqueue, writeOnce } from '../queue/enqueue.ts';
import { queueWrites } from '../queue/newRun.ts';
import { noRun, noTask, Refusal } from '../refusal.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { runOwner } from '../secrets/owners.ts';
import { isTransient } from '../transient.ts';
import { checkQuickRun } from './checkStep.ts';

/** What is written in the transaction that queues a run. */
type AlsoWritten = (run: Run) => Write[];

/** Queues a run of a task, as a person asks for it. @throws Refusal 404 409 */
export async function scheduleTaskRun(
  registry: KnownRegistry,
  request: TaskRunRequest,
  ports: Ports,
  writes?: AlsoWritten,
): Promise<Run> {
  const { store, seal } = ports;
  const name = taskNamed(request.taskId, registry);
  let runId: string | undefined;
  const run = await retryOnConflict(async () => {
    const state = await store.state(registry.name, name);
    if (!state) throw noTask(registry.name, name);
    if (!state.value.enabled)
      throw new Refusal(409, 'TaskDisabled', `The task '${name}' is disabled. Enable it to run it.`);
    const overrides = request.overrideTaskStepProperties;
    refuseForeign(overrides, state.value);
    runId ??= formatRunId(registry.name, await store.takeRunNumbers(registry.name, 1));
    return enqueue(
      {
        state,
        cause: { kind: 'manual' },
        ...(writes && { writes }),
        run: (id) => ({
          isArchiveEnabled: request.isArchiveEnabled,
          ...engineWishes(request),
          ...(overrides &&
            differsFromTask(overrides) && {
              overrides: changeOverrideSecrets(overrides, (secret) =>
                seal.seal(secret, runOwner(registry.name, id)),
              ),
            }),
        }),
      },
      ports,
      runId,
    );
  });
  await wake(run, ports);
  return run;
}

/** The task of an ARM id, or of a bare name. @throws Refusal 400 for a task of another registry */
export function taskNamed(taskId: string, registry: KnownRegistry): string {
  const other = /\/registries\/([^/]+)\/tasks\//i.exec(taskId)?.[1];
  if (other === undefined || other.toLowerCase() === registry.name) return taskId.split('/').at(-1)!;
  throw new Refusal(
    400,
    'InvalidRunRequest',
    `The taskId names a task of registry '${other}', and the request was sent to '${registry.name}'. Send it to that registry.`,
  );
}

/** Refuses options that a run of a multi-step task cannot have. @throws Refusal 400 */
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
  registry: KnownRegistry,
  request: QuickRequest,
  ports: Ports,
  writes: AlsoWritten = () => [],
): Promise<Run> {
  const { store, seal, clock } = ports;
  checkQuickRun(request, registry, ports.settings);
  const runId = formatRunId(registry.name, await store.takeRunNumbers(registry.name, 1));
  const time = clock.now().toISOString();
  const cpu = request.agentConfiguration?.cpu;
  const sealed = changeRequestSecrets(request, (secret) => seal.seal(secret, runOwner(registry.name, runId)));
  const run: Run = {
    registry: registry.name,
    runId,
    status: 'Queued',
    createTime: time,
    nonce: crypto.randomUUID(),
    lastUpdatedTime: time,
    platform: request.platform,
    ...(cpu && { cpu }),
    timeout: request.timeout,
    isArchiveEnabled: request.isArchiveEnabled,
    ...engineWishes(request),
    ...(sealed.type === 'DockerBuildRequest' ? { quickBuild: sealed } : { quickRun: sealed }),
  };
  await writeOnce(run, [...queueWrites(run), ...writes(run)], store);
  await wake(run, ports);
  return run;
}

/** The run is queued: the timer sends a message that failed here, so the caller need not repeat the request. */
async function wake({ registry, runId }: Run, { queue, log }: Ports): Promise<void> {
  await queue.sendStart([{ registry, runId }]).catch((error) =>
    log('warning', `run ${runId} is queued, and starts within a minute: ${error.message}`, {
      registry,
      runId,
    }),
  );
}

const engineWishes = ({ agentPoolName, logTemplate }: QuickRequest | TaskRunRequest) => ({
  ...(agentPoolName && { agentPoolName }),
  ...(logTemplate && { logTemplate }),
});

/** Runs that are looked through for the engine's id of one. */
const maxLookedThrough = 1000;

/**
 * A run by its id, or by the id that the run engine gave it, which its log shows: of the newest thousand, where no run
 * has that id itself.
 * @throws Refusal 404
 */
export async function getRun(
  registry: KnownRegistry,
  id: string,
  { store }: Pick<Ports, 'store'>,
): Promise<Run> {
  const run = await store.run(registry.name, id);
  if (run) return run.value;
  let left = maxLookedThrough;
  for await (const other of store.runs(registry.name)) {
    if (other.engineRunId?.toLowerCase() === id.toLowerCase()) return other;
    if (--left === 0) break;
  }
  throw noRun(registry.name, id);
}

/** Cancels a run: at once while it is queued, through the engine afterwards. One that has ended stays as it is. */
export async function cancelRun(registry: KnownRegistry, runId: string, ports: Ports): Promise<void> {
  const { store, engine, log } = ports;
  if (await endRun(registry.name, runId, { status: 'Canceled', onlyFrom: 'Queued' }, ports)) return;
  const run = await retryOnConflict(async () => {
    const run = await store.run(registry.name, runId);
    if (!run) throw noRun(registry.name, runId);
    if (isEnded(run.value.status) || run.value.cancelRequested) return run.value;
    const value = { ...run.value, cancelRequested: true };
    await store.commit(registry.name, [{ put: 'run', value, etag: run.etag }]);
    return value;
  });
  if (isEnded(run.status) || !run.engineRunId) return;
  try {
    await engine.cancel(registry.name, run.engineRunId);
  } catch (error) {
    // The request is stored, and the next follow-up of the run passes it on.
    if (!isTransient(error)) throw error;
    log('warning', `run ${runId} is cancelled later: ${error.message}`, { registry: registry.name, runId });
  }
}

/** Keeps a run's log beyond the usual time, or no more; undefined leaves it as it is. */
export function archiveRun(
  registry: KnownRegistry,
  runId: string,
  isArchiveEnabled: boolean | undefined,
  ports: Ports,
): Promise<Run> {
  return retryOnConflict(async () => {
    const run = await ports.store.run(registry.name, runId);
    if (!run) throw noRun(registry.name, runId);
    if (isArchiveEnabled === undefined) return run.value;
    const value = { ...run.value, isArchiveEnabled, lastUpdatedTime: ports.clock.now().toISOString() };
    await ports.store.commit(registry.name, [{ put: 'run', value, etag: run.etag }]);
    return value;
  });
}
