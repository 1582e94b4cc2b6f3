import { isDeepStrictEqual } from 'node:util';
import { withoutRequest } from '../../model/mapSecrets.ts';
import { isEnded, type Run } from '../../model/run.ts';
import type { Fault, Scan, Sweep } from '../../model/scan.ts';
import type { TaskState } from '../../model/state.ts';
import { formatRunId, parseRunId } from '../../names/runId.ts';
import { foldedName } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored } from '../../ports/store.ts';
import { dayMs } from '../../rules/timing.ts';
import { alone, unreadIn } from '../alone.ts';
import { mapAtMost } from '../concurrency.ts';
import { sweepWaiters } from '../queue/waiters.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { changeScan } from './changeScan.ts';

type Flow = Pick<Ports, 'store' | 'clock' | 'settings'>;

/** Its name among the chores. */
export const forgettingRuns = 'forgetting old runs';

/** Runs of one registry that a pass looks at; the next minute goes on after them. */
const runsAtOnce = 100;
const callsAtOnce = 16;

/**
 * Each day, removes the runs that ended longer ago than the settings keep them: from the newest of them to the
 * oldest, a page a minute. What is left is what still goes on, what is archived, and the runs that the state of a task
 * names: its last one, the one that its image is from.
 */
export async function pruneRuns(ports: Flow, { sweeps, faults: known }: Scan): Promise<Fault[] | undefined> {
  const today = ports.clock.now().toISOString().slice(0, 10);
  const due = ports.settings.registries.filter(({ name }) => {
    const sweep = sweeps?.[name];
    return !sweep || sweep.before !== undefined || sweep.day !== today;
  });
  if (due.length === 0) return undefined;
  // A sweep takes many passes: the faults of earlier passes are kept meanwhile.
  const goesOn = due.some(({ name }) => sweeps?.[name]?.before !== undefined);
  const faults: Fault[] = goesOn ? [...(known?.[forgettingRuns] ?? [])] : [];
  const done: Record<string, Sweep> = {};
  for (const { name } of due) {
    const sweep = await alone(`the old runs of ${name}`, faults, () =>
      sweepPage(name, { sweep: sweeps?.[name], today }, faults, ports),
    );
    if (sweep) done[name] = sweep;
  }
  await changeScan(ports, (scan) => ({ ...scan, sweeps: { ...scan.sweeps, ...done } }));
  return faults;
}

async function sweepPage(
  registry: string,
  { sweep, today }: { sweep: Sweep | undefined; today: string },
  faults: Fault[],
  ports: Flow,
): Promise<Sweep> {
  const { clock, settings } = ports;
  const cut = new Date(clock.now().getTime() - settings.runDays * dayMs).toISOString();
  const day = sweep?.before === undefined ? today : sweep.day;
  if (sweep?.before === undefined) await sweepWaiters(registry, ports);
  // The first one ever meets every run, as those of an earlier version kept what a start needs.
  const before = sweep?.before ?? (sweep && (await newestBefore(registry, cut, ports)));
  if (sweep && before === undefined) return { day };
  const page: Stored<Run>[] = [];
  const only = { ...(before && { before }), atOnce: runsAtOnce, unread: unreadIn(faults) };
  for await (const run of ports.store.storedRuns(registry, only)) if (page.push(run) === runsAtOnce) break;
  const old = page.filter(
    ({ value: run }) => isEnded(run.status) && !run.isArchiveEnabled && endOf(run) < cut,
  );
  const isNamed = await runsNamed(
    registry,
    old.map(({ value }) => value),
    faults,
    ports,
  );
  await mapAtMost(page, callsAtOnce, (run) =>
    old.includes(run) && !isNamed(run.value) ? forget(run, ports) : forgetRequest(run.value, ports),
  );
  return page.length === runsAtOnce ? { day, before: page.at(-1)!.value.runId } : { day };
}

/** One that was archived meanwhile, or that another clock has removed, is left. */
async function forget(run: Stored<Run>, { store }: Flow): Promise<void> {
  await store.forgetRun(run).catch((error) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}

const endOf = ({ finishTime, lastUpdatedTime }: Run) => finishTime ?? lastUpdatedTime;

/** Whether the state of a run's task names it; a task whose state cannot be read may name any of its runs. */
async function runsNamed(registry: string, runs: Run[], faults: Fault[], { store }: Flow) {
  const tasks = [...new Set(runs.flatMap(({ task }) => (task === undefined ? [] : [foldedName(task)])))];
  const named = new Map<string, string[] | 'unknown'>();
  await mapAtMost(tasks, callsAtOnce, async (task) => {
    named.set(task, 'unknown');
    await alone(`the runs of ${task} of ${registry}`, faults, async () => {
      const state = await store.state(registry, task);
      named.set(task, state ? [...inState(state.value), await newestOf(state, store)] : []);
    });
  });
  return ({ task, runId }: Run) => {
    const ids = task === undefined ? [] : named.get(foldedName(task))!;
    return ids === 'unknown' || ids.includes(runId);
  };
}

const inState = ({ open, aside = [], last, built }: TaskState) =>
  [...[...open, ...aside].map(({ runId }) => runId), last?.runId, built?.runId].filter(
    (id) => id !== undefined,
  );

/**
 * A state that was last written by an earlier version does not name the newest run: it is found among all of the
 * registry, once, and written down.
 * @returns an empty text where the task has no run
 */
async function newestOf({ value: state, etag }: Stored<TaskState>, store: Flow['store']): Promise<string> {
  const { registry, task, newest } = state;
  if (newest !== undefined) return newest;
  let found = '';
  for await (const { runId } of store.runs(registry, { task, atOnce: 1 })) {
    found = runId;
    break;
  }
  await store
    .commit(registry, [{ put: 'state', value: { ...state, newest: found }, etag }])
    .catch((error) => {
      // Another write takes precedence; the next page looks again.
      if (!(error instanceof ConflictError)) throw error;
    });
  return found;
}

/** Takes from an ended run what an earlier version left in its row. */
async function forgetRequest({ registry, runId, ...run }: Run, { store }: Flow): Promise<void> {
  const has = run.quickBuild ?? run.quickRun ?? run.overrides;
  if (!has || !isEnded(run.status)) return;
  await retryOnConflict(async () => {
    const row = await store.run(registry, runId);
    const value = row && withoutRequest(row.value);
    if (row && value && !isDeepStrictEqual(value, row.value))
      await store.commit(registry, [{ put: 'run', value, etag: row.etag }]);
  });
}

/**
 * The id after that of the newest run which was queued before an instant; undefined where there is none. Ids rise with
 * time, so a score of point-like reads finds it among a million.
 */
async function newestBefore(registry: string, cut: string, { store }: Flow): Promise<string | undefined> {
  const newestUpTo = async (number: number | undefined): Promise<Run | undefined> => {
    const before = number === undefined ? {} : { before: formatRunId(registry, number + 1) };
    for await (const run of store.runs(registry, { ...before, atOnce: 1 })) return run;
    return undefined;
  };
  const newest = await newestUpTo(undefined);
  let [low, high] = [0, newest ? parseRunId(registry, newest.runId)! : 0];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const run = await newestUpTo(middle);
    if (!run || run.createTime < cut) low = middle;
    else high = parseRunId(registry, run.runId)! - 1;
  }
  return low === 0 ? undefined : formatRunId(registry, low + 1);
}
