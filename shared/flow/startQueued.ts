import { eventGuid } from '../eventGuid.ts';
import { isAutomatic, isCanonical, type Run } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { Waiting } from '../model/waiting.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { inputsOf, type Reading } from '../transitions.ts';
import { askEngine } from './askEngine.ts';
import { claim } from './claim.ts';
import { endRun } from './endRun.ts';
import { onPush } from './onPush.ts';
import { opened, openedRun } from './opened.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type Hold, takeHold } from './preparing.ts';
import { backInQueue, isBeforeItsTime, isOnlyImageUpdate, letWait } from './queued.ts';
import { quickRequest } from './quickBuild.ts';
import { freePlaces, nextInQueue, paceOf } from './ready.ts';
import { lookAbove } from './waits.ts';

/** Who is waited for rings; this is for a ring that was lost. */
const lookAgainSeconds = 1;

/** Starts a queued run if it is its turn and nothing that it stands on is being rebuilt. */
export async function startQueued(run: Stored<Run>, own: KnownRegistry, ports: Ports): Promise<void> {
  const { registry, task: taskName, waitingFor } = run.value;
  if (isBeforeItsTime(run.value, ports)) return;
  if (!waitingFor && !(await isItsTurn(run.value, ports))) return;
  if (taskName === undefined) {
    if (waitingFor && !(await mayGoOn(run.value, ports))) return backInQueue(run, ports);
    return alone(run, ports, async (hold) => {
      const request = await quickRequest(run.value, own, ports);
      await hold.rest();
      return claimAndAsk(hold.run(), undefined, undefined, request, ports);
    });
  }
  const [task, state] = await Promise.all([
    ports.store.task(registry, taskName),
    ports.store.state(registry, taskName),
  ]);
  if (!task || !state) return void (await deleted(run.value, ports));
  const known = [...state.value.bases.map(({ image }) => image), ...(waitingFor?.images ?? [])];
  const { wait } = await mayStart(run.value, state.value, known, undefined, [], ports);
  if (wait) return letWait(run, wait, lookAgainSeconds, ports);
  if (waitingFor && !(await mayGoOn(run.value, ports))) return backInQueue(run, ports);
  await alone(run, ports, async (hold) => {
    const prepared = await prepare(opened(task.value, ports), openedRun(run.value, ports), own, ports);
    await hold.rest();
    return startPrepared(hold.run(), state, prepared, ports);
  });
}

/**
 * One that waited for a time goes on where it is, as long as a place is free: at the head of the queue, what is tried
 * in vain would be before those that have not been tried.
 */
const mayGoOn = async ({ registry, waitingFor }: Run, ports: Ports) =>
  waitingFor?.nextTry !== undefined && freePlaces((await paceOf(registry, ports)).value, ports) > 0;

/** Starts a run as the only worker. @param start false where the run stays queued without having said why */
async function alone(run: Stored<Run>, ports: Ports, start: (hold: Hold) => Promise<boolean>): Promise<void> {
  const hold = await takeHold(run, ports);
  if (!hold) return;
  try {
    if (!(await start(hold))) await hold.letGo();
  } catch (error) {
    await hold.rest();
    if (error instanceof ConflictError) await hold.letGo();
    throw error;
  }
}

async function startPrepared(
  run: Stored<Run>,
  state: Stored<TaskState>,
  prepared: Prepared,
  ports: Ports,
): Promise<boolean> {
  const { registry, runId } = run.value;
  const { pins, pinnedAt } = prepared;
  const reading = pins && { pins, pinnedAt };
  const images = pins?.map(({ image }) => image) ?? [];
  const outputs = isCanonical(run.value) ? prepared.outputs : [];
  const { wait, notes } = await mayStart(run.value, state.value, images, reading, outputs, ports);
  if (wait) {
    await letWait(run, wait, lookAgainSeconds, ports);
    return true;
  }

  const { built, unsure } = state.value;
  const isBuilt = !unsure && reading && built && inputsOf(reading.pins) === inputsOf(built.pins);
  if (isOnlyImageUpdate(run.value) && isBuilt) {
    const runErrorMessage = `Nothing to build: ${built.runId} stands on the same base images already.`;
    await endRun(registry, runId, { status: 'Canceled', runErrorMessage, reading }, ports);
    return true;
  }
  // Edges before the claim: a push that comes now finds the task, and more edges than needed do no harm.
  if (pins && isCanonical(run.value)) {
    const task = { registry, task: state.value.task };
    await ports.store.changeEdges(task, edgesToAdd(state.value, images, prepared.outputs), noEdges);
  }
  const noted = { ...prepared, notes: [...prepared.notes, ...notes] };
  return claimAndAsk(run, state, noted, prepared.request, ports);
}

/** @returns false when the last free place was taken meanwhile */
async function claimAndAsk(
  run: Stored<Run>,
  state: Stored<TaskState> | undefined,
  prepared: Prepared | undefined,
  request: EngineRequest,
  ports: Ports,
): Promise<boolean> {
  const claimed = await claim(run, state, prepared, ports);
  if (claimed) await askEngine(claimed, request, ports);
  return claimed !== undefined;
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
 * @param outputs what the run is about to make, where no edge says so yet
 * @throws RingError
 */
async function mayStart(
  run: Run,
  state: TaskState,
  images: string[],
  reading: Reading | undefined,
  outputs: string[],
  ports: Ports,
): Promise<{ wait?: Waiting; notes: string[] }> {
  const automatic = isAutomatic(run);
  const before = await beforeInTask(run, state, ports);
  if (before.length > 0) {
    const reason = `waits for ${before.join(', ')} of the same task`;
    return { wait: { runs: before.map((runId) => `${run.registry}/${runId}`), reason, images }, notes: [] };
  }
  const known = { reading, outputs };
  let above = await lookAbove(state, images, ports.store, known);
  if (automatic && !above.open && above.unheard.length > 0) {
    for (const [at, move] of above.unheard.entries())
      await onPush({ id: eventGuid(`${run.registry}-${run.runId}-above-${at + 1}`), ...move }, ports);
    above = await lookAbove(state, images, ports.store, known);
  }
  if (automatic && above.open) return { wait: { ...above.open, images }, notes: [] };
  return { notes: above.failed.map((text) => `Warning: ${text}. Built on what there is.`) };
}

/** The runs of its task for which a run waits: those under way, where it may have no more, or the one queued before it. */
async function beforeInTask(
  run: Run,
  { open }: TaskState,
  { store, settings, clock }: Ports,
): Promise<string[]> {
  const automatic = isAutomatic(run);
  const busy = open.filter(({ phase }) => phase === 'Pinned');
  const inTheWay = automatic && busy.some(({ canonical }) => canonical);
  const at = open.findIndex(({ runId }) => runId === run.runId);
  const queued = open
    .slice(0, Math.max(0, at))
    .filter((other) => other.phase === 'Queued' && other.automatic === automatic);
  if (!inTheWay && busy.length + queued.length < settings.runsPerTask) return [];
  // One behind the other: if all waited for the one under way, its end would have all of them start and all but one stop.
  const last = queued.at(-1);
  const other = last && (await store.run(run.registry, last.runId))?.value;
  if (other?.status === 'Queued' && !isBeforeItsTime(other, { clock })) return [other.runId];
  return inTheWay || busy.length >= settings.runsPerTask ? busy.map(({ runId }) => runId) : [];
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
