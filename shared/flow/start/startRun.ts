import { isEnded, type Run } from '../../model/run.ts';
import type { Ports } from '../../ports/ports.ts';
import type { StartMessage } from '../../ports/queue.ts';
import { ConflictError, type Stored, UnreadableError } from '../../ports/store.ts';
import { forgetKey } from '../finish/endAtEngine.ts';
import { endRun } from '../finish/endRun.ts';
import { dropGhost, skipUnreadable } from '../queue/ghosts.ts';
import { callNext } from '../queue/nextInQueue.ts';
import { isFault } from '../transient.ts';
import { postponeStart } from './postpone.ts';
import { resumeClaimed } from './resumeClaimed.ts';
import { startQueued } from './startQueued.ts';

/**
 * Starts one queued run: unless it must wait, its base images are read and pinned, the run is claimed, the engine is
 * asked. A message for a run that has started, waits or has ended does nothing. Whatever fails is tried again, a
 * bounded number of times; it throws only when the store cannot be reached.
 */
export async function startRun({ registry, runId }: StartMessage, ports: Ports): Promise<void> {
  const run = await readable(registry, runId, ports);
  if (!run) return;
  // It may have been called as it ended: another has that slot now.
  if (isEnded(run.value.status)) return callNext(registry, ports, runId);
  const knownRegistry = ports.settings.registries.find(({ name }) => name === registry);
  if (!knownRegistry) {
    const runErrorMessage = `The registry ${registry} is no longer in the settings.`;
    await endRun(registry, runId, { status: 'Error', runErrorMessage }, ports);
    return;
  }
  try {
    if (run.value.status === 'Queued') await startQueued(run, knownRegistry, ports);
    else if (run.value.engineRunId === undefined) await resumeClaimed(run, knownRegistry, ports);
  } catch (error) {
    if (error instanceof ConflictError) {
      // Another worker was faster, or the run was changed: its row holds what is left to do.
      await ports.queue.sendStart([{ registry, runId }], 1);
    } else if (isFault(error)) {
      // A build that was asked for before may be there all the same.
      if (run.value.status !== 'Queued') await forgetKey(run.value, ports);
      await endRun(registry, runId, { status: 'Failed', runErrorMessage: error.message }, ports);
    } else await postponeStart(registry, runId, error, ports);
  }
}

/** The run of a start message; one that is gone or cannot be read holds up nothing else. */
async function readable(registry: string, runId: string, ports: Ports): Promise<Stored<Run> | undefined> {
  try {
    const run = await ports.store.run(registry, runId);
    if (!run) await dropGhost(registry, runId, ports);
    return run;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    ports.log('error', `run ${runId} is left out: ${error.message}`, { registry, runId });
    await skipUnreadable(registry, runId, ports);
    return undefined;
  }
}
