import { formatImageRef } from './imageRef.ts';
import { isCanonical, type Pin, type Run, type RunStatus } from './model/run.ts';
import type { Pace, TaskState, TrackedBase } from './model/state.ts';

/*
 * How a task's state follows its runs. Pure; each is written in one transaction with the run's own row.
 */

/** The state with one more run that waits to start. */
export const withQueued = (state: TaskState, run: Run, automatic: boolean): TaskState => ({
  ...state,
  newest: run.runId,
  open: [...state.open, { runId: run.runId, phase: 'Queued', automatic, canonical: isCanonical(run) }],
});

/** The state once a run's digests are fixed: from now on a push with another digest needs another run. */
export function withPinned(state: TaskState, runId: string, reading: Reading | undefined): TaskState {
  const open = state.open.map((run) => (run.runId === runId ? { ...run, phase: 'Pinned' as const } : run));
  const canonical = open.find((run) => run.runId === runId)?.canonical === true;
  if (!canonical || !reading) return { ...state, open };
  return { ...state, open, bases: asBases(reading) };
}

/** A reading as a task's state keeps it. */
export const asBases = ({ pins, pinnedAt }: Reading): TrackedBase[] =>
  pins.map((pin) => ({ ...pin, pinnedAt }));

/** The base images a run stands on, and the instant before they were read. */
export interface Reading {
  pins: Pin[];
  pinnedAt: string;
}

/**
 * The state once a run has ended. Only a run of the task as it is defined says something of the task. One that ended
 * before it read its digests has tried what its trigger names: the same push again must not start another.
 * @param reading what it stands on; undefined when it never came to read
 */
export function withEnded(state: TaskState, run: Run, reading: Reading | undefined): TaskState {
  const entry = state.open.find(({ runId }) => runId === run.runId);
  const left = { ...state, open: state.open.filter(({ runId }) => runId !== run.runId) };
  const bases = reading ? asBases(reading) : triedBy(run, state);
  if (!entry?.canonical || !bases) return left;

  const inputs = inputsOf(bases);
  const failures = hasFailed(run.status) ? failuresOf(inputs, state) + 1 : 0;
  const { runId, status, lastUpdatedTime: endedAt } = run;
  const { unsure: before, ...kept } = left;
  const unsure = status !== 'Succeeded' && (before || (entry.phase === 'Pinned' && mayHavePushed(run)));
  return {
    ...kept,
    ...(unsure && { unsure }),
    bases,
    last: { runId, status, inputs, failures, automatic: entry.automatic, endedAt },
    ...(status === 'Succeeded' && {
      built: { runId, pins: bases.map(({ image, type, digest }) => ({ image, type, digest })), ...took(run) },
    }),
  };
}

/** The engine is believed when it says how a run ended; else the image may be there, over the one of the run before. */
const mayHavePushed = ({ status, engineRunId, outputImages = [] }: Run) =>
  engineRunId === undefined || outputImages.length > 0 || status === 'Timeout' || status === 'Error';

/** A run that a person cancelled has not failed. */
export const hasFailed = (status: RunStatus) =>
  status === 'Failed' || status === 'Timeout' || status === 'Error';

const failuresOf = (inputs: string, { last }: TaskState) =>
  last && last.inputs === inputs && hasFailed(last.status) ? last.failures : 0;

/** The base images that a run was started for, in the digests that its trigger names; undefined without a trigger. */
export function triedBy(run: Run, state: TaskState): TrackedBase[] | undefined {
  const trigger = run.imageUpdateTrigger;
  if (!trigger) return undefined;
  const pushed = new Map(
    trigger.images.map(({ registry, repository, tag, digest }) => [
      formatImageRef({ registry, repository, ...(tag && { tag }) }),
      digest,
    ]),
  );
  return state.bases.map((base) => {
    const digest = pushed.get(base.image);
    return digest === undefined ? base : { ...base, digest, pinnedAt: trigger.timestamp };
  });
}

function took({ startTime, finishTime }: Run): { seconds?: number } {
  if (!startTime || !finishTime) return {};
  return { seconds: Math.max(0, (Date.parse(finishTime) - Date.parse(startTime)) / 1000) };
}

/** What a run was built on, as one text to compare: order does not matter. */
export const inputsOf = (pins: Pin[]) =>
  pins
    .map(({ image, digest }) => `${image}@${digest}`)
    .sort()
    .join(' ');

export const withRunning = (pace: Pace, runId: string): Pace => ({
  ...pace,
  running: [...pace.running, runId],
});
export const withoutRunning = ({ unread = [], ...pace }: Pace, runId: string): Pace => {
  const aside = unread.filter((one) => one !== runId);
  return {
    ...pace,
    running: pace.running.filter((running) => running !== runId),
    ...(aside.length > 0 && { unread: aside }),
  };
};

/** The pace while the row of a run cannot be read: it is still looked at, and its place is another's. */
export const withUnread = (pace: Pace, runId: string): Pace => ({
  ...withoutRunning(pace, runId),
  unread: [...(pace.unread ?? []), runId],
});
