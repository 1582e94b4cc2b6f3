import { DockerfileError } from '../dockerfile.ts';
import { ImageRefError } from '../imageRef.ts';
import { isEnded, type Pin, type Run } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { Doorbell } from '../ports/queue.ts';
import { RegistryError } from '../ports/registry.ts';
import { type EngineRequest, RunEngineError } from '../ports/runEngine.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { RunValueError } from '../runValues.ts';
import { changeOverrideSecrets, changeTaskSecrets } from '../secrets.ts';
import { SourceLocationError } from '../sourceLocation.ts';
import { TaskFileError } from '../taskFile.ts';
import { inputsOf } from '../transitions.ts';
import { claim } from './claim.ts';
import { endRun, isAutomatic, placeOf } from './endRun.ts';
import { firstFollow } from './followRun.ts';
import { runOwner, taskOwner } from './owners.ts';
import { BuildFault, prepare } from './prepare.ts';
import { quickRequest } from './quickBuild.ts';
import { isTransient } from './transient.ts';
import { RingError, waitsFor } from './waits.ts';

/** How long a worker that claimed a run is left alone before another asks the engine in its place. */
const claimSeconds = 120;
/** A registry, a git host or the engine that cannot be reached is asked again this often, for this long. */
const retrySeconds = 15;
const retryForSeconds = 3600;

/**
 * Starts one queued run: unless it must wait, its base images are read and pinned, the run is claimed, the engine is
 * asked. A doorbell for a run that has started, waits or has ended does nothing.
 */
export async function startRun({ registry, runId }: Doorbell, ports: Ports): Promise<void> {
  const { store, log } = ports;
  const run = await store.run(registry, runId);
  if (!run || isEnded(run.value.status)) return;
  const own = ports.settings.registries.find(({ name }) => name === registry);
  if (!own) {
    await endRun(registry, runId, fault(`The registry ${registry} is no longer in the settings.`), ports);
    return;
  }
  try {
    if (run.value.status === 'Queued') await startQueued(run, own, ports);
    else if (run.value.engineRunId === undefined) await resume(run, own, ports);
  } catch (error) {
    if (error instanceof ConflictError) {
      // Another worker was faster, or the run was changed: its row says what is left to do.
      await ports.queue.ringStart([{ registry, runId }], 1);
      return;
    }
    if (isTransient(error)) {
      const age = (ports.clock.now().getTime() - Date.parse(run.value.createTime)) / 1000;
      if (age < retryForSeconds) {
        log('warning', `run ${runId} starts later: ${error.message}`, { registry, runId });
        await ports.queue.ringStart([{ registry, runId }], error.retryAfter ?? retrySeconds);
        return;
      }
    } else if (!isFault(error)) throw error;
    await endRun(registry, runId, { status: 'Failed', runErrorMessage: error.message }, ports);
  }
}

const fault = (runErrorMessage: string) => ({ status: 'Error' as const, runErrorMessage });

async function startQueued(run: Stored<Run>, own: KnownRegistry, ports: Ports): Promise<void> {
  const { registry, runId, task: taskName } = run.value;
  const { store } = ports;
  const pace = (await store.pace(registry)) ?? { value: { registry, running: [] }, etag: undefined };
  // Whoever ends a run rings for the first of the queue.
  if (pace.value.running.length >= ports.settings.runsPerRegistry) return;

  if (taskName === undefined) {
    const request = await quickRequest(run.value, own, ports);
    const claimed = await claim(run, undefined, pace, undefined, ports);
    return ask(claimed, request, ports);
  }
  const [task, state] = await Promise.all([store.task(registry, taskName), store.state(registry, taskName)]);
  if (!task || !state) {
    await endRun(
      registry,
      runId,
      { status: 'Canceled', runErrorMessage: `The task ${taskName} was deleted.` },
      ports,
    );
    return;
  }
  if (
    await mustWait(
      run,
      state.value,
      state.value.bases.map(({ image }) => image),
      ports,
    )
  )
    return;

  const prepared = await prepare(opened(task.value, ports), openedRun(run.value, ports), own, ports);
  const images = prepared.pins?.map(({ image }) => image) ?? [];
  if (await mustWait(run, state.value, images, ports)) return;
  if (
    isAutomatic(run.value) &&
    prepared.pins &&
    state.value.built &&
    nothingNew(prepared.pins, state.value)
  ) {
    const runErrorMessage = `Nothing to build: ${state.value.built.runId} stands on the same base images already.`;
    const reading = { pins: prepared.pins, pinnedAt: prepared.pinnedAt };
    await endRun(registry, runId, { status: 'Canceled', runErrorMessage, reading }, ports);
    return;
  }
  // Edges before the claim: a push that comes now finds the task, and more edges than needed do no harm.
  const edges = { bases: images, outputs: prepared.outputs };
  if (prepared.pins)
    await store.changeEdges({ registry, task: state.value.task }, edgesToAdd(state.value, edges), noEdges);
  const claimed = await claim(run, state, pace, prepared, ports);
  await ask(claimed, prepared.request, ports);
}

/** Whether the run waits, for another run of its task or for those that make its base images; its row says so. */
async function mustWait(
  run: Stored<Run>,
  state: TaskState,
  images: string[],
  ports: Ports,
): Promise<boolean> {
  // A person who asks for a run gets it now.
  if (!isAutomatic(run.value)) return false;
  const { store, settings } = ports;
  const busy = state.open.filter((open) => open.phase === 'Pinned');
  const wait =
    busy.length >= settings.runsPerTask
      ? {
          runs: busy.map(({ runId }) => runId),
          reason: `waits for ${busy.map(({ runId }) => runId).join(', ')} of the same task`,
        }
      : await waitsFor({ registry: state.registry, task: state.task }, images, store);
  if (!wait) return false;
  if (run.value.waitingFor?.reason !== wait.reason) {
    await store.commit(run.value.registry, [
      { put: 'run', value: { ...run.value, waitingFor: wait }, etag: run.etag },
      { put: 'place', value: { ...placeOf(run.value), waiting: true }, replace: true },
    ]);
    // Who is waited for may have ended between the reading and the writing, and then rang too early.
    await ports.queue.ringStart([{ registry: run.value.registry, runId: run.value.runId }], 1);
  }
  return true;
}

const nothingNew = (pins: Pin[], state: TaskState) => inputsOf(pins) === inputsOf(state.built!.pins);

const noEdges = { bases: [], outputs: [] };

const edgesToAdd = (state: TaskState, wanted: { bases: string[]; outputs: string[] }) => ({
  bases: wanted.bases.filter((image) => !state.bases.some((base) => base.image === image)),
  outputs: wanted.outputs.filter((image) => !state.outputs.includes(image)),
});

/** Asks the engine for the claimed run and remembers its answer, then watches. */
async function ask(claimed: Run, request: EngineRequest, ports: Ports): Promise<void> {
  const { registry, runId } = claimed;
  const engineRun = await ports.engine.schedule(registry, request);
  await firstFollow(registry, runId, engineRun.runId, ports);
}

/** A run that was claimed, but whose worker never told of the engine's answer. */
async function resume(run: Stored<Run>, own: KnownRegistry, ports: Ports): Promise<void> {
  const { registry, runId, task: taskName, lastUpdatedTime } = run.value;
  const idle = (ports.clock.now().getTime() - Date.parse(lastUpdatedTime)) / 1000;
  if (idle < claimSeconds) {
    await ports.queue.ringStart([{ registry, runId }], Math.ceil(claimSeconds - idle));
    return;
  }
  if (run.value.cancelRequested) {
    await endRun(registry, runId, { status: 'Canceled' }, ports);
    return;
  }
  const time = ports.clock.now().toISOString();
  await ports.store.commit(registry, [
    { put: 'run', value: { ...run.value, lastUpdatedTime: time }, etag: run.etag },
  ]);
  if (taskName === undefined) return ask(run.value, await quickRequest(run.value, own, ports), ports);
  const task = await ports.store.task(registry, taskName);
  if (!task) {
    await endRun(
      registry,
      runId,
      { status: 'Canceled', runErrorMessage: `The task ${taskName} was deleted.` },
      ports,
    );
    return;
  }
  const prepared = await prepare(opened(task.value, ports), openedRun(run.value, ports), own, ports);
  return ask(run.value, prepared.request, ports);
}

const opened = (task: TaskOf, { seal }: Ports): TaskOf => ({
  ...task,
  properties: changeTaskSecrets(task.properties, (secret) =>
    seal.open(secret, taskOwner(task.registry, task.name)),
  ),
});
type TaskOf = Parameters<typeof prepare>[0];

const openedRun = (run: Run, { seal }: Ports): Run =>
  run.overrides
    ? {
        ...run,
        overrides: changeOverrideSecrets(run.overrides, (secret) =>
          seal.open(secret, runOwner(run.registry, run.runId)),
        ),
      }
    : run;

/** What a person has to put right; anything else is a fault of ours and is retried by the queue. */
const isFault = (error: unknown): error is Error =>
  [
    BuildFault,
    DockerfileError,
    ImageRefError,
    RegistryError,
    RingError,
    RunEngineError,
    RunValueError,
    SourceError,
    SourceLocationError,
    TaskFileError,
  ].some((kind) => error instanceof kind);
