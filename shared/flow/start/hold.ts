import type { Run } from '../../model/run.ts';
import type { Preparing } from '../../model/waiting.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored } from '../../ports/store.ts';
import { elapsedMs } from '../../rules/elapsed.ts';
import { holdMs, maxPreparations } from '../../rules/timing.ts';
import { endRun } from '../finish/endRun.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { startBeat } from './beat.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;

/** A run that this worker alone prepares. */
export interface Hold {
  /** The run as it was written last; what another has written since meets a conflict. */
  run(): Stored<Run>;
  /** Stops the heartbeat; to be called before the run is written. */
  rest(): Promise<void>;
  /** Lets another worker have the run at once. */
  letGo(): Promise<void>;
}

/** The next try of a run, and the worker that makes it; undefined when it was tried too often. Pure. */
export function nextTry({ preparing }: Run, by: string, until: Date): Preparing | undefined {
  const count = (preparing?.count ?? 0) + 1;
  return count > maxPreparations ? undefined : { by, until: until.toISOString(), count };
}

/** Ends a run that no process has survived. */
export const endTried = (registry: string, runId: string, ports: Flow) =>
  endRun(
    registry,
    runId,
    {
      status: 'Error',
      runErrorMessage: `The app ended ${maxPreparations} times while it fetched and packed the context of this run, which may be too large for the memory or the disk of an instance. Make the context smaller, lower PLINTH_MAX_CONTEXT_MIB so that the run engine fetches it, or give the app's instances more memory.`,
    },
    ports,
  );

/**
 * Takes a run that is ready, so that its context is fetched once whatever messages name it; the try is counted on its
 * row.
 * @returns undefined when another worker prepares it, or it was tried too often and has ended
 * @throws ConflictError when the run was changed
 */
export async function takeHold(run: Stored<Run>, ports: Flow): Promise<Hold | undefined> {
  const { store, clock } = ports;
  const { registry, runId } = run.value;
  const now = clock.now();
  if (isHeld(run.value, now)) return undefined;
  const by = crypto.randomUUID();
  const until = () => new Date(clock.now().getTime() + holdMs);
  const mine = nextTry(run.value, by, until());
  if (!mine) {
    await endTried(registry, runId, ports);
    return undefined;
  }
  let held = await writeHold(run, mine, ports);
  if (held?.value.preparing?.by !== by) {
    // Another worker has it, or it was changed; its row holds what is left to do.
    if (held && isHeld(held.value, now)) return undefined;
    throw new ConflictError(`run ${runId} was changed`);
  }

  const rest = startBeat(
    async () => {
      const next = { ...mine, until: until().toISOString() };
      const now = await writeHold(held!, next, ports);
      // It was changed: the next write meets the conflict.
      if (now?.value.preparing?.until !== next.until) return false;
      held = now;
      return true;
    },
    (error) => ports.log('warning', `run ${runId}: ${error.message}`, { registry, runId }),
  );
  return {
    run: () => held!,
    rest,
    async letGo() {
      await rest();
      await retryOnConflict(async () => {
        const now = await store.run(registry, runId);
        if (now?.value.preparing?.by !== by) return;
        const value = without(now.value, 'preparing');
        await store.commit(registry, [{ put: 'run', value, etag: now.etag }]);
      });
    },
  };
}

const isHeld = ({ preparing }: Run, now: Date) =>
  preparing !== undefined && elapsedMs(heldSince(preparing), now) < holdMs;

const heldSince = ({ until }: Preparing) => new Date(Date.parse(until) - holdMs).toISOString();

/**
 * Writes which worker prepares the run. @returns the row then: another worker's, or its own where only the answer was
 * lost
 */
async function writeHold({ value, etag }: Stored<Run>, preparing: Preparing, { store }: Flow) {
  try {
    await store.commit(value.registry, [{ put: 'run', value: { ...value, preparing }, etag }]);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
  return store.run(value.registry, value.runId);
}
