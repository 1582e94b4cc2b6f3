import { decideOnPush } from '../decide.ts';
import type { Run } from '../model/run.ts';
import type { Decision, Push, TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import { ConflictError, type Stored, type TaskKey, UnreadableError } from '../ports/store.ts';
import { formatRunId } from '../runId.ts';
import { hasPushed, imageUpdateTrigger, newTaskRun, queueWrites, withPushed } from './newRun.ts';
import { chunks, mapAtMost, untilUndisturbed } from './retry.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;
type Verdict = Pick<Decision, 'verdict' | 'reason' | 'runId'>;

/** Reads of task states that are under way at once. */
const readsAtOnce = 32;
/** A start is four rows (run, state, place, decision), and a transaction takes a hundred. */
const startsAtOnce = 25;
const decisionsAtOnce = 100;

/**
 * A base image was pushed: every task that stands on it gets one run, or a reason why not. Doing it again does nothing
 * but ring the doorbells of what is still queued, so a sender may repeat a push until it is answered.
 * @returns what was decided for each task; none when nobody stands on the image
 */
export async function onPush(push: Push, ports: Flow): Promise<Decision[]> {
  const { dependents } = await ports.store.standing(push.image);
  const decisions: Decision[] = [];
  for (const registry of new Set(dependents.map((task) => task.registry))) {
    const tasks = dependents.filter((task) => task.registry === registry);
    decisions.push(...(await decideInRegistry(push, registry, tasks, ports)));
  }
  if (decisions.length === 0) return decisions;

  await ports.store.recordPush(push.id, decisions);
  const queued = decisions.filter(({ runId, verdict }) => runId && verdict !== 'skipped');
  await ports.queue.ringStart(doorbells(queued, ports));
  ports.log('information', `${push.image} moved`, {
    push: push.id,
    tasks: decisions.length,
    runs: queued.length,
  });
  return decisions;
}

/** No more for a registry than it may have runs at once: whoever ends rings for the next. */
function doorbells(queued: Decision[], { settings }: Flow) {
  const rung = new Map<string, number>();
  return queued.flatMap(({ registry, runId }) => {
    const before = rung.get(registry) ?? 0;
    rung.set(registry, before + 1);
    return before < settings.runsPerRegistry ? [{ registry, runId: runId! }] : [];
  });
}

async function decideInRegistry(
  push: Push,
  registry: string,
  tasks: TaskKey[],
  ports: Flow,
): Promise<Decision[]> {
  const { store } = ports;
  const unread: Decision[] = [];
  const states = await mapAtMost(tasks, readsAtOnce, async ({ task }) => {
    try {
      return await store.state(registry, task);
    } catch (error) {
      unread.push(cannotBeRead(push, { registry, task }, error, ports));
      return undefined;
    }
  });
  const known = states.filter((state) => state !== undefined);
  const chosen = known.map((state) => ({ state, choice: decideOnPush(push, state.value) }));

  const starts = chosen.flatMap(({ state, choice }) =>
    choice.do === 'start' ? [{ state, reason: choice.reason }] : [],
  );
  const started = await startAll(push, registry, starts, ports);

  const merges = chosen.filter(({ choice }) => choice.do === 'merge');
  const merged = await mapAtMost(merges, readsAtOnce, async ({ state }) => {
    const { task } = state.value;
    try {
      return await decideAlone(push, registry, task, ports);
    } catch (error) {
      return cannotBeRead(push, { registry, task }, error, ports);
    }
  });

  const skipped = chosen.flatMap(({ state, choice }) =>
    choice.do === 'skip'
      ? [decision(push, state.value, { verdict: 'skipped', reason: choice.reason }, ports)]
      : [],
  );
  for (const part of chunks(skipped, decisionsAtOnce)) await recordNew(registry, part, ports);
  return [...started, ...merged, ...skipped, ...unread];
}

/**
 * A task of which a row cannot be read misses the push, and the others have it. The ledger of the push says so.
 * @throws the error where it is another
 */
function cannotBeRead(push: Push, of: TaskKey, error: unknown, ports: Flow): Decision {
  if (!(error instanceof UnreadableError)) throw error;
  ports.log('error', `${of.task} does not hear of ${push.image}: ${error.message}`, {
    registry: of.registry,
  });
  return decision(push, of, { verdict: 'skipped', reason: error.message }, ports);
}

/** Starts many at once: one block of run ids, a transaction for each 25. Whoever is disturbed is decided alone. */
async function startAll(
  push: Push,
  registry: string,
  starts: { state: Stored<TaskState>; reason: string }[],
  ports: Flow,
): Promise<Decision[]> {
  if (starts.length === 0) return [];
  const { store, clock } = ports;
  const first = await store.takeRunNumbers(registry, starts.length);
  const numbered = starts.map((start, at) => ({ ...start, runId: formatRunId(registry, first + at) }));
  const parts = await mapAtMost(chunks(numbered, startsAtOnce), 4, async (part) => {
    const made = part.map(({ state, reason, runId }) => {
      const run = newTaskRun(state.value, runId, clock.now(), {
        imageUpdateTrigger: imageUpdateTrigger(push),
      });
      return {
        state,
        run,
        decision: decision(push, state.value, { verdict: 'started', reason, runId }, ports),
      };
    });
    try {
      await store.commit(
        registry,
        made.flatMap(({ state, run, decision }) => [
          ...queueWrites(run, state.value, state.etag, true),
          { put: 'decision' as const, value: decision, replace: true },
        ]),
      );
      return made.map(({ decision }) => decision);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return mapAtMost(part, readsAtOnce, ({ state }) =>
        decideAlone(push, registry, state.value.task, ports),
      );
    }
  });
  return parts.flat();
}

/** Decides for one task from what the store holds at this moment. */
function decideAlone(push: Push, registry: string, task: string, ports: Flow): Promise<Decision> {
  const { store, clock } = ports;
  return untilUndisturbed(async () => {
    const state = await store.state(registry, task);
    if (!state) {
      const gone = { registry, task };
      return decision(push, gone, { verdict: 'skipped', reason: `${task} was deleted` }, ports);
    }
    const choice = decideOnPush(push, state.value);
    if (choice.do === 'skip') {
      const skipped = decision(push, state.value, { verdict: 'skipped', reason: choice.reason }, ports);
      await recordNew(registry, [skipped], ports);
      return skipped;
    }
    if (choice.do === 'merge') return merge(push, state.value, choice.runId, choice.reason, ports);
    const runId = formatRunId(registry, await store.takeRunNumbers(registry, 1));
    const run = newTaskRun(state.value, runId, clock.now(), { imageUpdateTrigger: imageUpdateTrigger(push) });
    const started = decision(push, state.value, { verdict: 'started', reason: choice.reason, runId }, ports);
    await store.commit(registry, [
      ...queueWrites(run, state.value, state.etag, true),
      { put: 'decision', value: started, replace: true },
    ]);
    return started;
  });
}

async function merge(
  push: Push,
  state: TaskState,
  runId: string,
  reason: string,
  ports: Flow,
): Promise<Decision> {
  const { store } = ports;
  const run = await store.run(state.registry, runId);
  if (run?.value.status !== 'Queued')
    throw new ConflictError(`run ${runId} of ${state.task} is no longer queued`);
  // The event came before and its answer was lost: what it did then is what it did.
  const verdict = run.value.imageUpdateTrigger?.id === push.id ? 'started' : 'merged';
  const merged = decision(push, state, { verdict, reason, runId }, ports);
  const changed = withMerged(run.value, push, ports.clock.now());
  if (changed) await store.commit(state.registry, [{ put: 'run', value: changed, etag: run.etag }]);
  await recordNew(state.registry, [merged], ports);
  return merged;
}

/**
 * The run with the push among its images; undefined where it is there already. A run that was asked for by hand gets a
 * new version all the same, so that a worker that has read its digests before the push reads them again.
 */
function withMerged({ preparing: _, ...run }: Run, push: Push, now: Date): Run | undefined {
  const lastUpdatedTime = now.toISOString();
  if (!run.imageUpdateTrigger) return { ...run, lastUpdatedTime };
  if (hasPushed(run.imageUpdateTrigger, push)) return undefined;
  return { ...run, imageUpdateTrigger: withPushed(run.imageUpdateTrigger, push), lastUpdatedTime };
}

/** What was decided first stays in the ledger: a repeated event does not talk over it. */
async function recordNew(registry: string, decisions: Decision[], { store }: Flow): Promise<void> {
  if (decisions.length === 0) return;
  try {
    await store.commit(
      registry,
      decisions.map((value) => ({ put: 'decision', value })),
    );
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    if (decisions.length > 1)
      for (const one of decisions) await recordNew(registry, [one], { store } as Flow);
  }
}

const decision = (push: Push, of: TaskKey, verdict: Verdict, { clock }: Flow): Decision => ({
  push,
  registry: of.registry,
  task: of.task,
  ...verdict,
  time: clock.now().toISOString(),
});
