import { isEnded, type Run, type RunStatus } from '../../model/run.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import type { FollowMessage } from '../../ports/queue.ts';
import type { EngineRun } from '../../ports/runEngine.ts';
import { ConflictError, type Stored } from '../../ports/store.ts';
import {
  askAgainSeconds,
  engineQueueSeconds,
  followAfter,
  graceSeconds,
  longestPauseSeconds,
  lostAfterAnswers,
  lostAfterSeconds,
  maxPreparations,
} from '../../rules/timing.ts';
import { givenUp, messageOf, moreTrouble, pauseAfter } from '../start/postpone.ts';
import { isTransient, loudness } from '../transient.ts';
import { endAtEngine } from './endAtEngine.ts';
import type { Ending } from './endRun.ts';
import { finishBuild } from './finishBuild.ts';

/**
 * Stores the engine's id of the run, and asks for its status the first time in a second.
 * @throws ConflictError
 */
export async function firstFollow(run: Stored<Run>, engineRunId: string, ports: Ports): Promise<void> {
  const value = without(run.value, 'claimedUntil', 'trouble', 'preparing');
  await schedule({ ...value, engineRunId }, run.etag, { delay: followAfter(0), count: 0 }, ports);
}

/**
 * Asks the engine how a run goes; ends it, or asks again later. A message that is not the run's newest does nothing.
 * Whatever fails is tried again, a bounded number of times; it throws only when the store cannot be reached.
 */
export async function followRun({ registry, runId, at }: FollowMessage, ports: Ports): Promise<void> {
  const run = await ports.store.run(registry, runId);
  if (!run || isEnded(run.value.status) || run.value.followAt !== at || !run.value.engineRunId) return;
  try {
    await follow(run, run.value.engineRunId, ports);
  } catch (error) {
    // The row was changed, by a cancel or by another worker: if its newest message is still this one, it goes on.
    if (error instanceof ConflictError) return ports.queue.sendFollow({ registry, runId, at }, 1);
    await followLater(run, error, ports);
  }
}

async function follow(run: Stored<Run>, engineRunId: string, ports: Ports): Promise<void> {
  const { registry } = run.value;
  const engineRun = await ports.engine.run(registry, engineRunId);
  if (!engineRun) return missing(run, ports);
  if (isEnded(engineRun.status)) return finish(run, engineRun, ports);
  if (isOverdue(run.value, engineRun, ports)) return overdue(run.value, ports);
  // The first call to cancel may have been lost, or come before the engine had the run.
  if (run.value.cancelRequested) await ports.engine.cancel(registry, engineRunId);
  await again(run, engineRun.status, ports);
}

async function followLater(run: Stored<Run>, error: unknown, ports: Ports): Promise<void> {
  const { registry, runId } = run.value;
  ports.log(loudness(error), `run ${runId}: ${messageOf(error)}`, {
    registry,
    runId,
  });
  try {
    if (isTransient(error)) {
      if (isOverdue(run.value, undefined, ports)) return await overdue(run.value, ports);
      const { missing } = run.value;
      return await again(run, run.value.status, ports, {
        ...(error.retryAfter && { leastDelay: Math.min(error.retryAfter, longestPauseSeconds) }),
        ...(missing && { missing }),
      });
    }
    const now = ports.clock.now();
    const trouble = moreTrouble(run.value, now);
    const pause = pauseAfter(error, trouble, now);
    if (pause !== undefined) return await again(run, run.value.status, ports, { leastDelay: pause, trouble });
    await endAtEngine(run.value, givenUp(error), ports);
  } catch (conflict) {
    if (!(conflict instanceof ConflictError)) throw conflict;
    await ports.queue.sendFollow({ registry, runId, at: run.value.followAt! }, 1);
  }
}

async function finish({ value: run, etag }: Stored<Run>, engineRun: EngineRun, ports: Ports): Promise<void> {
  const times = {
    ...(engineRun.startTime && { startTime: engineRun.startTime }),
    ...(engineRun.finishTime && { finishTime: engineRun.finishTime }),
  };
  if (engineRun.status === 'Succeeded' && !run.cancelRequested) {
    const ending = await finishCounted({ value: run, etag }, engineRun, ports);
    if (ending) await endAtEngine(run, { ...times, ...ending }, ports);
    return;
  }
  const runErrorMessage = engineRun.runErrorMessage ?? `The run engine ended the run as ${engineRun.status}.`;
  const status = run.cancelRequested ? 'Canceled' : engineRun.status;
  await endAtEngine(
    run,
    {
      ...times,
      status,
      ...(status !== 'Canceled' && { runErrorMessage }),
      // Images that were pushed before the cancel reach their dependents by the registry's own event.
      ...(engineRun.outputImages.length > 0 && { outputImages: engineRun.outputImages }),
    },
    ports,
  );
}

/**
 * What a build that succeeded comes to. It reads images and logs of others, of which a process may die: the try is on
 * the row before, and taken off where it ends otherwise.
 * @returns undefined where it is tried again later
 */
async function finishCounted(
  { value, etag }: Stored<Run>,
  engineRun: EngineRun,
  ports: Ports,
): Promise<Ending | undefined> {
  const { finishTries = 0, ...run } = value;
  const { registry, runId } = run;
  if (finishTries >= maxPreparations) {
    const runErrorMessage = `The app ended ${maxPreparations} times while it read the images and the log of run ${run.engineRunId}, which the run engine has built. Run the task again; if that comes to the same, look at the size of the image's manifest and of the log.`;
    return { status: 'Error', runErrorMessage };
  }
  await ports.store.commit(registry, [{ put: 'run', value: { ...run, finishTries: finishTries + 1 }, etag }]);
  try {
    return await finishBuild(run, engineRun, ports);
  } catch (error) {
    const now = await ports.store.run(registry, runId);
    if (!now || now.value.followAt !== run.followAt) throw error;
    const untried = { value: without(now.value, 'finishTries'), etag: now.etag };
    if (error instanceof ConflictError) {
      await ports.store.commit(registry, [{ put: 'run', ...untried }]);
      throw error;
    }
    await followLater(untried, error, ports);
    return undefined;
  }
}

async function missing(run: Stored<Run>, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const before = run.value.missing;
  const missing = { since: before?.since ?? now.toISOString(), count: (before?.count ?? 0) + 1 };
  const isLost =
    missing.count >= lostAfterAnswers && now.getTime() - Date.parse(missing.since) >= lostAfterSeconds * 1000;
  if (isLost) return lost(run.value, ports);
  await again(run, run.value.status, ports, { leastDelay: askAgainSeconds, missing });
}

async function lost(run: Run, ports: Ports): Promise<void> {
  const runErrorMessage = `The run engine no longer has run ${run.engineRunId} of ${run.registry}. Run the task again.`;
  const status = run.cancelRequested ? 'Canceled' : 'Error';
  await endAtEngine(run, { status, ...(status === 'Error' && { runErrorMessage }) }, ports);
}

/** A run that waits in the engine's own queue has not begun to use its time. */
function isOverdue(run: Run, engineRun: EngineRun | undefined, { clock }: Ports): boolean {
  const seconds = engineRun?.status === 'Queued' ? engineQueueSeconds : run.timeout + graceSeconds;
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
  await endAtEngine(run, { status: 'Timeout', runErrorMessage }, ports);
}

async function again(
  { value, etag }: Stored<Run>,
  status: RunStatus,
  ports: Ports,
  { leastDelay = 0, ...counted }: { leastDelay?: number } & Pick<Run, 'trouble' | 'missing'> = {},
): Promise<void> {
  const count = (value.followCount ?? 0) + 1;
  const run = without(value, 'trouble', 'missing');
  // The engine's Queued and Started are both Started here: the run has left Plinth's queue.
  const shown = { ...run, ...counted, status: status === 'Running' ? status : run.status };
  const age = (ports.clock.now().getTime() - Date.parse(run.startTime ?? run.createTime)) / 1000;
  const pause = followAfter(count, {
    age,
    expected: run.expectedSeconds,
    atOnce: ports.settings.runsPerRegistry,
  });
  await schedule(shown, etag, { delay: Math.max(pause, leastDelay), count }, ports);
}

/** The row names the one message that counts; the message follows it, and the clock sends another if it is lost. */
async function schedule(
  run: Run,
  etag: string,
  { delay, count }: { delay: number; count: number },
  ports: Ports,
): Promise<void> {
  const now = ports.clock.now();
  const at = new Date(now.getTime() + delay * 1000).toISOString();
  const value = { ...run, followAt: at, followCount: count, lastUpdatedTime: now.toISOString() };
  await ports.store.commit(run.registry, [{ put: 'run', value, etag }]);
  await ports.queue.sendFollow({ registry: run.registry, runId: run.runId, at }, delay);
}
