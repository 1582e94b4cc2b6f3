import type { Run } from '../../model/run.ts';
import { engineKeyOf } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Ending, endRun } from './endRun.ts';

/**
 * Ends a run that the engine has had, or may have. What the engine keeps under the run's key goes before, as nothing
 * looks for it afterwards; the run is known by the engine's own id meanwhile.
 */
export async function endAtEngine(run: Run, ending: Ending, ports: Ports): Promise<void> {
  await forgetKey(run, ports);
  await endRun(run.registry, run.runId, ending, ports);
}

/** Removes what the engine keeps under a run's key, secrets of its request among it; a failure holds up nothing. */
export async function forgetKey(run: Run, { engine, log }: Pick<Ports, 'engine' | 'log'>): Promise<void> {
  const { registry, runId } = run;
  const key = engineKeyOf(run);
  await engine.forget(registry, key).catch((error: Error) => {
    log('warning', `run ${runId}: ${key} stays at the run engine: ${error.message}`, { registry, runId });
  });
}
