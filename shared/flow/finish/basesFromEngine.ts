import type { Pin, Run } from '../../model/run.ts';
import type { Ports } from '../../ports/ports.ts';
import { type EngineRun, RunEngineError } from '../../ports/runEngine.ts';
import { logWithinSeconds } from '../../rules/timing.ts';

/**
 * The base images that the engine reports, where it fetched the context itself.
 * @returns undefined where its log names none
 * @throws RunEngineError while it may still say so
 */
export async function basesFromEngine(
  { registry, engineRunId }: Run,
  { finishTime }: EngineRun,
  { engine, clock }: Pick<Ports, 'engine' | 'clock'>,
): Promise<Pin[] | undefined> {
  const passed = clock.now().getTime() - Date.parse(finishTime ?? '');
  const isWaitedFor = passed < logWithinSeconds * 1000;
  try {
    const { pins, mayCome } = await engine.bases(registry, engineRunId!);
    if (pins || !mayCome || !isWaitedFor) return pins;
  } catch (error) {
    if (isWaitedFor) throw error;
    return undefined;
  }
  throw new RunEngineError(`the run engine has no base images yet of run ${engineRunId} of ${registry}`, {
    transient: true,
  });
}
