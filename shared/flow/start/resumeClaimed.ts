import { platformText } from '../../model/platform.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import { buildsTaskAsDefined, isEnded, type Pin, type Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import { engineKeyOf } from '../../names/runId.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, noEdges, type Stored } from '../../ports/store.ts';
import { hasQuarantines, isQuarantined } from '../../rules/bases/admission.ts';
import { inputsOf } from '../../rules/taskState.ts';
import { claimSeconds } from '../../rules/timing.ts';
import { endAtEngine, forgetKey } from '../finish/endAtEngine.ts';
import { endDeleted } from '../finish/endRun.ts';
import type { Prepared } from '../prepare/prepare.ts';
import { termsNow } from '../push/see.ts';
import { retryOnConflict } from '../retryOnConflict.ts';
import { subjectOf } from '../subject.ts';
import { startBeat } from './beat.ts';
import { endTried, nextTry } from './hold.ts';
import { prepareRun } from './prepareRun.ts';
import { adopt, submit } from './submit.ts';

/**
 * A run that was claimed, but whose worker never told of the engine's answer. Once that worker has had its time, the
 * build that it may have started is looked for by the run's key and followed. Where there is none, the engine is asked
 * again, with the digests that were recorded then but for what was quarantined since; an engine that keeps no keys may so
 * build twice.
 * @throws ConflictError when another worker resumes it
 */
export async function resumeClaimed(
  run: Stored<Run>,
  knownRegistry: KnownRegistry,
  ports: Ports,
): Promise<void> {
  const { registry, runId, claimedUntil } = run.value;
  // The clock sends messages for it until the engine has it; a message that sent another for later would never end.
  if (claimedUntil !== undefined && Date.parse(claimedUntil) > ports.clock.now().getTime()) return;
  // Several workers may find the same build: what they write of it is the same.
  const found = await ports.engine.find(registry, engineKeyOf(run.value));
  if (found) return adopt(run.value, found.runId, ports);
  // The engine may not show yet what it has taken: a run that ends here is forgotten there.
  if (run.value.cancelRequested) {
    await endAtEngine(run.value, { status: 'Canceled' }, ports);
    return;
  }
  const now = ports.clock.now();
  const until = new Date(now.getTime() + claimSeconds * 1000);
  const preparing = nextTry(run.value, crypto.randomUUID(), until);
  if (!preparing) {
    await forgetKey(run.value, ports);
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
  const subject = await subjectOf(run.value, ports);
  if (!subject) {
    await forgetKey(run.value, ports);
    return endDeleted(run.value, ports);
  }
  const { request, tracked } = await stillClaimed(claimed, ports, async () =>
    prepareRun(subject.task, await withoutBad(run.value, subject.task, ports), knownRegistry, ports),
  );
  await submit(tracked ? await withNewPins(claimed, tracked, ports) : claimed, request, ports);
}

/** Without what was quarantined since it was claimed: in its place the newest digest that may be built on is read. */
async function withoutBad(run: Run, task: Task | undefined, ports: Ports): Promise<Run> {
  const terms = await termsNow(ports);
  if (!run.pins || !hasQuarantines(terms)) return run;
  const pins: Pin[] = [];
  for (const pin of run.pins) {
    const seen = (await ports.store.sightings(pin.image))?.value;
    const known = seen && { seen, ...(task && { platform: platformText(task.properties.platform) }) };
    if (!isQuarantined(pin.digest, terms, known)) pins.push(pin);
  }
  return { ...run, pins };
}

/**
 * Prepares the run once more, which may take longer than a claim lasts: the claim is renewed meanwhile, so that no
 * other worker asks the engine too.
 */
async function stillClaimed<T>(run: Run, ports: Ports, work: () => Promise<T>): Promise<T> {
  const { registry, runId } = run;
  const rest = startBeat(
    () => renew(run, ports),
    (error) => ports.log('warning', `run ${runId}: ${error.message}`, { registry, runId }),
  );
  try {
    return await work();
  } finally {
    await rest();
  }
}

/** Moves the end of the claim. @returns whether it still is this worker's */
const renew = ({ registry, runId, preparing }: Run, { store, clock }: Ports) =>
  retryOnConflict(async () => {
    const now = await store.run(registry, runId);
    if (!now || now.value.preparing?.by !== preparing?.by || now.value.engineRunId) return false;
    const claimedUntil = new Date(clock.now().getTime() + claimSeconds * 1000).toISOString();
    await store.commit(registry, [{ put: 'run', value: { ...now.value, claimedUntil }, etag: now.etag }]);
    return true;
  });

/**
 * The source may have moved since the run was claimed, to other base images: the run's row holds those it is built
 * on.
 */
async function withNewPins(run: Run, prepared: Prepared, ports: Ports): Promise<Run> {
  const { pins, pinnedAt, commit, branch, notes } = prepared;
  if (!pins || inputsOf(pins) === inputsOf(run.pins ?? [])) return run;
  if (buildsTaskAsDefined(run)) {
    const bases = pins.map(({ image }) => image);
    await ports.store.changeEdges(
      { registry: run.registry, task: run.task! },
      { bases, outputs: [] },
      noEdges,
    );
  }
  return retryOnConflict(async () => {
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
