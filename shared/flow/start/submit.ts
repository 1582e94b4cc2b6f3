import { isEnded, type Run } from '../../model/run.ts';
import { engineKeyOf } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildRequest, KeyedBuild } from '../../ports/runEngine.ts';
import { forgetKey } from '../finish/endAtEngine.ts';
import { firstFollow } from '../finish/followRun.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

/** Asks the engine for a claimed run and remembers its answer, then watches. */
export async function submit(run: Run, request: BuildRequest, ports: Ports): Promise<void> {
  const keyed: KeyedBuild = { ...request, key: engineKeyOf(run) };
  const { runId } = await ports.engine.schedule(run.registry, keyed);
  await adopt(run, runId, ports);
}

/** Follows the build that the engine has for a claimed run, where that is still waited for. */
export async function adopt(run: Run, engineRunId: string, ports: Ports): Promise<void> {
  const { registry, runId } = run;
  const kept = await remember(registry, runId, engineRunId, ports).catch(async (error) => {
    // By its key another worker finds it. Without one it would ask again: a build without a row is ended,
    // unless the row names it all the same.
    if (ports.engine.keepsKeys) throw error;
    const row = await ports.store.run(registry, runId).catch(() => undefined);
    if (row && row.value.engineRunId !== engineRunId)
      await ports.engine.cancel(registry, engineRunId).catch(() => {});
    throw error;
  });
  // A run that has ended does not come back for its key.
  if (!kept) await forgetKey(run, ports);
  // It was cancelled, or given to another worker, while the engine was being asked and had no id to cancel yet.
  if (!kept || kept.cancelRequested) await ports.engine.cancel(registry, engineRunId);
}

/** @returns the run where its row names the engine's run; undefined where it is another worker's, or has ended */
function remember(
  registry: string,
  runId: string,
  engineRunId: string,
  ports: Ports,
): Promise<Run | undefined> {
  return retryOnConflict(async () => {
    const run = await ports.store.run(registry, runId);
    if (!run || isEnded(run.value.status)) return undefined;
    if (run.value.engineRunId === undefined) await firstFollow(run, engineRunId, ports);
    else if (run.value.engineRunId !== engineRunId) return undefined;
    // It was written, and only the answer was lost: the message is still to be sent.
    else if (run.value.followAt) await ports.queue.sendFollow({ registry, runId, at: run.value.followAt }, 1);
    return run.value;
  });
}
