import type { KnownRegistry } from '../../model/registry.ts';
import { buildsTaskAsDefined, type Run } from '../../model/run.ts';
import type { TaskState } from '../../model/state.ts';
import type { Task } from '../../model/task.ts';
import type { Waiting } from '../../model/waiting.ts';
import { eventGuid } from '../../names/eventGuid.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, noEdges, type Stored } from '../../ports/store.ts';
import { isBehind } from '../../rules/queue/asking.ts';
import { freeSlots } from '../../rules/queue/dispatch.ts';
import { aheadInTask, isBeforeItsTime, mayStart, movesToTell } from '../../rules/queue/mayStart.ts';
import type { Reading } from '../../rules/taskState.ts';
import { endDeleted, endRun } from '../finish/endRun.ts';
import { onPush } from '../push/onPush.ts';
import { askedBy, backInQueue, letWait } from '../queue/letWait.ts';
import { callNext, isItsTurn, slotsOf } from '../queue/nextInQueue.ts';
import { lookUpstream } from '../queue/upstream.ts';
import { isOver } from '../queue/waiters.ts';
import { stateOfRun, subjectOf } from '../subject.ts';
import { claim } from './claim.ts';
import { type Hold, takeHold } from './hold.ts';
import { nothingToBuild } from './nothingToBuild.ts';
import { type PreparedRun, prepareRun } from './prepareRun.ts';
import { submit } from './submit.ts';

/** Starts a queued run if it is its turn and no base image of it is being rebuilt. */
export async function startQueued(
  run: Stored<Run>,
  knownRegistry: KnownRegistry,
  ports: Ports,
): Promise<void> {
  const { waitingFor } = run.value;
  const { registry, runId } = run.value;
  const now = ports.clock.now();
  if (isBeforeItsTime(run.value, now)) return callNext(registry, ports, runId);
  if (!waitingFor && !(await isItsTurn(registry, runId, ports))) return;
  if (waitingFor && isBehind(waitingFor, now) && !(await isOver(waitingFor, ports)))
    return callNext(registry, ports, runId);
  // The state first: an owner who changes the task after that changes the state too, and the claim meets it.
  const state = await stateOfRun(run.value, ports);
  const subject = await subjectOf(run.value, ports);
  if (!subject || (subject.task && !state)) return endDeleted(run.value, ports);
  if (state) {
    const known = [...state.value.bases.map(({ image }) => image), ...(waitingFor?.images ?? [])];
    const { wait } = await decideStart(run.value, state.value, { images: known, outputs: [] }, ports);
    if (wait) return letWait(run, wait, {}, ports);
  }
  if (waitingFor && !(await mayGoOn(run.value, ports))) return backInQueue(run, ports);
  await alone(run, ports, async (hold) => {
    const prepared = await prepareRun(subject.task, run.value, knownRegistry, ports);
    await hold.rest();
    return startPrepared(hold.run(), { state, task: subject.task }, prepared, ports);
  });
}

/**
 * One that waited for a time goes on where it is, as long as a place is free: at the head of the queue, what is tried
 * in vain would be before those that have not been tried. One that asks a server for others asks it in any case: back in
 * the queue it would let each of them try.
 */
const mayGoOn = async ({ registry, waitingFor }: Run, ports: Ports) =>
  waitingFor?.nextTry !== undefined &&
  (waitingFor.server !== undefined ||
    freeSlots((await slotsOf(registry, ports)).value, ports.settings.runsPerRegistry) > 0);

/** Starts a run as the only worker. @param start false where the run stays queued without a reason in its row */
async function alone(run: Stored<Run>, ports: Ports, start: (hold: Hold) => Promise<boolean>): Promise<void> {
  const hold = await takeHold(run, ports);
  if (!hold) return;
  try {
    if (await start(hold)) return;
    await hold.letGo();
    // One that waited for a time is behind all others: it is found by the end of no run.
    const left = await ports.store.run(run.value.registry, run.value.runId);
    if (left?.value.status === 'Queued' && left.value.waitingFor) await backInQueue(left, ports);
    else await callNext(run.value.registry, ports, run.value.runId);
  } catch (error) {
    await hold.rest();
    if (error instanceof ConflictError) await hold.letGo();
    throw error;
  }
}

/** @returns false where the last free place was taken meanwhile */
async function startPrepared(
  run: Stored<Run>,
  { state, task }: { state: Stored<TaskState> | undefined; task: Task | undefined },
  prepared: PreparedRun,
  ports: Ports,
): Promise<boolean> {
  const { tracked } = prepared;
  if (!state || !tracked) return claimAndAsk(run, state, prepared, ports);
  const { registry, runId } = run.value;
  const { pins, pinnedAt } = tracked;
  const reading = pins && { pins, pinnedAt };
  const images = pins?.map(({ image }) => image) ?? [];
  const outputs = buildsTaskAsDefined(run.value) ? tracked.outputs : [];
  const { wait, notes } = await decideStart(run.value, state.value, { images, reading, outputs }, ports);
  if (wait) {
    await letWait(run, wait, {}, ports);
    return true;
  }

  const nothing = await nothingToBuild(run.value, { state: state.value, task, reading }, ports);
  if (nothing) {
    const runErrorMessage = `Nothing to build: ${nothing.reason}.`;
    await endRun(registry, runId, { status: 'Canceled', runErrorMessage, reading: nothing.reading }, ports);
    return true;
  }
  // Edges before the claim: a push that comes now finds the task, and more edges than needed do no harm.
  if (pins && buildsTaskAsDefined(run.value)) {
    const key = { registry, task: state.value.task };
    await ports.store.changeEdges(key, edgesToAdd(state.value, images, tracked.outputs), noEdges);
  }
  const noted = { ...tracked, notes: [...tracked.notes, ...notes] };
  return claimAndAsk(run, state, { ...prepared, tracked: noted }, ports);
}

/** @returns false when the last free place was taken meanwhile */
async function claimAndAsk(
  run: Stored<Run>,
  state: Stored<TaskState> | undefined,
  { request, tracked }: PreparedRun,
  ports: Ports,
): Promise<boolean> {
  const claimed = await claim(run, state, tracked, ports);
  if (!claimed) return false;
  await submit(claimed, request, ports);
  if (await askedBy(run.value, claimed, ports)) await callNext(claimed.registry, ports);
  return true;
}

interface About {
  /** The base images it is about to be built on. */
  images: string[];
  /** The digests that were just read, where they were. */
  reading?: Reading | undefined;
  /** What the run is about to make, where no edge holds it yet. */
  outputs: string[];
}

/**
 * What a run waits for, and what its log says when it does not. Those above an automatic run are notified of the
 * moves that they have not heard of before it starts.
 * @throws CycleError
 */
async function decideStart(
  run: Run,
  state: TaskState,
  { images, reading, outputs }: About,
  ports: Ports,
): Promise<{ wait?: Waiting; notes: string[] }> {
  const { store, settings, clock } = ports;
  const ahead = aheadInTask(run, state, settings.runsPerTask);
  const queued = ahead.queued === undefined ? undefined : await store.run(run.registry, ahead.queued);
  const before = { ahead, queued: queued?.value, now: clock.now() };
  const look = () => lookUpstream(state, images, store, { reading, outputs });
  const inTask = mayStart(run, before);
  if (inTask.wait) return { ...inTask, wait: { ...inTask.wait, images } };
  let above = await look();
  const moves = movesToTell(run, above);
  for (const move of moves) {
    const id = eventGuid(`${run.registry}-${run.runId}-above-${move.image}-${move.digest}`);
    // The run has noted what it read; what it is pinned to may be older.
    await onPush({ id, ...move }, ports, 'named');
  }
  if (moves.length > 0) above = await look();
  const { wait, notes } = mayStart(run, { ...before, above });
  return { ...(wait && { wait: { ...wait, images } }), notes };
}

const edgesToAdd = (state: TaskState, bases: string[], outputs: string[]) => ({
  bases: bases.filter((image) => !state.bases.some((base) => base.image === image)),
  outputs: outputs.filter((image) => !state.outputs.includes(image)),
});
