import { isDeepStrictEqual } from 'node:util';
import { withoutRequest } from '../../model/mapSecrets.ts';
import { type ImageDescriptor, isEnded, type Run, type RunStatus } from '../../model/run.ts';
import type { QueueEntry, TaskState } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import { eventGuid } from '../../names/eventGuid.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Stored, UnreadableError, type Write } from '../../ports/store.ts';
import { type Reading, withEnded, withoutRunning } from '../../rules/taskState.ts';
import { callNext } from '../queue/nextInQueue.ts';
import { queueEntryOf } from '../queue/places.ts';
import { letGoOn } from '../queue/waiters.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { stateOfRun } from '../subject.ts';

export interface Ending {
  status: RunStatus;
  runErrorMessage?: string;
  startTime?: string;
  finishTime?: string;
  outputImages?: ImageDescriptor[];
  /** The base images of the run, where its row does not hold them yet. */
  reading?: Reading;
  /** Leaves a run that has another status alone. */
  onlyFrom?: RunStatus;
}

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;

/**
 * Ends a run: its row, the task's state, its place and its share of the pace in one transaction, so that it ends
 * once. Then the runs that waited for it take their places in the queue again, and the next are sent start messages.
 * @returns whether this call ended it; false when it had ended already
 */
export async function endRun(registry: string, runId: string, ending: Ending, ports: Flow): Promise<boolean> {
  const { store, clock } = ports;
  let etag: string | undefined;
  let tried: { run: Run; state: Stored<TaskState> | undefined } | undefined;
  const ended = await retryOnConflict(async () => {
    const run = await store.run(registry, runId);
    // It was written, and only the answer was lost: the messages for the runs that wait for it are still to be sent.
    if (tried && isDeepStrictEqual(run?.value, tried.run)) return tried;
    if (!run || isEnded(run.value.status)) return undefined;
    if (ending.onlyFrom && run.value.status !== ending.onlyFrom) return undefined;
    const { status } = run.value;
    const state = await readState(run.value, ports);
    const pace = status === 'Queued' ? undefined : await store.pace(registry);
    const value = endedRun(run.value, ending, clock.now());
    const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
    if (state)
      writes.push({ put: 'state', value: withEnded(state.value, value, readingOf(value)), etag: state.etag });
    if (pace) writes.push({ put: 'pace', value: withoutRunning(pace.value, runId), etag: pace.etag });
    if (status === 'Queued') {
      const entry = queueEntryOf(run.value);
      // A conflict though the run is the same: its place may be gone, as by hand.
      if (run.etag !== etag || (await isInQueue(entry, ports)))
        writes.push({ remove: 'place', value: entry });
      etag = run.etag;
    }
    tried = { run: value, state };
    await store.commit(registry, writes);
    return tried;
  });
  if (!ended) return false;
  ports.log('information', `run ${runId} ${ended.run.status}`, { registry, runId, task: ended.run.task });
  await wakeWaiting(ended.run, ended.state?.value, ports);
  if (ended.state) await pushAgain(ended.run, ended.state.value, ports);
  return true;
}

/** Ends a run whose task is gone. */
export async function endDeleted({ registry, runId, task }: Run, ports: Flow): Promise<void> {
  const runErrorMessage = `The task ${task} was deleted.`;
  await endRun(registry, runId, { status: 'Canceled', runErrorMessage }, ports);
}

/** A state that cannot be read keeps its run from nothing: a PUT of the task makes a new one. */
async function readState(run: Run, { store, log }: Flow): Promise<Stored<TaskState> | undefined> {
  try {
    return await stateOfRun(run, { store });
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const { registry, task } = run;
    log('error', `the state of ${task} is left as it is: ${error.message}`, { registry, task });
    return undefined;
  }
}

async function isInQueue({ registry, runId }: QueueEntry, { store }: Flow): Promise<boolean> {
  for await (const entry of store.places(registry)) if (entry.runId === runId) return true;
  return false;
}

/** What a run has only while it goes. */
const ofGoing = [
  'followAt',
  'expectedSeconds',
  'waitingFor',
  'claimedUntil',
  'trouble',
  'preparing',
  'missing',
  'finishTries',
] as const;

function endedRun(run: Run, ending: Ending, now: Date): Run {
  const time = now.toISOString();
  return {
    ...without(withoutRequest(run), ...ofGoing),
    // A run that was asked to be cancelled ends as cancelled, whatever came first.
    status: run.cancelRequested ? 'Canceled' : ending.status,
    lastUpdatedTime: time,
    startTime: ending.startTime ?? run.startTime ?? time,
    finishTime: ending.finishTime ?? time,
    ...(ending.outputImages && { outputImages: ending.outputImages }),
    ...(ending.runErrorMessage && !run.cancelRequested && { runErrorMessage: ending.runErrorMessage }),
    ...ending.reading,
  };
}

const readingOf = ({ pins, pinnedAt }: Run): Reading | undefined =>
  pins && pinnedAt ? { pins, pinnedAt } : undefined;

/** The runs that waited for this one go on, and the next in the queue of each registry. */
async function wakeWaiting(run: Run, state: TaskState | undefined, ports: Flow): Promise<void> {
  const { registry: own, runId } = run;
  const all = run.task === undefined ? [own] : ports.settings.registries.map(({ name }) => name);
  // Runs of the same task wait in its own registry; dependents of its images may be in any, and a state that is gone, as
  // with the task, does not name the images.
  const registries = state?.outputs.length === 0 ? [own] : all;
  // Of those one behind the other, the first waits for whichever of the task ends first.
  const next = state?.open.find((other) => other.phase === 'Queued' && other.runId !== runId);
  for (const registry of registries) {
    const others = next && registry === own ? [next.runId] : [];
    const wentOn = await letGoOn(registry, `${own}/${runId}`, others, ports);
    if (wentOn && registry !== own) await callNext(registry, ports);
  }
  await callNext(own, ports, runId);
}

/**
 * Pushes that were merged into a run which a person had asked for, and which ended before it read its base images, come
 * again: nothing else was asked to end.
 */
async function pushAgain(run: Run, { bases }: TaskState, { queue }: Flow): Promise<void> {
  if (run.pins || run.imageUpdateTrigger) return;
  for (const [at, { image, newer }] of bases.entries()) {
    if (!newer) continue;
    const id = eventGuid(`${run.registry}-${run.runId}-merged-${at + 1}`);
    await queue.sendPush({ id, image, digest: newer.digest, timestamp: newer.since, how: 'named' });
  }
}
