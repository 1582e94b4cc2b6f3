import type { Decision, TaskState } from '../../model/state.ts';
import type { Waiting } from '../../model/waiting.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, type Write } from '../../ports/store.ts';
import type { Choice } from '../../rules/decideOnPush.ts';
import { withTold } from '../../rules/freshness/newer.ts';
import { awaitedStarts } from '../../rules/queue/awaitedStarts.ts';
import { imagesOf, waitsForMakers } from '../../rules/upstream.ts';
import { chunks, mapAtMost } from '../concurrency.ts';
import { enqueueAll } from '../queue/enqueue.ts';
import { imageUpdateTrigger } from '../queue/newRun.ts';
import { endedAmong, letGoOn } from '../queue/waiters.ts';
import type { Counted } from './counted.ts';
import { cannotBeRead, mergedInto, mergeWrites, notStarted, pushToTask } from './pushToTask.ts';
import { decision, recordNew, recordSkipped } from './recordSkipped.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;

/** Tasks that are decided on one by one, at once. */
const tasksAtOnce = 32;
/** A merge is three rows (run, state, decision), and a transaction takes a hundred. */
const mergesAtOnce = 33;

/** Decides for tasks of one registry, and does it. May be repeated. @returns a decision for each */
export async function pushToRegistry(
  counted: Counted,
  registry: string,
  states: Stored<TaskState>[],
  ports: Flow,
): Promise<Decision[]> {
  const chosen = states.map((state) => ({ state, choice: counted.decide(state.value) }));
  const starts = chosen.flatMap(({ state, choice }) =>
    choice.do === 'start' ? [{ state, reason: choice.reason }] : [],
  );
  const started = await startAll(counted, registry, starts, ports);

  const merges = chosen.flatMap(({ state, choice }) => (choice.do === 'merge' ? [{ ...choice, state }] : []));
  const merged = await mergeAll(counted, registry, merges, ports);

  const skips = chosen.flatMap(({ state, choice }) =>
    choice.do === 'skip' || choice.do === 'hold' ? [notStarted(counted, state, choice, ports)] : [],
  );
  const disturbed = await recordSkipped(registry, skips, ports);
  const skipped = await mapAtMost(skips, tasksAtOnce, (one) =>
    disturbed.includes(one) ? pushToTask(counted, one.state.value, ports) : Promise.resolve(one.decision),
  );
  return [...started, ...merged, ...skipped];
}

type Merge = Extract<Choice, { do: 'merge' }> & { state: Stored<TaskState> };

interface Start {
  state: Stored<TaskState>;
  reason: string;
  wait?: Waiting | undefined;
}

/** Starts all, those at once as waiting that are built on what others of them make, and after these. */
async function startAll(
  counted: Counted,
  registry: string,
  starts: Start[],
  ports: Flow,
): Promise<Decision[]> {
  const awaited = awaitedStarts(starts.map(({ state }) => state.value));
  const first = await startMany(
    counted,
    registry,
    starts.filter(({ state }) => !awaited.has(state.value)),
    ports,
  );
  const waiting = starts.flatMap((start): Start[] => {
    const { value } = start.state;
    const maker = awaited.get(value);
    if (!maker) return [];
    const { verdict, runId } = first.find(({ task }) => task === maker.task)!;
    if (verdict !== 'started' || !runId) return [start];
    const reason = waitsForMakers([{ maker, runs: [runId] }]);
    return [{ ...start, wait: { runs: [`${registry}/${runId}`], images: imagesOf(value), reason } }];
  });
  const then = await startMany(counted, registry, waiting, ports);
  // One that is waited for may have ended meanwhile, and found none that waits.
  for (const ended of await endedAmong([...new Set(waiting.flatMap(({ wait }) => wait?.runs ?? []))], ports))
    await letGoOn(registry, ended, [], ports);
  return [...first, ...then];
}

/** Starts many at once. One that another write disturbed is decided alone. */
async function startMany(
  counted: Counted,
  registry: string,
  starts: Start[],
  ports: Flow,
): Promise<Decision[]> {
  const { push } = counted;
  const decisions = new Map<string, Decision>();
  const runs = await enqueueAll(
    registry,
    starts.map(({ state, reason, wait }) => ({
      state,
      wait,
      cause: { kind: 'imageUpdate', trigger: imageUpdateTrigger(push) },
      change: (before) => withTold(before, push),
      writes: ({ runId }) => {
        const value = decision(push, state.value, { verdict: 'started', reason, runId }, ports);
        decisions.set(runId, value);
        return [{ put: 'decision', value, replace: true }];
      },
    })),
    ports,
  );
  return mapAtMost(starts, tasksAtOnce, async ({ state }, at) => {
    const { run, runId } = runs[at]!;
    return run ? decisions.get(runId)! : pushToTask(counted, state.value, ports, runId);
  });
}

/**
 * Merges the push into many queued runs. Those that the same event has queued before are left as they are; one that
 * another write disturbed, or whose run is not as its state says, is decided alone.
 */
async function mergeAll(
  counted: Counted,
  registry: string,
  merges: Merge[],
  ports: Flow,
): Promise<Decision[]> {
  if (merges.length === 0) return [];
  const { push } = counted;
  const runIds = merges.map(({ runId }) => runId);
  const runs = await ports.store.runsOf(registry, runIds);
  const asked = merges.map((merge, at): Ready | Merge => {
    const run = runs[at];
    if (!run || run instanceof Error || run.value.status !== 'Queued') return merge;
    const decided = mergedInto(run.value, counted, { task: merge.state.value, reason: merge.reason }, ports);
    return { merge, decided, writes: mergeWrites(run, merge.state, counted, ports) };
  });
  const ready = asked.flatMap((one) => ('merge' in one ? [one] : []));
  // What the event itself has queued has its decision since then.
  const unchanged = ready.filter(({ writes }) => writes.length === 0).map(({ decided }) => decided);
  const unsure = unchanged.filter(({ verdict }) => verdict === 'merged');
  for (const part of chunks(unsure, mergesAtOnce)) await recordNew(registry, part, ports);
  const changed = ready.filter(({ writes }) => writes.length > 0);
  const disturbed = await commitMerges(registry, changed, ports);
  const merged = changed.filter((one) => !disturbed.includes(one)).map(({ decided }) => decided);
  const alone = [
    ...asked.flatMap((one) => ('merge' in one ? [] : [one])),
    ...disturbed.map(({ merge }) => merge),
  ];
  return [...unchanged, ...merged, ...(await mapAtMost(alone, tasksAtOnce, mergeAlone))];

  async function mergeAlone({ state }: Merge): Promise<Decision> {
    const { task } = state.value;
    try {
      return await pushToTask(counted, { registry, task }, ports);
    } catch (error) {
      return cannotBeRead(push, { registry, task }, error, ports);
    }
  }
}

/** A merge as it is to be written. */
interface Ready {
  merge: Merge;
  decided: Decision;
  writes: Write[];
}

/** @returns those that another write disturbed */
async function commitMerges(registry: string, merges: Ready[], { store }: Flow): Promise<Ready[]> {
  const disturbed: Ready[] = [];
  for (const part of chunks(merges, mergesAtOnce)) {
    const rows = part.flatMap(({ writes, decided }): Write[] => [
      ...writes,
      { put: 'decision', value: decided },
    ]);
    try {
      await store.commit(registry, rows);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      disturbed.push(...part);
    }
  }
  return disturbed;
}
