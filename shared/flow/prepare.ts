import { findBaseImages, frontendWarning, pinBaseImages } from '../dockerfile.ts';
import { formatImageRef, parseImageRef } from '../imageRef.ts';
import type { Pin, Run } from '../model/run.ts';
import type { Platform, Task } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest } from '../ports/runEngine.ts';
import type { FetchedSource } from '../ports/sourceContext.ts';
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
  const source = await ports.source.fetch(location, { ...(token && { token }), maxBytes });
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
  const dockerfile = await ports.source.readFile(source, step.dockerFilePath);
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
  const archive = await ports.source.pack(source, [{ path: step.dockerFilePath, content: pinned }]);
  const relativePath = await ports.engine.upload(own.name, archive);

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
      ...all.map(({ image, digest, type }) => `Base image (${type}): ${image}@${digest}`),
    ],
    outputs: step.imageNames.map((name) => outputReference(name, own)),
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
    request: await engineRequest(task, run, own, relativePath, {}, [], ports),
    pins: undefined,
    pinnedAt: ports.clock.now().toISOString(),
    notes: ['The context was uploaded by the client; its base images are not pinned.'],
    outputs: [],
  };
}

async function engineRequest(
  task: Task,
  run: Run,
  own: KnownRegistry,
  sourceLocation: string,
  source: { commit?: string; branch?: string },
  bases: Pin[],
  ports: Ports,
): Promise<EngineRequest> {
  const { step } = taskBuild(task, run, own, source);
  const { timeout, platform, agentConfiguration, agentPoolName, credentials } = task.properties;
  const servers = bases.map(({ image }) => parseImageRef(image).registry);
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

/** `linux/arm/v7`, as BuildKit writes a platform. ACR's x86 is 386. */
function platformText({ os, architecture, variant }: Platform): string {
  const arch = architecture === 'x86' ? '386' : architecture;
  return [os.toLowerCase(), arch, variant].filter(Boolean).join('/');
}

/** An image name of a step is relative to the task's registry. */
export const outputReference = (imageName: string, own: KnownRegistry) =>
  formatImageRef(parseImageRef(`${own.loginServer}/${imageName}`));
