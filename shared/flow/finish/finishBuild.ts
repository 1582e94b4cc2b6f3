import { buildsTaskAsDefined, type Pin, type Run, unknownDigest } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import { eventGuid } from '../../names/eventGuid.ts';
import { formatImageRef, parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import type { EngineRun } from '../../ports/runEngine.ts';
import { SealError } from '../../ports/seal.ts';
import { noEdges } from '../../ports/store.ts';
import { VaultError } from '../../ports/vault.ts';
import { triedBy } from '../../rules/taskState.ts';
import { onPush } from '../push/onPush.ts';
import { withVaultSecrets } from '../secrets/readVaultSecrets.ts';
import { loginFor } from '../secrets/registryLogin.ts';
import { unsealTask } from '../secrets/sealedSecrets.ts';
import { messageOf } from '../start/postpone.ts';
import { subjectOf } from '../subject.ts';
import { basesFromEngine } from './basesFromEngine.ts';
import type { Ending } from './endRun.ts';
import { keepOutputs, named } from './keepOutputs.ts';
import { type FinishedBuild, proveBases } from './proveBase.ts';

/**
 * Finishes a build that succeeded in the engine. Its image must begin with the layers of the pinned base; then its
 * edges are brought up to date, the dependents of its images are notified, and the base images are looked at again.
 * Idempotent: the run's last status is written after it.
 */
export async function finishBuild(run: Run, engineRun: EngineRun, ports: Ports): Promise<Ending> {
  const done = { status: 'Succeeded', outputImages: engineRun.outputImages } as const;
  const knownRegistry = ports.settings.registries.find(({ name }) => name === run.registry);
  const task = knownRegistry && (await subjectOf(run, ports))?.task;
  if (!task) return done;

  let opened: Task;
  try {
    const { properties } = unsealTask(task, ports);
    const credentials = await withVaultSecrets(properties.credentials, ports);
    opened = { ...task, properties: { ...properties, ...(credentials && { credentials }) } };
  } catch (error) {
    const stays = error instanceof SealError || (error instanceof VaultError && !error.transient);
    if (!stays) throw error;
    const runErrorMessage = `The image could not be held against its base images: ${error.message}`;
    return { status: 'Failed', outputImages: engineRun.outputImages, runErrorMessage };
  }
  const pins = run.pins ?? (await basesFromEngine(run, engineRun, ports));
  const made: FinishedBuild = { run, engineRun, task: opened, knownRegistry };
  if (!pins) return { ...done, ...(await asBefore(made, ports)) };
  const fault = await proveBases(made, pins, ports);
  if (fault && run.pins)
    return { status: 'Failed', outputImages: engineRun.outputImages, runErrorMessage: fault };
  if (!buildsTaskAsDefined(run)) return done;

  // Which digest it was built on is not known: the base moved on the way. Looking again below finds it moved.
  const proved = fault ? pins.map((pin) => ({ ...pin, digest: unknownDigest })) : pins;
  if (!run.pins) await keepRead(run, pins, engineRun, ports);
  await removeOldEdges(run, pins, ports);
  await tellOutputs(run, engineRun, ports);
  await lookAgain(made, proved, ports);
  return run.pins ? done : { ...done, reading: { pins: proved, pinnedAt: run.pinnedAt! } };
}

/** Stores the base images and outputs that were read from the log. */
async function keepRead(run: Run, pins: Pin[], engineRun: EngineRun, ports: Ports): Promise<void> {
  const bases = pins.map(({ image }) => image);
  const key = { registry: run.registry, task: run.task! };
  await ports.store.changeEdges(key, { bases, outputs: [] }, noEdges);
  await keepOutputs(run, engineRun, ports);
}

/** Notifies the dependents of what a build made. Before its run ends, so that runs that wait for it find its images. */
async function tellOutputs(run: Run, engineRun: EngineRun, ports: Ports): Promise<void> {
  const timestamp = engineRun.finishTime ?? ports.clock.now().toISOString();
  for (const [at, image] of engineRun.outputImages.entries()) {
    const { registry, repository, tag, digest } = image;
    if (!tag || !digest) continue;
    const id = eventGuid(`${run.registry}-${run.runId}-output-${at + 1}`);
    const made = formatImageRef(named({ registry, repository, tag }));
    // Read, as the registry's own event has the time of the push, which came before the end of the build.
    await onPush({ id, image: made, digest, timestamp }, ports, 'read');
  }
}

/**
 * Where the base images of a build are not known, those of the run before are kept, in the digests that the run was
 * started for: no edge is removed for want of a log.
 */
async function asBefore(made: FinishedBuild, ports: Ports): Promise<Pick<Ending, 'reading'>> {
  const { run, engineRun } = made;
  ports.log(
    'warning',
    `run ${run.runId}: its log does not name its base images; those of the run before are kept`,
    {
      registry: run.registry,
    },
  );
  if (!buildsTaskAsDefined(run)) return {};
  const state = (await ports.store.state(run.registry, run.task!))?.value;
  const bases = state ? (triedBy(run, state) ?? state.bases) : [];
  const pins = bases.map(({ image, type, digest }) => ({ image, type, digest }));
  await keepOutputs(run, engineRun, ports);
  await tellOutputs(run, engineRun, ports);
  await lookAgain(made, pins, ports);
  return { reading: { pins, pinnedAt: run.pinnedAt ?? run.createTime } };
}

/** Replaces the base images of the task by those that this run was pinned to. */
async function removeOldEdges(run: Run, pins: Pin[], { store }: Ports): Promise<void> {
  const state = (await store.state(run.registry, run.task!))?.value;
  const before = state?.built?.pins ?? [];
  const gone = before.map(({ image }) => image).filter((image) => !pins.some((pin) => pin.image === image));
  // A run that read its digests later has written its own base images already.
  const isNewer = ({ pinnedAt }: { pinnedAt: string }) => pinnedAt > (run.pinnedAt ?? '');
  const newer = new Set(state?.bases.filter(isNewer).map(({ image }) => image));
  const bases = gone.filter((image) => !newer.has(image));
  if (bases.length > 0)
    await store.changeEdges({ registry: run.registry, task: run.task! }, noEdges, { bases, outputs: [] });
}

/** A base image that moved while it was built on is as good as pushed now. */
async function lookAgain(
  { run, task, knownRegistry }: FinishedBuild,
  pins: Pin[],
  ports: Ports,
): Promise<void> {
  for (const [at, { image, digest }] of pins.entries()) {
    let now: string | undefined;
    const timestamp = ports.clock.now().toISOString();
    try {
      const reference = parseImageRef(image);
      const login = loginFor(reference.registry, knownRegistry, task.properties.credentials);
      now = await ports.registry.digestOf(reference, login);
    } catch (error) {
      // The next round looks again.
      ports.log('warning', `run ${run.runId} could not look at ${image} again: ${messageOf(error)}`, {
        registry: run.registry,
      });
    }
    if (!now || now === digest) continue;
    const id = eventGuid(`${run.registry}-${run.runId}-again-${at + 1}`);
    await onPush({ id, image, digest: now, timestamp }, ports, 'read');
  }
}
