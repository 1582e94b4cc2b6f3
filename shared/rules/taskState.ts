import { isAutomatic } from '../model/cause.ts';
import { buildsTaskAsDefined, type Pin, type Run } from '../model/run.ts';
import type { OpenRun, Slots, TaskState, TrackedBase } from '../model/state.ts';
import { formatImageRef } from '../names/imageRef.ts';
import { hasFailed } from './freshness/failing.ts';
import { carryNewer } from './freshness/newer.ts';
import { withoutCalled } from './queue/dispatch.ts';

/*
 * How a task's state follows its runs. Pure; each is written in one transaction with the run's own row.
 */

/** The state with one more run that waits to start. */
export const withQueued = (state: TaskState, run: Run): TaskState => ({
  ...state,
  newest: run.runId,
  open: [
    ...state.open,
    { runId: run.runId, phase: 'Queued', automatic: isAutomatic(run), canonical: buildsTaskAsDefined(run) },
  ],
});

/** The state while the row of an open run cannot be read; undefined where it has no such run. */
export function withAside({ aside = [], ...state }: TaskState, runId: string): TaskState | undefined {
  const run = state.open.find((one) => one.runId === runId);
  if (!run) return undefined;
  return { ...state, open: state.open.filter((one) => one !== run), aside: [...aside, run] };
}

/** The state once it can be read again, as the oldest; undefined where it was not set aside. */
export function withBack(state: TaskState, runId: string): TaskState | undefined {
  const run = state.aside?.find((one) => one.runId === runId);
  return run && { ...withoutOpen(state, runId), open: [run, ...state.open] };
}

/** The state without a run that goes on no more, wherever it has it. */
export function withoutOpen({ aside = [], ...state }: TaskState, runId: string): TaskState {
  const isOther = (run: OpenRun) => run.runId !== runId;
  const left = aside.filter(isOther);
  return { ...state, open: state.open.filter(isOther), ...(left.length > 0 && { aside: left }) };
}

/** The state once a run's digests are fixed: from now on a push with another digest needs another run. */
export function withPinned(before: TaskState, runId: string, reading: Reading | undefined): TaskState {
  const state = withBack(before, runId) ?? before;
  const open = state.open.map((run) => (run.runId === runId ? { ...run, phase: 'Pinned' as const } : run));
  const canonical = open.find((run) => run.runId === runId)?.canonical === true;
  if (!canonical || !reading) return { ...state, open };
  return { ...state, open, bases: carryNewer(asBases(reading), state.bases, state.built) };
}

/** A reading as a task's state keeps it. */
export const asBases = ({ pins, pinnedAt }: Reading): TrackedBase[] =>
  pins.map((pin) => ({ ...pin, pinnedAt }));

/** The base images of a run, and the instant before they were read. */
export interface Reading {
  pins: Pin[];
  pinnedAt: string;
}

/**
 * The state once a run has ended. Only a run of the task as it is defined changes it. One that ended
 * before it read its digests has tried what its trigger names: the same push again must not start another.
 * @param reading its base images; undefined when they were never read
 */
export function withEnded(state: TaskState, run: Run, reading: Reading | undefined): TaskState {
  const entry = [...state.open, ...(state.aside ?? [])].find(({ runId }) => runId === run.runId);
  const left = withoutOpen(state, run.runId);
  const bases = reading ? asBases(reading) : triedBy(run, state);
  if (!entry?.canonical || !bases) return left;

  const inputs = inputsOf(bases);
  const failures = hasFailed(run.status) ? failuresOf(inputs, state) + 1 : 0;
  const { runId, status, lastUpdatedTime: endedAt } = run;
  const { unsure: before, ...kept } = left;
  const built =
    status === 'Succeeded'
      ? { runId, pins: bases.map(({ image, type, digest }) => ({ image, type, digest })), ...took(run) }
      : kept.built;
  const unsure = status !== 'Succeeded' && (before || (entry.phase === 'Pinned' && mayHavePushed(run)));
  const pushed = status !== 'Succeeded' && hasPushed(run);
  return {
    ...kept,
    ...(unsure && { unsure }),
    bases: carryNewer(bases, state.bases, built),
    last: { runId, status, inputs, failures, automatic: entry.automatic, ...(pushed && { pushed }), endedAt },
    ...(built && { built }),
  };
}

const hasPushed = ({ outputImages = [] }: Run) => outputImages.length > 0;

/** Where the engine reported the end, that counts; else the image may be there, over the one of the run before. */
const mayHavePushed = (run: Run) =>
  run.engineRunId === undefined || hasPushed(run) || run.status === 'Timeout' || run.status === 'Error';

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

export const withRunning = (pace: Slots, runId: string): Slots => ({
  ...withoutCalled(pace, [runId]),
  running: [...pace.running, runId],
});
export const withoutRunning = ({ unread = [], ...pace }: Slots, runId: string): Slots => {
  const aside = unread.filter((one) => one !== runId);
  return {
    ...pace,
    running: pace.running.filter((running) => running !== runId),
    ...(aside.length > 0 && { unread: aside }),
  };
};

/** The slots while the row of a queued run cannot be read, and once it can. */
export const withSkipped = (slots: Slots, runId: string): Slots => ({
  ...slots,
  skipped: [...new Set([...(slots.skipped ?? []), runId])],
});
export const withoutSkipped = ({ skipped = [], ...slots }: Slots, runId: string): Slots => {
  const others = skipped.filter((one) => one !== runId);
  return { ...slots, ...(others.length > 0 && { skipped: others }) };
};

/** The pace while the row of a run cannot be read: it is still looked at, and its place is another's. */
export function withUnread(pace: Slots, runId: string): Slots {
  const { unread = [], ...others } = withoutRunning(pace, runId);
  return { ...others, unread: [...unread, runId] };
}
