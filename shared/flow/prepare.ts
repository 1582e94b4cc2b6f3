import { findBaseImages, frontendWarning, pinBaseImages } from '../dockerfile.ts';
import { formatImageRef, parseImageRef } from '../imageRef.ts';
import type { Pin, Run } from '../model/run.ts';
import type { Platform, Task } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import { type FetchedSource, SourceError } from '../ports/sourceContext.ts';
import { differsEachRun } from '../runValues.ts';
import { parseSourceLocation } from '../sourceLocation.ts';
import { enginePasswords, loginFor } from './logins.ts';
import { taskBuild } from './taskBuild.ts';

/** A run as it can be given to the engine. */
export interface Prepared {
  request: EngineRequest;
  /** Every base image by tag and the digest it is pinned to; undefined where the engine fetches the source itself. */
  pins: Pin[] | undefined;
  pinnedAt: string;
  commit?: string;
  branch?: string;
  notes: string[];
  /** What the task makes that others can stand on: normalised references. */
  outputs: string[];
}

/** The run cannot be built as it is; the message tells a person what to do. Another try would end the same. */
export class BuildFault extends Error {
  override name = 'BuildFault';
}

/**
 * Fetches the source, finds the base images, reads their digests and uploads the context pinned to them. Changes
 * nothing but the engine's upload area, so it may be done again.
 * @param task with its secrets in the clear
 * @throws BuildFault SourceError DockerfileError RegistryError RunEngineError RunValueError
 */
export async function prepare(task: Task, run: Run, own: KnownRegistry, ports: Ports): Promise<Prepared> {
  const contextPath = run.overrides?.contextPath ?? task.properties.step.contextPath ?? '/dev/null';
  const location = parseSourceLocation(contextPath);
  if (location.kind === 'none')
    throw new BuildFault(`${task.name} has no context; a Dockerfile is read from one.`);
  if (location.kind === 'upload') return prepareUploaded(task, run, own, location.relativePath, ports);

  const token = task.properties.step.contextAccessToken;
  const maxBytes = ports.settings.maxContextBytes;
  let source: FetchedSource;
  try {
    source = await ports.source.fetch(location, { ...(token && { token }), maxBytes });
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== 'TooLarge') throw error;
    return prepareByUrl(task, run, own, contextPath, error, ports);
  }
  try {
    return await prepareFetched(task, run, own, source, ports);
  } finally {
    await source.dispose();
  }
}

async function prepareFetched(
  task: Task,
  run: Run,
  own: KnownRegistry,
  source: FetchedSource,
  ports: Ports,
): Promise<Prepared> {
  const { step } = taskBuild(task, run, own, source);
  const path = normalPath(step.dockerFilePath);
  const dockerfile = await ports.files.read(source.dir, path);
  if (dockerfile === undefined)
    throw new BuildFault(
      `There is no ${step.dockerFilePath} in ${step.contextPath}. The path is relative to the root of the context.`,
    );
  const options = {
    buildArgs: Object.fromEntries(step.arguments.map(({ name, value }) => [name, value])),
    ...(step.target !== undefined && { target: step.target }),
    platform: platformText(task.properties.platform),
  };
  const found = findBaseImages(dockerfile, options);
  // A run that was claimed before keeps the digests that were recorded then.
  const recorded = new Map(run.pins?.map((pin) => [pin.image, pin.digest]));
  const pinnedAt = run.pinnedAt ?? ports.clock.now().toISOString();
  const all = await Promise.all(
    found.all.map(async (image) => {
      const digest = recorded.get(image) ?? (await digestOf(image, task, own, ports));
      return { image, digest, type: found.runtime.includes(image) ? 'RunTime' : 'BuildTime' } satisfies Pin;
    }),
  );
  const pins = all.map(({ image, digest }) => [image, digest] as const);
  const pinned = pinBaseImages(dockerfile, { ...options, pins: Object.fromEntries(pins) });
  const archive = await ports.files.pack(source.dir, [{ path, content: pinned }]);
  let relativePath: string;
  try {
    relativePath = await ports.engine.upload(own.name, archive);
  } finally {
    await archive.dispose();
  }

  const warning = frontendWarning(dockerfile);
  const { commit, branch } = source;
  return {
    request: await engineRequest(task, run, own, relativePath, source, all, ports),
    // What names its digest itself does not move.
    pins: all.filter(({ image }) => parseImageRef(image).digest === undefined),
    pinnedAt,
    ...(commit && { commit }),
    ...(branch && { branch }),
    notes: [
      `Context: ${step.contextPath}${commit ? ` at ${commit}` : ''}`,
      ...(warning ? [`Warning: ${warning}`] : []),
      ...source.warnings.map((text) => `Warning: ${text}`),
      ...all.map(({ image, digest, type }) => `Base image (${type}): ${image}@${digest}`),
    ],
    outputs: stableOutputs(task, run, own, source),
  };
}

/** A context that a client uploaded lies where only the engine can read it: it is built as it is. */
async function prepareUploaded(
  task: Task,
  run: Run,
  own: KnownRegistry,
  relativePath: string,
  ports: Ports,
): Promise<Prepared> {
  return {
    request: await engineRequest(task, run, own, relativePath, {}, undefined, ports),
    pins: undefined,
    pinnedAt: ports.clock.now().toISOString(),
    notes: ['The context was uploaded by the client; its base images are not pinned.'],
    outputs: [],
  };
}

/** A context too large for a function goes to the engine by its address; its base images are proved afterwards. */
async function prepareByUrl(
  task: Task,
  run: Run,
  own: KnownRegistry,
  contextPath: string,
  tooLarge: SourceError,
  ports: Ports,
): Promise<Prepared> {
  if (task.properties.step.contextAccessToken)
    throw new BuildFault(
      `${tooLarge.message} It needs a token, which must not be part of the address that the engine gets: raise PLINTH_MAX_CONTEXT_MIB, or make the context smaller.`,
    );
  return {
    request: await engineRequest(task, run, own, contextPath, {}, undefined, ports),
    pins: undefined,
    pinnedAt: ports.clock.now().toISOString(),
    notes: [`Context: ${contextPath}, fetched by the run engine. ${tooLarge.message}`],
    outputs: stableOutputs(task, run, own, {}),
  };
}

async function engineRequest(
  task: Task,
  run: Run,
  own: KnownRegistry,
  sourceLocation: string,
  source: { commit?: string; branch?: string },
  bases: Pin[] | undefined,
  ports: Ports,
): Promise<EngineRequest> {
  const { step } = taskBuild(task, run, own, source);
  const { timeout, platform, agentConfiguration, credentials } = task.properties;
  const agentPoolName = run.agentPoolName ?? task.properties.agentPoolName;
  const logTemplate = run.logTemplate ?? task.properties.logTemplate;
  const servers = bases?.map(({ image }) => parseImageRef(image).registry);
  const customRegistries = await enginePasswords(servers, own, credentials, ports);
  return {
    type: 'DockerBuildRequest',
    imageNames: step.imageNames,
    isPushEnabled: step.isPushEnabled && step.imageNames.length > 0,
    noCache: step.noCache,
    dockerFilePath: step.dockerFilePath,
    ...(step.target !== undefined && { target: step.target }),
    arguments: step.arguments,
    timeout,
    platform,
    ...(agentConfiguration?.cpu && { agentConfiguration: { cpu: agentConfiguration.cpu } }),
    ...(agentPoolName && { agentPoolName }),
    ...(logTemplate && { logTemplate }),
    sourceLocation,
    credentials: {
      sourceRegistry: { loginMode: credentials?.sourceRegistry?.loginMode ?? 'Default' },
      ...(Object.keys(customRegistries).length > 0 && { customRegistries }),
    },
    isArchiveEnabled: run.isArchiveEnabled,
  };
}

async function digestOf(image: string, task: Task, own: KnownRegistry, { registry }: Ports): Promise<string> {
  const reference = parseImageRef(image);
  if (reference.digest) return reference.digest;
  const digest = await registry.digestOf(
    reference,
    loginFor(reference.registry, own, task.properties.credentials),
  );
  if (digest) return digest;
  throw new BuildFault(`Base image ${image} does not exist. Is the name right, and was it pushed?`);
}

/** `./docker//Dockerfile` as the archive names it. What climbs out keeps its `..` and is not found. */
const normalPath = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** `linux/arm/v7`, as BuildKit writes a platform. ACR's x86 is 386. */
function platformText({ os, architecture, variant }: Platform): string {
  const arch = architecture === 'x86' ? '386' : architecture;
  return [os.toLowerCase(), arch, variant].filter(Boolean).join('/');
}

/** What a task makes under a name that stays: nobody can stand on a name that each run gives anew. */
function stableOutputs(
  task: Task,
  run: Run,
  own: KnownRegistry,
  source: { commit?: string; branch?: string },
): string[] {
  const { step } = taskBuild(task, run, own, source);
  return step.imageNames
    .filter((_, at) => !differsEachRun(task.properties.step.imageNames[at]!))
    .map((name) => outputReference(name, own));
}

/** An image name of a step is relative to the task's registry. */
export const outputReference = (imageName: string, own: KnownRegistry) =>
  formatImageRef(parseImageRef(`${own.loginServer}/${imageName}`));
