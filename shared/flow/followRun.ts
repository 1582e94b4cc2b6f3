import { isEnded, type Run, type RunStatus } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import type { FollowUp } from '../ports/queue.ts';
import type { EngineRun } from '../ports/runEngine.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { endRun } from './endRun.ts';
import { finishBuild } from './finishBuild.ts';
import { givenUp, messageOf, moreTrouble, pauseAfter } from './postpone.ts';
import { isTransient } from './transient.ts';

/** Seconds between two questions to the engine: a trivial build is over in one, an hour's is asked every half minute. */
const delays = [1, 1, 1, 2, 2, 3, 5, 8, 10, 15, 20, 30];
const delayAfter = (count: number) => delays[Math.min(count, delays.length - 1)]!;

/** The engine's own queue is given up for stuck after a day. */
const longestQueueSeconds = 24 * 3600;
/** Azure may for a moment not know what it has: a run is given up for lost after so many answers over so long. */
const lostAfterAnswers = 4;
const lostAfterSeconds = 60;
const askAgainSeconds = 15;
/** The engine's own limit may be late by this much before Plinth ends the run itself. */
const graceSeconds = 300;

/**
 * Remembers under which id the engine has the run, and asks for it the first time in a second.
 * @throws ConflictError
 */
export async function firstFollow(run: Stored<Run>, engineRunId: string, ports: Ports): Promise<void> {
  const { claimedUntil: _, trouble: __, preparing: ___, ...value } = run.value;
  await schedule({ ...value, engineRunId }, run.etag, delayAfter(0), 0, ports);
}

/**
 * Asks the engine how a run goes; ends it, or asks again later. A message that is not the run's newest does nothing.
 * Whatever fails is tried again, a bounded number of times; it throws only when the store cannot be reached.
 */
export async function followRun({ registry, runId, at }: FollowUp, ports: Ports): Promise<void> {
  const run = await ports.store.run(registry, runId);
  if (!run || isEnded(run.value.status) || run.value.followAt !== at || !run.value.engineRunId) return;
  try {
    await follow(run, run.value.engineRunId, ports);
  } catch (error) {
    // The row was changed, by a cancel or by another worker: if its newest message is still this one, it goes on.
    if (error instanceof ConflictError) return ports.queue.ringFollow({ registry, runId, at }, 1);
    await followLater(run, error, ports);
  }
}

async function follow(run: Stored<Run>, engineRunId: string, ports: Ports): Promise<void> {
  const { registry } = run.value;
  const engineRun = await ports.engine.run(registry, engineRunId);
  if (!engineRun) return missing(run, ports);
  if (isEnded(engineRun.status)) return finish(run.value, engineRun, ports);
  if (isOverdue(run.value, engineRun, ports)) return overdue(run.value, ports);
  // The first call to cancel may have been lost, or come before the engine could hear it.
  if (run.value.cancelRequested) await ports.engine.cancel(registry, engineRunId);
  await again(run, engineRun.status, ports);
}

async function followLater(run: Stored<Run>, error: unknown, ports: Ports): Promise<void> {
  const { registry, runId } = run.value;
  ports.log(isTransient(error) ? 'warning' : 'error', `run ${runId}: ${messageOf(error)}`, {
    registry,
    runId,
  });
  try {
    if (isTransient(error)) {
      if (isOverdue(run.value, undefined, ports)) return await overdue(run.value, ports);
      const { missing } = run.value;
      return await again(run, run.value.status, ports, error.retryAfter, missing && { missing });
    }
    const now = ports.clock.now();
    const trouble = moreTrouble(run.value, now);
    const pause = pauseAfter(error, trouble, now);
    if (pause !== undefined) return await again(run, run.value.status, ports, pause, { trouble });
    await endRun(registry, runId, givenUp(error), ports);
  } catch (conflict) {
    if (!(conflict instanceof ConflictError)) throw conflict;
    await ports.queue.ringFollow({ registry, runId, at: run.value.followAt! }, 1);
  }
}

async function finish(run: Run, engineRun: EngineRun, ports: Ports): Promise<void> {
  const { registry, runId } = run;
  const times = {
    ...(engineRun.startTime && { startTime: engineRun.startTime }),
    ...(engineRun.finishTime && { finishTime: engineRun.finishTime }),
  };
  if (engineRun.status === 'Succeeded' && !run.cancelRequested) {
    const ending = await finishBuild(run, engineRun, ports);
    await endRun(registry, runId, { ...times, ...ending }, ports);
    return;
  }
  const runErrorMessage = engineRun.runErrorMessage ?? `The run engine ended the run as ${engineRun.status}.`;
  const status = run.cancelRequested ? 'Canceled' : engineRun.status;
  await endRun(
    registry,
    runId,
    {
      ...times,
      status,
      ...(status !== 'Canceled' && { runErrorMessage }),
      // What was pushed before the cancel came is told to who stands on it by the registry's own event.
      ...(engineRun.outputImages.length > 0 && { outputImages: engineRun.outputImages }),
    },
    ports,
  );
}

async function missing(run: Stored<Run>, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const before = run.value.missing;
  const missing = { since: before?.since ?? now.toISOString(), count: (before?.count ?? 0) + 1 };
  const isLost =
    missing.count >= lostAfterAnswers && now.getTime() - Date.parse(missing.since) >= lostAfterSeconds * 1000;
  if (isLost) return lost(run.value, ports);
  await again(run, run.value.status, ports, askAgainSeconds, { missing });
}

async function lost(run: Run, ports: Ports): Promise<void> {
  const runErrorMessage = `The run engine does not know run ${run.engineRunId} of ${run.registry} any more. Run the task again.`;
  const status = run.cancelRequested ? 'Canceled' : 'Error';
  await endRun(run.registry, run.runId, { status, ...(status === 'Error' && { runErrorMessage }) }, ports);
}

/** A run that waits in the engine's own queue has not begun to use its time. */
function isOverdue(run: Run, engineRun: EngineRun | undefined, { clock }: Ports): boolean {
  const seconds = engineRun?.status === 'Queued' ? longestQueueSeconds : run.timeout + graceSeconds;
  const since = engineRun?.startTime ?? run.startTime ?? run.createTime;
  return clock.now().getTime() > Date.parse(since) + seconds * 1000;
}

async function overdue(run: Run, ports: Ports): Promise<void> {
  await ports.engine.cancel(run.registry, run.engineRunId!).catch((error) => {
    ports.log(
      'warning',
      `run ${run.runId} passed its time-out and could not be cancelled: ${error.message}`,
      {
        registry: run.registry,
        runId: run.runId,
      },
    );
  });
  const runErrorMessage = `The run did not end within its time-out of ${run.timeout} s. Give the task a longer one if the build needs it.`;
  await endRun(run.registry, run.runId, { status: 'Timeout', runErrorMessage }, ports);
}

async function again(
  { value, etag }: Stored<Run>,
  status: RunStatus,
  ports: Ports,
  leastDelay = 0,
  counted: Pick<Run, 'trouble' | 'missing'> = {},
): Promise<void> {
  const count = (value.followCount ?? 0) + 1;
  const { trouble: _, missing: __, ...run } = value;
  // The engine's Queued and Started are our Started: the run has left our queue.
  const shown = { ...run, ...counted, status: status === 'Running' ? status : run.status };
  await schedule(shown, etag, Math.max(delayAfter(count), leastDelay), count, ports);
}

/** The row names the one message that counts; the message follows it, and the clock sends another if it is lost. */
async function schedule(run: Run, etag: string, delay: number, count: number, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const at = new Date(now.getTime() + delay * 1000).toISOString();
  const value = { ...run, followAt: at, followCount: count, lastUpdatedTime: now.toISOString() };
  await ports.store.commit(run.registry, [{ put: 'run', value, etag }]);
  await ports.queue.ringFollow({ registry: run.registry, runId: run.runId, at }, delay);
}
