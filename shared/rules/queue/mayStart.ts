import { isAutomatic } from '../../model/cause.ts';
import type { Run } from '../../model/run.ts';
import type { TaskState } from '../../model/state.ts';
import type { Waiting } from '../../model/waiting.ts';
import type { Upstream } from '../upstream.ts';
import { isBehind } from './asking.ts';

/** Whether a run waits for a time that has not come. */
export const isBeforeItsTime = ({ waitingFor }: Run, now: Date) =>
  waitingFor?.nextTry !== undefined && Date.parse(waitingFor.nextTry) > now.getTime();

/**
 * Whether a queued run waits for a time, or for the one that asks a server: those behind it in its task go first, as
 * they may need something else. Pure.
 */
export const letsOthersFirst = (run: Run, now: Date) =>
  isBeforeItsTime(run, now) || (run.waitingFor !== undefined && isBehind(run.waitingFor, now));

/** The runs of a task that come before one that is queued. */
interface AheadInTask {
  /** The one queued right before it, which it follows as long as that one may start. */
  queued?: string;
  /** Those under way, for whose end it waits otherwise. */
  underWay: string[];
}

/**
 * The runs of its task for which a queued run may have to wait: automatic ones of a task as it is defined follow one
 * another, and no task has more runs under way than the settings allow. Pure.
 */
export function aheadInTask(run: Run, { open }: TaskState, runsPerTask: number): AheadInTask {
  const automatic = isAutomatic(run);
  const busy = open.filter(({ phase }) => phase === 'Pinned');
  const inTheWay = automatic && busy.some(({ canonical }) => canonical);
  const at = open.findIndex(({ runId }) => runId === run.runId);
  const queued = open
    .slice(0, Math.max(0, at))
    .filter((other) => other.phase === 'Queued' && other.automatic === automatic);
  if (!inTheWay && busy.length + queued.length < runsPerTask) return { underWay: [] };
  const last = queued.at(-1);
  return {
    ...(last && { queued: last.runId }),
    underWay: inTheWay || busy.length >= runsPerTask ? busy.map(({ runId }) => runId) : [],
  };
}

/** What is known of the runs and tasks that a queued run stands behind. */
interface Before {
  ahead: AheadInTask;
  /** The row of the run that is queued right before it; undefined where it is gone. */
  queued: Run | undefined;
  now: Date;
  /** What is upstream of its task; undefined where that was not read yet. */
  above?: Upstream;
}

/**
 * Whether a queued run of a task may start: what it waits for, or else what a person should know of it. Automatic runs
 * wait for what is upstream of it; a person who asks for a run gets it as soon as the task may have another. Pure.
 */
export function mayStart(
  run: Run,
  { ahead, queued, now, above }: Before,
): { wait?: Omit<Waiting, 'images'>; notes: string[] } {
  // One behind the other: if all waited for the one under way, its end would have all of them start and all but one
  // stop.
  const follows = queued?.status === 'Queued' && !letsOthersFirst(queued, now);
  const before = follows ? [queued.runId] : ahead.underWay;
  if (before.length > 0)
    return {
      wait: {
        runs: before.map((runId) => `${run.registry}/${runId}`),
        reason: `waits for ${before.join(', ')} of the same task`,
      },
      notes: [],
    };
  if (isAutomatic(run) && above?.open) return { wait: above.open, notes: [] };
  return { notes: (above?.failed ?? []).map((text) => `Warning: ${text}. Built on what there is.`) };
}

/** Moves of base images of which those above an automatic run are notified before it starts. Pure. */
export const movesToTell = (run: Run, { open, unheard }: Upstream) =>
  isAutomatic(run) && !open ? unheard : [];
