import { isEnded, type Run } from '../../model/run.ts';
import type { Waiting } from '../../model/waiting.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Asked, ConflictError, type Stored, UnreadableError } from '../../ports/store.ts';
import { hasAsked } from '../../rules/queue/asking.ts';
import { chunks } from '../concurrency.ts';
import { backWrites } from './places.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings'>;

/** A run that takes its place again is three rows (run, both places), and a transaction takes a hundred. */
const runsAtOnce = 33;

/**
 * The queued runs of a registry that wait for a run which has ended take their places in the queue again, many at once
 * and without a message for each. One that another write disturbs is sent its start message instead.
 * @param ended `registry/runId`
 * @param others further runs of the registry that wait for it
 * @returns whether there was one
 */
export async function letGoOn(
  registry: string,
  ended: string,
  others: string[],
  ports: Flow,
): Promise<boolean> {
  const { store, queue } = ports;
  const waiters = await store.waiters(registry, ended);
  const runIds = [...new Set([...others, ...waiters.map(({ runId }) => runId)])];
  if (runIds.length === 0) return false;
  const rows = await store.runsOf(registry, runIds);
  const isHere = (run: Asked<Run>): run is Stored<Run> =>
    run !== undefined && !(run instanceof UnreadableError);
  const waiting = rows
    .filter(isHere)
    .filter(
      ({ value }) =>
        waitsForRun(value) && (others.includes(value.runId) || value.waitingFor.runs.includes(ended)),
    );
  for (const part of chunks(waiting, runsAtOnce))
    try {
      await store.commit(registry, part.flatMap(backWrites));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await queue.sendStart(part.map(({ value: { runId } }) => ({ registry, runId })));
    }
  await store.forgetWaiters(registry, waiters);
  return waiting.length > 0;
}

/** One that waits for a time, or that a worker has, is left as it is. */
const waitsForRun = (run: Run): run is Run & { waitingFor: Waiting } =>
  run.status === 'Queued' &&
  run.waitingFor !== undefined &&
  run.waitingFor.nextTry === undefined &&
  !run.preparing;

/**
 * Those of some runs that have ended, or whose rows are gone or cannot be read.
 * @param paths `registry/runId`
 * @param isOver what counts as ended besides
 */
export async function endedAmong(
  paths: string[],
  { store }: Pick<Ports, 'store'>,
  isOver?: (run: Run) => boolean,
): Promise<string[]> {
  const ended: string[] = [];
  const parts = paths.map((path) => path.split('/') as [registry: string, runId: string]);
  for (const registry of new Set(parts.map(([of]) => of))) {
    const runIds = parts.filter(([of]) => of === registry).map(([, runId]) => runId);
    const runs = await store.runsOf(registry, runIds);
    for (const [at, run] of runs.entries())
      if (!run || run instanceof UnreadableError || isEnded(run.value.status) || isOver?.(run.value))
        ended.push(`${registry}/${runIds[at]}`);
  }
  return ended;
}

/** Whether a run need not wait any more, as one that it waits for has ended or asks its server no more. */
export const isOver = async (wait: Waiting, { store, clock }: Pick<Ports, 'store' | 'clock'>) =>
  (await endedAmong(wait.runs, { store }, hasAsked(wait, clock.now()))).length > 0;

/** Removes what names runs that have ended: a process that ended between an end and its waiters has left it. */
export async function sweepWaiters(registry: string, { store }: Pick<Ports, 'store'>): Promise<void> {
  const all = await store.waiters(registry);
  const ended = await endedAmong([...new Set(all.map(({ awaited }) => awaited))], { store });
  const gone = all.filter(({ awaited }) => ended.includes(awaited));
  if (gone.length > 0) await store.forgetWaiters(registry, gone);
}
