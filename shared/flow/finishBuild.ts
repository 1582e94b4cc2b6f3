import { parseDependencies } from '../dependencyLog.ts';
import { eventGuid } from '../eventGuid.ts';
import { formatImageRef, type ImageRef, parseImageRef } from '../imageRef.ts';
import { isCanonical, type Pin, type Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { type ImagePlatform, RegistryError, type RegistryImage } from '../ports/registry.ts';
import { type EngineRun, RunEngineError } from '../ports/runEngine.ts';
import { SealError } from '../ports/seal.ts';
import { VaultError } from '../ports/vault.ts';
import { triedBy } from '../transitions.ts';
import type { Ending } from './endRun.ts';
import { keepMade, named } from './keepMade.ts';
import { loginFor } from './logins.ts';
import { onPush } from './onPush.ts';
import { opened as openedTask } from './opened.ts';
import { messageOf } from './postpone.ts';
import { withVaultSecrets } from './vaultSecrets.ts';

/**
 * What a build that the engine calls a success comes to. Its image must stand on the layers of the pinned base; then
 * its edges are brought up to date, what it made is told to who stands on it, and the base images are looked at again.
 * Everything here may be done again: the run's last status is written after it.
 */
export async function finishBuild(run: Run, engineRun: EngineRun, ports: Ports): Promise<Ending> {
  const done: Ending = { status: 'Succeeded', outputImages: engineRun.outputImages };
  const own = ports.settings.registries.find(({ name }) => name === run.registry);
  if (run.task === undefined || !own) return done;
  const task = await ports.store.task(run.registry, run.task);
  if (!task) return done;

  let opened: Task;
  try {
    const { properties } = openedTask(task.value, ports);
    const credentials = await withVaultSecrets(properties.credentials, ports);
    opened = { ...task.value, properties: { ...properties, ...(credentials && { credentials }) } };
  } catch (error) {
    const stays = error instanceof SealError || (error instanceof VaultError && !error.transient);
    if (!stays) throw error;
    const runErrorMessage = `The image could not be held against its base images: ${error.message}`;
    return { status: 'Failed', outputImages: engineRun.outputImages, runErrorMessage };
  }
  const pins = run.pins ?? (await pinsFromLog(run, engineRun, ports));
  if (!pins) return { ...done, ...(await asBefore(run, engineRun, opened, own, ports)) };
  const fault = await provePins(run, pins, engineRun, opened, own, ports);
  if (fault && run.pins)
    return { status: 'Failed', outputImages: engineRun.outputImages, runErrorMessage: fault };
  if (!isCanonical(run)) return done;

  if (!run.pins) {
    const bases = pins.map(({ image }) => image);
    await ports.store.changeEdges(
      { registry: run.registry, task: run.task },
      { bases, outputs: [] },
      noEdges,
    );
    await keepMade(run, engineRun, ports);
    // Which digest it was built on is not known: the base moved on the way. Looking again below finds it moved.
    const reading = {
      pins: fault ? pins.map((pin) => ({ ...pin, digest: unproved })) : pins,
      pinnedAt: run.pinnedAt!,
    };
    Object.assign(done, { reading });
  }
  await removeOldEdges(run, pins, ports);
  await tellOutputs(run, engineRun, ports);
  await lookAgain(run, done.reading?.pins ?? pins, opened, own, ports);
  return done;
}

/** What a build made is told to who stands on it, before its run counts as ended: who waits for it finds what it made. */
async function tellOutputs(run: Run, engineRun: EngineRun, ports: Ports): Promise<void> {
  const timestamp = engineRun.finishTime ?? ports.clock.now().toISOString();
  for (const [at, image] of engineRun.outputImages.entries()) {
    const { registry, repository, tag, digest } = image;
    if (!tag || !digest) continue;
    const id = eventGuid(`${run.registry}-${run.runId}-output-${at + 1}`);
    const made = formatImageRef(named({ registry, repository, tag }));
    await onPush({ id, image: made, digest, timestamp }, ports);
  }
}

/**
 * Where nobody says what the image stands on, it is taken to stand on what it did before, in the digests that the run
 * was started for: no edge goes for want of a log.
 */
async function asBefore(
  run: Run,
  engineRun: EngineRun,
  task: Task,
  own: KnownRegistry,
  ports: Ports,
): Promise<Pick<Ending, 'reading'>> {
  ports.log('warning', `run ${run.runId}: its log does not say what it stands on; that stays as it was`, {
    registry: run.registry,
  });
  if (!isCanonical(run)) return {};
  const state = (await ports.store.state(run.registry, run.task!))?.value;
  const bases = state ? (triedBy(run, state) ?? state.bases) : [];
  const pins = bases.map(({ image, type, digest }) => ({ image, type, digest }));
  await keepMade(run, engineRun, ports);
  await tellOutputs(run, engineRun, ports);
  await lookAgain(run, pins, task, own, ports);
  return { reading: { pins, pinnedAt: run.pinnedAt ?? run.createTime } };
}

/** Stands for the digest of a base that an image does not begin with; no image has it. */
const unproved = `sha256:${'0'.repeat(64)}`;

/** ACR prints the dependencies in the last lines of a log. */
const logTail = 65_536;

/** A log may come a little later than the end of its run; the engine's last line in it tells that it is whole. */
const logWithinSeconds = 120;
const lastLine = /^.*Run ID: \S+ was successful after/m;

/**
 * What the engine says the image stands on, where it fetched the context itself.
 * @returns undefined where it does not say
 * @throws RunEngineError while the log may still come
 */
async function pinsFromLog(run: Run, engineRun: EngineRun, ports: Ports): Promise<Pin[] | undefined> {
  let text = '';
  let fault: unknown = new RunEngineError(
    `the log of run ${run.engineRunId} of ${run.registry} is not there yet`,
    { transient: true },
  );
  try {
    text = await endOfLog(run, ports);
  } catch (error) {
    fault = error;
  }
  const pins = parseDependencies(text);
  const passed = ports.clock.now().getTime() - Date.parse(engineRun.finishTime ?? '');
  if (!pins && !lastLine.test(text) && passed < logWithinSeconds * 1000) throw fault;
  return pins;
}

async function endOfLog({ registry, engineRunId }: Run, { engine }: Ports): Promise<string> {
  const log = engineRunId ? await engine.log(registry, engineRunId) : undefined;
  if (!log) return '';
  const bytes = await log.read(Math.max(0, log.length - logTail), log.length);
  return Buffer.from(bytes).toString('utf8');
}

/** A sentence when an image does not stand on its pinned base, undefined when all do or nothing was pushed. */
async function provePins(
  run: Run,
  pins: Pin[],
  engineRun: EngineRun,
  task: Task,
  own: KnownRegistry,
  ports: Ports,
): Promise<string | undefined> {
  for (const { base, output } of provable(run, pins, engineRun)) {
    const fault = await provePin(base, output, task, own, ports);
    if (fault) return fault;
  }
  return undefined;
}

/** The images whose digest is told, each with the base it must stand on: of a multi-step task each its own. */
function provable({ standsOn }: Run, pins: Pin[], { outputImages }: EngineRun) {
  const digested = outputImages.flatMap(({ registry, repository, tag, digest }) =>
    digest === undefined ? [] : [{ ...named({ registry, repository, ...(tag && { tag }) }), digest }],
  );
  if (!standsOn) {
    const base = pins.find(({ type }) => type === 'RunTime');
    return base ? digested.slice(0, 1).map((output) => ({ base, output })) : [];
  }
  return digested.flatMap((output) => {
    const { digest: _, ...tagged } = output;
    const image = formatImageRef(tagged);
    const base = pins.find((pin) => standsOn.some((pair) => pair.image === image && pair.base === pin.image));
    return base ? [{ base, output }] : [];
  });
}

async function provePin(
  base: Pin,
  output: { registry: string; repository: string; digest: string },
  task: Task,
  own: KnownRegistry,
  { registry }: Ports,
): Promise<string | undefined> {
  const imagesOf = (image: ImageRef, like?: ImagePlatform) =>
    registry.imagesOf(image, loginFor(image.registry, own, task.properties.credentials), like);
  const { registry: server, repository } = parseImageRef(base.image);
  const below = { registry: server, repository, digest: base.digest };
  const standsOnBase = async ({ platform, layers }: RegistryImage) => {
    for await (const image of imagesOf(below, platform)) if (beginsWith(layers, image.layers)) return true;
    return false;
  };
  let stands = true;
  try {
    for await (const image of imagesOf(output)) stands &&= await standsOnBase(image);
  } catch (error) {
    // Whoever cannot be reached now is asked again; a missing role or image stays missing.
    if (!(error instanceof RegistryError) || error.transient) throw error;
    return `The image could not be held against its base image ${base.image}@${base.digest}: ${error.message}`;
  }
  if (stands) return undefined;
  return `The image ${output.repository}@${output.digest} does not stand on the layers of ${base.image}@${base.digest}, to which its build was pinned.`;
}

/** Layers are compared by diff_id: compression may differ from registry to registry. */
const beginsWith = (layers: string[], below: string[]) => below.every((layer, at) => layers[at] === layer);

/** The task stands on what this run was pinned to, and no more on what an earlier one was. */
async function removeOldEdges(run: Run, pins: Pin[], { store }: Ports): Promise<void> {
  const state = (await store.state(run.registry, run.task!))?.value;
  const before = state?.built?.pins ?? [];
  const gone = before.map(({ image }) => image).filter((image) => !pins.some((pin) => pin.image === image));
  // What a run that read its digests after this one stands on, is that one's.
  const isNewer = ({ pinnedAt }: { pinnedAt: string }) => pinnedAt > (run.pinnedAt ?? '');
  const newer = new Set(state?.bases.filter(isNewer).map(({ image }) => image));
  const bases = gone.filter((image) => !newer.has(image));
  if (bases.length > 0)
    await store.changeEdges({ registry: run.registry, task: run.task! }, noEdges, { bases, outputs: [] });
}

const noEdges = { bases: [], outputs: [] };

/** A base image that moved while it was built on is as good as pushed now. */
async function lookAgain(run: Run, pins: Pin[], task: Task, own: KnownRegistry, ports: Ports): Promise<void> {
  for (const [at, { image, digest }] of pins.entries()) {
    let now: string | undefined;
    try {
      const reference = parseImageRef(image);
      const login = loginFor(reference.registry, own, task.properties.credentials);
      now = await ports.registry.digestOf(reference, login);
    } catch (error) {
      // The next round looks again.
      ports.log('warning', `run ${run.runId} could not look at ${image} again: ${messageOf(error)}`, {
        registry: run.registry,
      });
    }
    if (!now || now === digest) continue;
    const id = eventGuid(`${run.registry}-${run.runId}-again-${at + 1}`);
    await onPush({ id, image, digest: now, timestamp: ports.clock.now().toISOString() }, ports);
  }
}
