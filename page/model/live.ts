import type { LiveAnswer, LiveRun } from '../../shared/graph/answers.ts';
import type { Moment, Tone } from './freshness.ts';

const ended = ['Succeeded', 'Failed', 'Canceled', 'Error', 'Timeout'];
export const isOpen = ({ status }: Pick<LiveRun, 'status'>) => !ended.includes(status);

const tones: Record<LiveRun['status'], Tone | ''> = {
  ...{ Queued: 'busy', Started: 'busy', Running: 'busy', Succeeded: 'good' },
  ...{ Failed: 'bad', Error: 'bad', Timeout: 'bad', Canceled: '' },
};
export const toneOf = (status: LiveRun['status']) => tones[status];

/** A run of any registry. */
export interface RunSeen extends LiveRun {
  registry: string;
}

/** Of all registries, newest first. */
export const runsOf = (live: LiveAnswer | undefined): RunSeen[] =>
  (live?.registries ?? [])
    .flatMap(({ name, runs }) => runs.map((run) => ({ ...run, registry: name })))
    .sort((a, b) => (a.createTime < b.createTime ? 1 : -1));

/** Whether any run is open. */
const isBusy = (live: LiveAnswer | undefined) =>
  (live?.registries ?? []).some(({ running, queued }) => running.length + queued.length > 0);

/** The tasks whose runs began, moved or ended between two answers, by registry. Pure. */
export function changedTasks(before: LiveAnswer | undefined, after: LiveAnswer): Map<string, Set<string>> {
  const known = new Map(runsOf(before).map((run) => [`${run.registry}/${run.runId}`, run.status]));
  const changed = new Map<string, Set<string>>();
  for (const { registry, runId, task, status } of runsOf(after))
    if (task && known.get(`${registry}/${runId}`) !== status)
      changed.set(registry, (changed.get(registry) ?? new Set()).add(task));
  return changed;
}

/** The graph's answer may be so old, in ms: the app keeps it for a while. */
const graphAgeMs = 15_000;

/** The tasks of runs that go on or have ended of late, by registry: the graph may not have them as they are. Pure. */
export function unsettledTasks(live: LiveAnswer, now: number): Map<string, Set<string>> {
  const tasks = new Map<string, Set<string>>();
  for (const run of runsOf(live))
    if (run.task && (isOpen(run) || Date.parse(run.finishTime ?? '') > now - graphAgeMs))
      tasks.set(run.registry, (tasks.get(run.registry) ?? new Set()).add(run.task));
  return tasks;
}

/** What the words of marks ask of the runs. */
export function momentOf(live: LiveAnswer | undefined, now: number): Moment {
  const runs = new Map(runsOf(live).map((run) => [`${run.registry}/${run.runId}`, run]));
  const places = new Map(
    (live?.registries ?? []).flatMap(({ name, queued }) =>
      queued.map(({ runId }, index) => [`${name}/${runId}`, index + 1] as const),
    ),
  );
  return {
    now,
    began: (registry, runId) => runs.get(`${registry}/${runId}`)?.startTime,
    place: (registry, runId) => places.get(`${registry}/${runId}`),
  };
}

/** Seconds until live is asked again. */
export function liveEvery(live: LiveAnswer | undefined, isWatched: boolean): number {
  if (!isBusy(live)) return 30;
  return isWatched ? 2 : 5;
}
