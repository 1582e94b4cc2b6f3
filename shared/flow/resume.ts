import { isCanonical, isEnded, type Run } from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { inputsOf } from '../transitions.ts';
import { askEngine } from './askEngine.ts';
import { claimSeconds } from './claim.ts';
import { endRun } from './endRun.ts';
import { opened, openedRun } from './opened.ts';
import { type Prepared, prepare } from './prepare.ts';
import { endTried, nextTry } from './preparing.ts';
import { quickRequest } from './quickBuild.ts';
import { untilUndisturbed } from './retry.ts';

/**
 * A run that was claimed, but whose worker never told of the engine's answer: once that worker has had its time, the
 * engine is asked again, with the digests that were recorded then. The engine may then build twice what the worker had
 * asked for and not written down; nobody can know.
 * @throws ConflictError when another worker resumes it
 */
export async function resume(run: Stored<Run>, own: KnownRegistry, ports: Ports): Promise<void> {
  const { registry, runId, task: taskName, claimedUntil } = run.value;
  const now = ports.clock.now();
  // The clock rings for it until the engine has it; a message that sent another for later would never end.
  if (claimedUntil !== undefined && Date.parse(claimedUntil) > now.getTime()) return;
  if (run.value.cancelRequested) {
    await endRun(registry, runId, { status: 'Canceled' }, ports);
    return;
  }
  const until = new Date(now.getTime() + claimSeconds * 1000);
  const preparing = nextTry(run.value, crypto.randomUUID(), until);
  if (!preparing) {
    await endTried(registry, runId, ports);
    return;
  }
  const claimed: Run = {
    ...run.value,
    preparing,
    claimedUntil: until.toISOString(),
    lastUpdatedTime: now.toISOString(),
  };
  await ports.store.commit(registry, [{ put: 'run', value: claimed, etag: run.etag }]);
  if (taskName === undefined) return askEngine(claimed, await quickRequest(run.value, own, ports), ports);
  const task = await ports.store.task(registry, taskName);
  if (!task) {
    const runErrorMessage = `The task ${taskName} was deleted.`;
    await endRun(registry, runId, { status: 'Canceled', runErrorMessage }, ports);
    return;
  }
  const prepared = await prepare(opened(task.value, ports), openedRun(run.value, ports), own, ports);
  await askEngine(await withNewPins(claimed, prepared, ports), prepared.request, ports);
}

/** The source may have moved since the run was claimed, and stand on something else: the run says what it is built on. */
async function withNewPins(run: Run, prepared: Prepared, ports: Ports): Promise<Run> {
  const { pins, pinnedAt, commit, branch, notes } = prepared;
  if (!pins || inputsOf(pins) === inputsOf(run.pins ?? [])) return run;
  if (isCanonical(run)) {
    const bases = pins.map(({ image }) => image);
    await ports.store.changeEdges(
      { registry: run.registry, task: run.task! },
      { bases, outputs: [] },
      noEdges,
    );
  }
  return untilUndisturbed(async () => {
    const now = await ports.store.run(run.registry, run.runId);
    if (!now || isEnded(now.value.status) || now.value.engineRunId) throw new ConflictError('it went on');
    const value = {
      ...now.value,
      pins,
      pinnedAt,
      notes,
      ...(commit && { commit }),
      ...(branch && { branch }),
    };
    await ports.store.commit(run.registry, [{ put: 'run', value, etag: now.etag }]);
    return value;
  });
}

const noEdges = { bases: [], outputs: [] };
