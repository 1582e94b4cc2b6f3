import { isEnded, type Run } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import { firstFollow } from './followRun.ts';
import { untilUndisturbed } from './retry.ts';

/** Asks the engine for a claimed run and remembers its answer, then watches. */
export async function askEngine(
  { registry, runId }: Run,
  request: EngineRequest,
  ports: Ports,
): Promise<void> {
  const { runId: engineRunId } = await ports.engine.schedule(registry, request);
  const kept = await untilUndisturbed(async () => {
    const run = await ports.store.run(registry, runId);
    if (!run || isEnded(run.value.status)) return undefined;
    if (run.value.engineRunId === undefined) await firstFollow(run, engineRunId, ports);
    else if (run.value.engineRunId !== engineRunId) return undefined;
    // It was written, and only the answer was lost: the message is still to be sent.
    else if (run.value.followAt) await ports.queue.ringFollow({ registry, runId, at: run.value.followAt }, 1);
    return run.value;
  });
  // It was cancelled, or given to another worker, while the engine was being asked and had no id to cancel yet.
  if (!kept || kept.cancelRequested) await ports.engine.cancel(registry, engineRunId);
}
