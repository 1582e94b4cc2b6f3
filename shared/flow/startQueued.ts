import { isCanonical, type Run } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { Stored } from '../ports/store.ts';
import { inputsOf, type Reading } from '../transitions.ts';
import { askEngine } from './askEngine.ts';
import { claim } from './claim.ts';
import { endRun } from './endRun.ts';
import { onPush } from './onPush.ts';
import { opened, openedRun } from './opened.ts';
import { type Prepared, prepare } from './prepare.ts';
import { backInQueue, isAutomatic, isOnlyImageUpdate, letWait, type Wait } from './queued.ts';
import { quickRequest } from './quickBuild.ts';
import { freePlaces, nextInQueue, paceOf } from './ready.ts';
import { lookAbove } from './waits.ts';

/** Who is waited for rings; this is for a ring that was lost. */
const lookAgainSeconds = 1;

/** Starts a queued run if it is its turn and nothing that it stands on is being rebuilt. */
export async function startQueued(run: Stored<Run>, own: KnownRegistry, ports: Ports): Promise<void> {
  const { registry, task: taskName, waitingFor } = run.value;
  if (!waitingFor && !(await isItsTurn(run.value, ports))) return;
  if (taskName === undefined) {
    if (waitingFor) return backInQueue(run, ports);
    const request = await quickRequest(run.value, own, ports);
    const claimed = await claim(run, undefined, undefined, ports);
    if (claimed) await askEngine(claimed, request, ports);
    return;
  }
  const [task, state] = await Promise.all([
    ports.store.task(registry, taskName),
    ports.store.state(registry, taskName),
  ]);
  if (!task || !state) return void (await deleted(run.value, ports));
  const known = [...state.value.bases.map(({ image }) => image), ...(waitingFor?.images ?? [])];
  const { wait } = await mayStart(run.value, state.value, known, undefined, ports);
  if (wait) return letWait(run, wait, lookAgainSeconds, ports);
  if (waitingFor) return backInQueue(run, ports);

  const prepared = await prepare(opened(task.value, ports), openedRun(run.value, ports), own, ports);
  await startPrepared(run, state, prepared, ports);
}

async function startPrepared(
  run: Stored<Run>,
  state: Stored<TaskState>,
  prepared: Prepared,
  ports: Ports,
): Promise<void> {
  const { registry, runId } = run.value;
  const { pins, pinnedAt } = prepared;
  const reading = pins && { pins, pinnedAt };
  const images = pins?.map(({ image }) => image) ?? [];
  const { wait, notes } = await mayStart(run.value, state.value, images, reading, ports);
  if (wait) return letWait(run, wait, lookAgainSeconds, ports);

  const { built, unsure } = state.value;
  const isBuilt = !unsure && reading && built && inputsOf(reading.pins) === inputsOf(built.pins);
  if (isOnlyImageUpdate(run.value) && isBuilt) {
    const runErrorMessage = `Nothing to build: ${built.runId} stands on the same base images already.`;
    await endRun(registry, runId, { status: 'Canceled', runErrorMessage, reading }, ports);
    return;
  }
  // Edges before the claim: a push that comes now finds the task, and more edges than needed do no harm.
  if (pins && isCanonical(run.value)) {
    const task = { registry, task: state.value.task };
    await ports.store.changeEdges(task, edgesToAdd(state.value, images, prepared.outputs), noEdges);
  }
  const claimed = await claim(run, state, { ...prepared, notes: [...prepared.notes, ...notes] }, ports);
  if (claimed) await askEngine(claimed, prepared.request, ports);
}

/** Whether as few runs are before it, in its registry's queue, as there are free places. */
async function isItsTurn({ registry, runId }: Run, ports: Ports): Promise<boolean> {
  const free = freePlaces((await paceOf(registry, ports)).value, ports);
  return (await nextInQueue(registry, free, ports)).some((place) => place.runId === runId);
}

/**
 * What a run waits for, and what a person should know of when it does not. Automatic runs of a task follow one another,
 * and wait for what they stand on; a person who asks for a run gets it as soon as the task may have another.
 * @param reading the digests that were just read, where they were
 * @throws RingError
 */
async function mayStart(
  run: Run,
  state: TaskState,
  images: string[],
  reading: Reading | undefined,
  ports: Ports,
): Promise<{ wait?: Wait; notes: string[] }> {
  const automatic = isAutomatic(run);
  const busy = state.open.filter(({ phase }) => phase === 'Pinned');
  const inTheWay = automatic ? busy.filter(({ canonical }) => canonical) : [];
  if (busy.length >= ports.settings.runsPerTask || inTheWay.length > 0) {
    const reason = `waits for ${busy.map(({ runId }) => runId).join(', ')} of the same task`;
    return { wait: { runs: busy.map(({ runId }) => `${run.registry}/${runId}`), reason, images }, notes: [] };
  }
  const task = { registry: state.registry, task: state.task };
  let above = await lookAbove(task, images, ports.store, { reading });
  if (automatic && !above.open && above.unheard.length > 0) {
    for (const [at, move] of above.unheard.entries())
      await onPush({ id: `${run.registry}-${run.runId}-above-${at + 1}`, ...move }, ports);
    above = await lookAbove(task, images, ports.store, { reading });
  }
  if (automatic && above.open) return { wait: { ...above.open, images }, notes: [] };
  return { notes: above.failed.map((text) => `Warning: ${text}. Built on what there is.`) };
}

function deleted({ registry, runId, task }: Run, ports: Ports) {
  const runErrorMessage = `The task ${task} was deleted.`;
  return endRun(registry, runId, { status: 'Canceled', runErrorMessage }, ports);
}

const noEdges = { bases: [], outputs: [] };

const edgesToAdd = (state: TaskState, bases: string[], outputs: string[]) => ({
  bases: bases.filter((image) => !state.bases.some((base) => base.image === image)),
  outputs: outputs.filter((image) => !state.outputs.includes(image)),
});
