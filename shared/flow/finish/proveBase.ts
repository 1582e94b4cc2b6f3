import type { KnownRegistry } from '../../model/registry.ts';
import type { Pin, Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import { without } from '../../model/without.ts';
import { formatImageRef, type ImageRef, parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import { type ImagePlatform, RegistryError, type RegistryImage } from '../../ports/registry.ts';
import type { EngineRun } from '../../ports/runEngine.ts';
import { replicaAgainSeconds, replicaLagMs } from '../../rules/timing.ts';
import { loginFor } from '../secrets/registryLogin.ts';
import { named } from './keepOutputs.ts';

/** A build that the engine calls a success, and the task it is of, its secrets in the clear. */
export interface FinishedBuild {
  run: Run;
  engineRun: EngineRun;
  task: Task;
  knownRegistry: KnownRegistry;
}

type Flow = Pick<Ports, 'registry' | 'store' | 'clock'>;

/**
 * A sentence when an image is not built on its pinned base, undefined when all are or nothing was pushed.
 * @throws RegistryError where a registry does not answer, or a replica of it may not have an image yet
 */
export async function proveBases(
  build: FinishedBuild,
  pins: Pin[],
  ports: Flow,
): Promise<string | undefined> {
  for (const { base, output } of provable(build.run, pins, build.engineRun)) {
    const fault = await proveBase(base, output, build, ports);
    if (fault) return fault;
  }
  return undefined;
}

/** The images with a known digest, each with the base it must be built on: of a multi-step task each its own. */
function provable({ standsOn }: Run, pins: Pin[], { outputImages }: EngineRun) {
  const digested = outputImages.flatMap(({ registry, repository, tag, digest }) =>
    digest === undefined ? [] : [{ ...named({ registry, repository, ...(tag && { tag }) }), digest }],
  );
  if (!standsOn) {
    const base = pins.find(({ type }) => type === 'RunTime');
    return base ? digested.slice(0, 1).map((output) => ({ base, output })) : [];
  }
  return digested.flatMap((output) => {
    const image = formatImageRef(without(output, 'digest'));
    const base = pins.find((pin) => standsOn.some((pair) => pair.image === image && pair.base === pin.image));
    return base ? [{ base, output }] : [];
  });
}

async function proveBase(
  base: Pin,
  output: ImageRef & { digest: string },
  build: FinishedBuild,
  ports: Flow,
): Promise<string | undefined> {
  const { task, knownRegistry } = build;
  const { registry } = ports;
  const imagesOf = (image: ImageRef, like?: ImagePlatform) =>
    registry.imagesOf(image, loginFor(image.registry, knownRegistry, task.properties.credentials), like);
  const { registry: server, repository } = parseImageRef(base.image);
  const below = { registry: server, repository, digest: base.digest };
  const made = { image: formatImageRef(without(output, 'digest')), digest: output.digest };
  let asked: Asked = made;
  const standsOnBase = async ({ platform, layers }: RegistryImage) => {
    asked = base;
    const stands = await some(imagesOf(below, platform), (image) => beginsWith(layers, image.layers));
    asked = made;
    return stands;
  };
  let stands = true;
  try {
    for await (const image of imagesOf(output)) stands &&= await standsOnBase(image);
  } catch (error) {
    // A registry that cannot be reached is tried again; a missing role stays missing, and so does an image that is old.
    if (!(error instanceof RegistryError) || error.transient) throw error;
    if (error.code === 'NotFound' && (await mayCome(asked, build, ports))) throw notYet(error);
    return `The image could not be held against its base image ${base.image}@${base.digest}: ${error.message}`;
  }
  if (stands) return undefined;
  return `The image ${output.repository}@${output.digest} does not begin with the layers of ${base.image}@${base.digest}, to which its build was pinned.`;
}

async function some<T>(items: AsyncIterable<T>, is: (item: T) => boolean): Promise<boolean> {
  for await (const item of items) if (is(item)) return true;
  return false;
}

type Asked = Pick<Pin, 'image' | 'digest'>;

/**
 * Whether a replica may not have an image yet: what the build made, or the base image that it was pinned to. One that a
 * newer digest of its tag has followed may have been deleted, as a retention policy does with what no tag stands for;
 * its run does not hold its place for that.
 */
async function mayCome({ image, digest }: Asked, { run, engineRun }: FinishedBuild, { store, clock }: Flow) {
  const seen = (await store.sightings(image))?.value.digests;
  const known = seen?.find((one) => one.digest === digest);
  if (known && known !== seen?.at(-1)) return false;
  const isMade = engineRun.outputImages.some((output) => output.digest === digest);
  const made = engineRun.finishTime ?? run.startTime ?? run.createTime;
  const since = known?.since ?? (isMade ? made : undefined);
  return since !== undefined && clock.now().getTime() - Date.parse(since) < replicaLagMs;
}

const notYet = (cause: RegistryError) =>
  new RegistryError('Unreachable', `${cause.message}. A replica of the registry may not have it yet.`, {
    cause,
    retryAfter: replicaAgainSeconds,
  });

/** Layers are compared by diff_id: compression may differ from registry to registry. */
const beginsWith = (layers: string[], below: string[]) => below.every((layer, at) => layers[at] === layer);
