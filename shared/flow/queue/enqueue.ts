import type { Cause } from '../../model/cause.ts';
import type { Run } from '../../model/run.ts';
import type { TaskState } from '../../model/state.ts';
import type { Waiting } from '../../model/waiting.ts';
import { formatRunId } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, type Write } from '../../ports/store.ts';
import { chunks, mapAtMost } from '../concurrency.ts';
import { newTaskRun, queueWrites } from './newRun.ts';

type Flow = Pick<Ports, 'store' | 'clock'>;

/** One run of a task that is to be queued. */
export interface QueueRequest {
  /** The state from which it was decided; another write of it in between is a conflict. */
  state: Stored<TaskState>;
  cause: Cause;
  /** What it waits for from the first. */
  wait?: Waiting | undefined;
  /** Further members of the run's row. */
  run?: (runId: string) => Partial<Run>;
  /** What else changes in the task's state, in the same transaction. */
  change?: (state: TaskState) => TaskState;
  /** What is written in the same transaction: a decision, the marks of a delivery; one row where it is one of many. */
  writes?: (run: Run) => Write[];
}

/** A queued run is four rows (run, state, place, decision), five where it waits, and a transaction takes a hundred. */
const runsAtOnce = 25;
const waitingAtOnce = 20;
const transactionsAtOnce = 4;

/**
 * Queues runs of tasks of one registry: numbers, rows, and what is to be written with them, in transactions of
 * twenty-five at most.
 * The start messages are the caller's, when its other writes are done.
 * @returns for each request the number it was given, and its run; without a run another write came between: the caller
 * decides on that one again, under the same number
 */
export async function enqueueAll(
  registry: string,
  requests: QueueRequest[],
  { store, clock }: Flow,
): Promise<{ runId: string; run?: Run }[]> {
  if (requests.length === 0) return [];
  const first = await store.takeRunNumbers(registry, requests.length);
  const numbered = requests.map((request, at) => ({ request, runId: formatRunId(registry, first + at) }));
  const atOnce = requests.some(({ wait }) => wait) ? waitingAtOnce : runsAtOnce;
  const parts = await mapAtMost(chunks(numbered, atOnce), transactionsAtOnce, async (part) => {
    const made = part.map(({ request, runId }) => rowsOf(request, runId, clock.now()));
    try {
      await store.commit(
        registry,
        made.flatMap(({ writes }) => writes),
      );
      return made.map(({ run }) => ({ runId: run.runId, run }));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return made.map(({ run }) => ({ runId: run.runId }));
    }
  });
  return parts.flat();
}

/**
 * Queues one run of a task.
 * @param runId of an earlier attempt, else a new number is taken
 * @throws ConflictError where another write came between
 */
export async function enqueue(request: QueueRequest, { store, clock }: Flow, runId?: string): Promise<Run> {
  const { registry } = request.state.value;
  const id = runId ?? formatRunId(registry, await store.takeRunNumbers(registry, 1));
  const { run, writes } = rowsOf(request, id, clock.now());
  return writeOnce(run, writes, store);
}

/**
 * Writes a new run with its other rows.
 * @returns what is there: where the answer of the write was lost, the run is found by its number, which is unique
 * @throws ConflictError where another write came between
 */
export async function writeOnce(run: Run, writes: Write[], store: Ports['store']): Promise<Run> {
  try {
    await store.commit(run.registry, writes);
    return run;
  } catch (error) {
    const written = error instanceof ConflictError && (await store.run(run.registry, run.runId));
    if (!written) throw error;
    return written.value;
  }
}

function rowsOf(
  { state, cause, wait, run: more, change = (same) => same, writes }: QueueRequest,
  runId: string,
  now: Date,
): { run: Run; writes: Write[] } {
  const run = newTaskRun(state.value, runId, now, {
    cause,
    ...(wait && { waitingFor: wait }),
    ...more?.(runId),
  });
  const queued = queueWrites(run, { ...state, value: change(state.value) });
  return { run, writes: [...queued, ...(writes?.(run) ?? [])] };
}
