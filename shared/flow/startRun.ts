import { DockerfileError } from '../dockerfile.ts';
import { ImageRefError } from '../imageRef.ts';
import { isEnded } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import type { Doorbell } from '../ports/queue.ts';
import { RegistryError } from '../ports/registry.ts';
import { RunEngineError } from '../ports/runEngine.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { ConflictError } from '../ports/store.ts';
import { VaultError } from '../ports/vault.ts';
import { RunValueError } from '../runValues.ts';
import { SourceLocationError } from '../sourceLocation.ts';
import { TaskFileError } from '../taskFile.ts';
import { endRun } from './endRun.ts';
import { postponeStart } from './postpone.ts';
import { BuildFault } from './prepare.ts';
import { resume } from './resume.ts';
import { startQueued } from './startQueued.ts';
import { isTransient } from './transient.ts';
import { RingError } from './waits.ts';

/**
 * Starts one queued run: unless it must wait, its base images are read and pinned, the run is claimed, the engine is
 * asked. A doorbell for a run that has started, waits or has ended does nothing. Whatever fails is tried again, a
 * bounded number of times; it throws only when the store cannot be reached.
 */
export async function startRun({ registry, runId }: Doorbell, ports: Ports): Promise<void> {
  const run = await ports.store.run(registry, runId);
  if (!run || isEnded(run.value.status)) return;
  const own = ports.settings.registries.find(({ name }) => name === registry);
  if (!own) {
    const runErrorMessage = `The registry ${registry} is no longer in the settings.`;
    await endRun(registry, runId, { status: 'Error', runErrorMessage }, ports);
    return;
  }
  try {
    if (run.value.status === 'Queued') await startQueued(run, own, ports);
    else if (run.value.engineRunId === undefined) await resume(run, own, ports);
  } catch (error) {
    if (error instanceof ConflictError) {
      // Another worker was faster, or the run was changed: its row says what is left to do.
      await ports.queue.ringStart([{ registry, runId }], 1);
    } else if (isFault(error) && !isTransient(error)) {
      await endRun(registry, runId, { status: 'Failed', runErrorMessage: error.message }, ports);
    } else await postponeStart(registry, runId, error, ports);
  }
}

/** What a person has to put right. */
const isFault = (error: unknown): error is Error =>
  [
    BuildFault,
    DockerfileError,
    ImageRefError,
    RegistryError,
    RingError,
    RunEngineError,
    RunValueError,
    SourceError,
    SourceLocationError,
    VaultError,
    TaskFileError,
  ].some((kind) => error instanceof kind);
