import { isEnded, type Run, type RunStatus } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import type { FollowUp } from '../ports/queue.ts';
import type { EngineRun } from '../ports/runEngine.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { endRun } from './endRun.ts';
import { finishBuild } from './finishBuild.ts';
import { untilUndisturbed } from './retry.ts';
import { isTransient } from './transient.ts';

/** Seconds between two questions to the engine: a trivial build is over in one, an hour's is asked every half minute. */
const delays = [1, 1, 1, 2, 2, 3, 5, 8, 10, 15, 20, 30];
const delayAfter = (count: number) => delays[Math.min(count, delays.length - 1)]!;

/** The engine's own limit may be late by this much before Plinth ends the run itself. */
const graceSeconds = 300;

/** Remembers under which id the engine has the run, and asks it for the first time in a second. */
export async function firstFollow(
  registry: string,
  runId: string,
  engineRunId: string,
  ports: Ports,
): Promise<void> {
  await untilUndisturbed(async () => {
    const run = await ports.store.run(registry, runId);
    if (!run || isEnded(run.value.status)) return;
    await schedule({ ...run.value, engineRunId }, run.etag, delayAfter(0), 0, ports);
    // Somebody cancelled while the engine was being asked and had no id to cancel yet.
    if (run.value.cancelRequested) await ports.engine.cancel(registry, engineRunId);
  });
}

/** Asks the engine how a run goes; ends it, or asks again later. A message that is not the run's newest does nothing. */
export async function followRun({ registry, runId, at }: FollowUp, ports: Ports): Promise<void> {
  const run = await ports.store.run(registry, runId);
  if (!run || isEnded(run.value.status) || run.value.followAt !== at || !run.value.engineRunId) return;
  try {
    const engineRun = await ports.engine.run(registry, run.value.engineRunId);
    if (!engineRun) return await lost(run.value, ports);
    if (isEnded(engineRun.status)) return await finish(run.value, engineRun, ports);
    if (isOverdue(run.value, ports)) return await overdue(run.value, ports);
    await again(run, engineRun.status, ports);
  } catch (error) {
    if (error instanceof ConflictError) return;
    if (!isTransient(error)) throw error;
    ports.log('warning', `run ${runId}: ${error.message}`, { registry, runId });
    if (isOverdue(run.value, ports)) return await overdue(run.value, ports);
    await again(run, run.value.status, ports, error.retryAfter);
  }
}

async function finish(run: Run, engineRun: EngineRun, ports: Ports): Promise<void> {
  const { registry, runId } = run;
  const times = {
    ...(engineRun.startTime && { startTime: engineRun.startTime }),
    ...(engineRun.finishTime && { finishTime: engineRun.finishTime }),
  };
  if (engineRun.status === 'Succeeded') {
    const ending = await finishBuild(run, engineRun, ports);
    await endRun(registry, runId, { ...times, ...ending }, ports);
    return;
  }
  const runErrorMessage = engineRun.runErrorMessage ?? `The run engine ended the run as ${engineRun.status}.`;
  const status = run.cancelRequested ? 'Canceled' : engineRun.status;
  await endRun(
    registry,
    runId,
    { ...times, status, ...(status !== 'Canceled' && { runErrorMessage }) },
    ports,
  );
}

async function lost(run: Run, ports: Ports): Promise<void> {
  const runErrorMessage = `The run engine does not know run ${run.engineRunId} of ${run.registry} any more. Run the task again.`;
  const status = run.cancelRequested ? 'Canceled' : 'Error';
  await endRun(run.registry, run.runId, { status, ...(status === 'Error' && { runErrorMessage }) }, ports);
}

function isOverdue(run: Run, { clock }: Ports): boolean {
  const limit = (run.timeout + graceSeconds) * 1000;
  return clock.now().getTime() > Date.parse(run.startTime ?? run.createTime) + limit;
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

async function again(run: Stored<Run>, status: RunStatus, ports: Ports, retryAfter = 0): Promise<void> {
  const count = (run.value.followCount ?? 0) + 1;
  const delay = Math.max(delayAfter(count), retryAfter);
  // The engine's Queued and Started are our Started: the run has left our queue.
  const shown = status === 'Running' ? 'Running' : run.value.status;
  await schedule({ ...run.value, status: shown }, run.etag, delay, count, ports);
}

/** The row names the one message that counts; the message follows it, and the clock sends another if it is lost. */
async function schedule(run: Run, etag: string, delay: number, count: number, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const at = new Date(now.getTime() + delay * 1000).toISOString();
  const value = { ...run, followAt: at, followCount: count, lastUpdatedTime: now.toISOString() };
  await ports.store.commit(run.registry, [{ put: 'run', value, etag }]);
  await ports.queue.ringFollow({ registry: run.registry, runId: run.runId, at }, delay);
}
