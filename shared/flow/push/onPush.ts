import type { Run } from '../../model/run.ts';
import type { Decision, Push, TaskState } from '../../model/state.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, UnreadableError } from '../../ports/store.ts';
import type { Look } from '../../rules/bases/sightings.ts';
import type { Choice } from '../../rules/decideOnPush.ts';
import { withTold } from '../../rules/freshness/newer.ts';
import { mapAtMost } from '../concurrency.ts';
import { enqueue, enqueueAll } from '../queue/enqueue.ts';
import { dropGhost } from '../queue/ghosts.ts';
import { imageUpdateTrigger, withMerged } from '../queue/newRun.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { type Counted, countedOf } from './counted.ts';
import {
  decision,
  recordNew,
  recordOneSkipped,
  recordSkipped,
  type Skipped,
  toldOf,
} from './recordSkipped.ts';
import { see } from './see.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'registry' | 'clock' | 'log' | 'settings' | 'seal' | 'vault'>;

/** Reads of task states that are under way at once. */
const readsAtOnce = 32;

/**
 * A base image was pushed: every dependent gets one run, or a reason why not. What counts is the newest digest of the
 * image, which may be another than the push names. Idempotent: a repeated push only sends the start messages of the runs
 * that are still queued again, so a sender may repeat it until it is answered.
 * @param how an event announces it, or a registry was read at its timestamp
 * @returns the decision for each task; none when no task is built on the image
 */
export async function onPush(named: Push, ports: Flow, how: Look['how'] = 'announced'): Promise<Decision[]> {
  const edges = await ports.store.imageEdges(named.image);
  const { dependents } = edges;
  if (dependents.length === 0) return [];
  const standing = await see({ ...named, time: named.timestamp, how }, ports, { edges });
  const { states, unread } = await readStates(dependents, ports);
  const counted = await countedOf(
    named,
    standing,
    states.map(({ value }) => value),
    ports,
  );
  const { push } = counted;
  const decisions = unread.map(({ of, error }) => cannotBeRead(push, of, error, ports));
  for (const registry of new Set(dependents.map((task) => task.registry))) {
    const some = states.filter(({ value }) => value.registry === registry);
    decisions.push(...(await pushToRegistry(counted, registry, some, ports)));
  }

  await ports.store.recordPush(push.id, decisions);
  const queued = decisions.filter(({ verdict }) => verdict === 'started' || verdict === 'merged');
  await ports.queue.sendStart(startMessages(queued, ports));
  ports.log('information', `${push.image} moved`, {
    push: push.id,
    tasks: decisions.length,
    runs: queued.length,
  });
  return decisions;
}

/** No more for a registry than it may have runs at once: each end of a run sends the next. */
function startMessages(queued: Decision[], { settings }: Flow) {
  const sent = new Map<string, number>();
  return queued.flatMap(({ registry, runId }) => {
    const before = sent.get(registry) ?? 0;
    sent.set(registry, before + 1);
    return before < settings.runsPerRegistry ? [{ registry, runId: runId! }] : [];
  });
}

/** The states of tasks, and those that cannot be read. */
async function readStates(tasks: TaskKey[], { store }: Flow) {
  const unread: { of: TaskKey; error: UnreadableError }[] = [];
  const states = await mapAtMost(tasks, readsAtOnce, async (of) => {
    try {
      return await store.state(of.registry, of.task);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread.push({ of, error });
      return undefined;
    }
  });
  return { states: states.filter((state) => state !== undefined), unread };
}

async function pushToRegistry(
  counted: Counted,
  registry: string,
  states: Stored<TaskState>[],
  ports: Flow,
): Promise<Decision[]> {
  const { push, decide } = counted;
  const chosen = states.map((state) => ({ state, choice: decide(state.value) }));

  const starts = chosen.flatMap(({ state, choice }) =>
    choice.do === 'start' ? [{ state, reason: choice.reason }] : [],
  );
  const started = await startAll(counted, registry, starts, ports);

  const merges = chosen.filter(({ choice }) => choice.do === 'merge');
  const merged = await mapAtMost(merges, readsAtOnce, async ({ state }) => {
    const { task } = state.value;
    try {
      return await pushToTask(counted, { registry, task }, ports);
    } catch (error) {
      return cannotBeRead(push, { registry, task }, error, ports);
    }
  });

  const skips = chosen.flatMap(({ state, choice }) =>
    choice.do === 'skip' || choice.do === 'hold' ? [notStarted(counted, state, choice, ports)] : [],
  );
  const disturbed = await recordSkipped(registry, skips, ports);
  const skipped = await mapAtMost(skips, readsAtOnce, (one) =>
    disturbed.includes(one) ? pushToTask(counted, one.state.value, ports) : Promise.resolve(one.decision),
  );
  return [...started, ...merged, ...skipped];
}

/**
 * A task of which a row cannot be read misses the push, and the others have it. The ledger of the push records it.
 * @throws the error where it is another
 */
function cannotBeRead(push: Push, of: TaskKey, error: unknown, ports: Flow): Decision {
  if (!(error instanceof UnreadableError)) throw error;
  ports.log('error', `${of.task} is not notified of ${push.image}: ${error.message}`, {
    registry: of.registry,
  });
  return decision(push, of, { verdict: 'skipped', reason: error.message }, ports);
}

/** Starts many at once. One that another write disturbed is decided alone. */
async function startAll(
  counted: Counted,
  registry: string,
  starts: { state: Stored<TaskState>; reason: string }[],
  ports: Flow,
): Promise<Decision[]> {
  const { push } = counted;
  const decisions = new Map<string, Decision>();
  const runs = await enqueueAll(
    registry,
    starts.map(({ state, reason }) => ({
      state,
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
  return mapAtMost(starts, readsAtOnce, async ({ state }, at) => {
    const { run, runId } = runs[at]!;
    return run ? decisions.get(runId)! : pushToTask(counted, state.value, ports, runId);
  });
}

/**
 * Decides for one task from what the store holds at this moment.
 * @param runId a number that was taken for its run and not used
 */
function pushToTask(
  counted: Counted,
  { registry, task }: TaskKey,
  ports: Flow,
  runId?: string,
): Promise<Decision> {
  const { store } = ports;
  const { push } = counted;
  return retryOnConflict(async () => {
    const state = await store.state(registry, task);
    if (!state) {
      const gone = { registry, task };
      return decision(push, gone, { verdict: 'skipped', reason: `${task} was deleted` }, ports);
    }
    const choice = counted.decide(state.value);
    if (choice.do === 'skip' || choice.do === 'hold') {
      const skipped = notStarted(counted, state, choice, ports);
      await recordOneSkipped(skipped, ports);
      return skipped.decision;
    }
    if (choice.do === 'merge') return merge(push, state, choice, ports);
    const { reason } = choice;
    const started = ({ runId }: Run) =>
      decision(push, state.value, { verdict: 'started', reason, runId }, ports);
    const run = await enqueue(
      {
        state,
        cause: { kind: 'imageUpdate', trigger: imageUpdateTrigger(push) },
        change: (before) => withTold(before, push),
        writes: (run) => [{ put: 'decision', value: started(run), replace: true }],
      },
      ports,
      runId,
    );
    return started(run);
  });
}

async function merge(
  push: Push,
  stored: Stored<TaskState>,
  { runId, reason }: { runId: string; reason: string },
  ports: Flow,
): Promise<Decision> {
  const { store } = ports;
  const { value: state } = stored;
  const run = await store.run(state.registry, runId);
  if (!run) await dropGhost(state.registry, runId, ports);
  if (run?.value.status !== 'Queued')
    throw new ConflictError(`run ${runId} of ${state.task} is no longer queued`);
  // The event came before and its answer was lost: what it did then is what it did.
  const verdict = run.value.imageUpdateTrigger?.id === push.id ? 'started' : 'merged';
  const merged = decision(push, state, { verdict, reason, runId }, ports);
  const changed = withMerged(run.value, push, ports.clock.now());
  const told = toldOf(stored, push);
  if (changed) await store.commit(state.registry, [{ put: 'run', value: changed, etag: run.etag }, ...told]);
  else if (told.length > 0) await store.commit(state.registry, told);
  await recordNew(state.registry, [merged], ports);
  return merged;
}

const notStarted = (
  { push, newest }: Counted,
  state: Stored<TaskState>,
  choice: Extract<Choice, { do: 'skip' | 'hold' }>,
  ports: Flow,
): Skipped => {
  const { reason, sameAs: digest = push.digest } = choice;
  const [of, verdict] = choice.do === 'hold' ? ([newest, 'held'] as const) : ([push, 'skipped'] as const);
  return {
    state,
    decision: decision(of, state.value, { verdict, reason }, ports),
    told: { ...push, digest },
  };
};
