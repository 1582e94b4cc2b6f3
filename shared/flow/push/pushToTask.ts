import type { Run } from '../../model/run.ts';
import type { Decision, Push, TaskState } from '../../model/state.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, UnreadableError, type Write } from '../../ports/store.ts';
import type { Choice } from '../../rules/decideOnPush.ts';
import { withTold } from '../../rules/freshness/newer.ts';
import { enqueue } from '../queue/enqueue.ts';
import { dropGhost } from '../queue/ghosts.ts';
import { imageUpdateTrigger, withMerged } from '../queue/newRun.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import type { Counted } from './counted.ts';
import { decision, recordNew, recordOneSkipped, type Skipped, toldOf } from './recordSkipped.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;

/**
 * A task of which a row cannot be read misses the push, and the others have it. The ledger of the push records it.
 * @throws the error where it is another
 */
export function cannotBeRead(push: Push, of: TaskKey, error: unknown, ports: Flow): Decision {
  if (!(error instanceof UnreadableError)) throw error;
  ports.log('error', `${of.task} is not notified of ${push.image}: ${error.message}`, {
    registry: of.registry,
  });
  return decision(push, of, { verdict: 'skipped', reason: error.message }, ports);
}

/**
 * Decides for one task from what the store holds at this moment.
 * @param runId a number that was taken for its run and not used
 */
export function pushToTask(
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
    if (choice.do === 'merge') return merge(counted, state, choice, ports);
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
  counted: Counted,
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
  const merged = mergedInto(run.value, counted, { task: state, reason }, ports);
  const writes = mergeWrites(run, stored, counted, ports);
  if (writes.length > 0) await store.commit(state.registry, writes);
  await recordNew(state.registry, [merged], ports);
  return merged;
}

/** The run's row and the state's, where the push says something new to them. */
export function mergeWrites(
  { value, etag }: Stored<Run>,
  state: Stored<TaskState>,
  { push }: Counted,
  ports: Flow,
): Write[] {
  const merged = withMerged(value, push, ports.clock.now());
  return [...(merged ? [{ put: 'run' as const, value: merged, etag }] : []), ...toldOf(state, push)];
}

/** The event came before and its answer was lost: what it did then is what it did. */
export function mergedInto(
  run: Run,
  { push }: Counted,
  { task, reason }: { task: TaskKey; reason: string },
  ports: Flow,
): Decision {
  const verdict = run.imageUpdateTrigger?.id === push.id ? 'started' : 'merged';
  return decision(push, task, { verdict, reason, runId: run.runId }, ports);
}

export const notStarted = (
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
