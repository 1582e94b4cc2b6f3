import { isCanonical, type Pin, type Run } from './model/run.ts';
import type { Pace, TaskState } from './model/state.ts';

/*
 * How a task's state follows its runs. Pure; each is written in one transaction with the run's own row.
 */

/** The state with one more run that waits to start. */
export const withQueued = (state: TaskState, run: Run, automatic: boolean): TaskState => ({
  ...state,
  open: [...state.open, { runId: run.runId, phase: 'Queued', automatic, canonical: isCanonical(run) }],
});

/** The state once a run's digests are fixed: from now on a push with another digest needs another run. */
export function withPinned(state: TaskState, runId: string, reading: Reading | undefined): TaskState {
  const open = state.open.map((run) => (run.runId === runId ? { ...run, phase: 'Pinned' as const } : run));
  const canonical = open.find((run) => run.runId === runId)?.canonical === true;
  if (!canonical || !reading) return { ...state, open };
  return { ...state, open, bases: reading.pins.map((pin) => ({ ...pin, pinnedAt: reading.pinnedAt })) };
}

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
  const tried = reading ?? triedBy(run, state);
  if (!entry?.canonical || !tried) return left;

  const inputs = inputsOf(tried.pins);
  const succeeded = run.status === 'Succeeded';
  const again = state.last?.inputs === inputs && !state.last.succeeded;
  const counts = run.status === 'Failed' || run.status === 'Timeout' || run.status === 'Error';
  const failures = counts ? (again ? state.last!.failures : 0) + 1 : 0;
  return {
    ...left,
    bases: tried.pins.map((pin) => ({ ...pin, pinnedAt: tried.pinnedAt })),
    last: { runId: run.runId, succeeded, inputs, failures },
    ...(succeeded && { built: { runId: run.runId, pins: tried.pins } }),
  };
}

function triedBy(run: Run, state: TaskState): Reading | undefined {
  const images = run.imageUpdateTrigger?.images;
  if (!images) return undefined;
  const pushed = new Map(
    images.map(({ registry, repository, tag, digest }) => [`${registry}/${repository}:${tag}`, digest]),
  );
  const pins = state.bases.map(({ image, type, digest }) => ({
    image,
    type,
    digest: pushed.get(image) ?? digest,
  }));
  return { pins, pinnedAt: run.imageUpdateTrigger!.timestamp };
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
export const withoutRunning = (pace: Pace, runId: string): Pace => ({
  ...pace,
  running: pace.running.filter((running) => running !== runId),
});
