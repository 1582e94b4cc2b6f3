import type { KnownRegistry } from '../../model/registry.ts';
import type { Pin, Run } from '../../model/run.ts';
import type { Task } from '../../model/task.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import { describeContext, originOf, parseSourceLocation } from '../../names/sourceLocation.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildRequest } from '../../ports/runEngine.ts';
import { type FetchedSource, SourceError } from '../../ports/sourceContext.ts';
import { BuildFault } from '../buildFault.ts';
import { withVaultSecrets } from '../secrets/readVaultSecrets.ts';
import type { BuildPlan, Job, Readable } from './buildPlan.ts';
import { buildTerms } from './buildTerms.ts';
import { planDockerfile } from './planDockerfile.ts';
import { planTaskFile } from './planTaskFile.ts';
import { contextOf, tokenFor } from './runContext.ts';

/** A run as it can be given to the engine. */
export interface Prepared {
  request: BuildRequest;
  /** Every base image by tag and the digest it is pinned to; undefined where the engine fetches the source itself. */
  pins: Pin[] | undefined;
  pinnedAt: string;
  commit?: string;
  branch?: string;
  notes: string[];
  /** The images of the task that others can be built on: normalised references. */
  outputs: string[];
  standsOn?: NonNullable<Run['standsOn']>;
}

/**
 * Fetches the source, finds the base images, reads their digests and uploads the context pinned to them. Changes
 * nothing but the engine's upload area, so it may be done again.
 * @param given the task with its secrets in the clear; what it keeps in key vaults is read here
 * @throws BuildFault SourceError DockerfileError TaskFileError RegistryError RunEngineError RunValueError VaultError
 */
export async function prepare(
  given: Task,
  run: Run,
  registry: KnownRegistry,
  ports: Ports,
): Promise<Prepared> {
  const credentials = await withVaultSecrets(given.properties.credentials, ports);
  const task = { ...given, properties: { ...given.properties, ...(credentials && { credentials }) } };
  const job: Job = { task, run, registry, ports };
  const contextPath = contextOf(task, run) ?? '/dev/null';
  const location = parseSourceLocation(contextPath);
  if (location.kind === 'none') return prepareWithout(job);
  if (location.kind === 'upload') {
    // A context that a client uploaded lies where only the engine can read it: it is built as it is.
    const prepared = await prepareUnread(job, location.relativePath, [
      'The context was uploaded by the client; its base images are not pinned.',
    ]);
    return { ...prepared, outputs: [] };
  }

  const token = tokenFor(contextPath, task);
  const maxBytes = ports.settings.maxContextBytes;
  let source: FetchedSource;
  try {
    source = await ports.source.fetch(location, { ...(token && { token }), maxBytes });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.code !== 'TooLarge') throw token ? error : withTokenKept(error, task);
    if (token)
      throw new BuildFault(
        `${error.message} It needs a token, which must not be part of the address that the engine gets: ${adviceOn[error.limit]}.`,
      );
    // A context too large for a function goes to the engine by its address; its base images are proved afterwards.
    return prepareUnread(job, contextPath, [
      `Context: ${describeContext(contextPath)}, fetched by the run engine. ${error.message}`,
    ]);
  }
  try {
    return await prepareFetched(job, contextPath, source);
  } finally {
    await source.dispose();
  }
}

const adviceOn = {
  bytes: 'raise PLINTH_MAX_CONTEXT_MIB, or make the context smaller',
  entries: 'name a folder of it as the context, or put fewer files into it; no setting raises this limit',
};

/** The error of a context that was fetched anonymously, with the reason why the task's token was not sent. */
function withTokenKept(error: SourceError, { properties: { step } }: Task): SourceError {
  const asked = error.code === 'Unauthorized' || error.code === 'NotFound';
  if (!asked || !step.contextAccessToken) return error;
  const home = originOf(step.contextPath) ?? 'another place';
  const said = `${error.message} The task's token was given for ${home} and is sent to no other server.`;
  return new SourceError(error.code, said, { cause: error });
}

function planOf(job: Job, source: Readable): Promise<BuildPlan> {
  const { step } = job.task.properties;
  return step.type === 'Docker' ? planDockerfile(step, job, source) : planTaskFile(step, job, source);
}

async function prepareFetched(job: Job, contextPath: string, source: FetchedSource): Promise<Prepared> {
  const { run, registry, ports } = job;
  const pinnedAt = run.pinnedAt ?? ports.clock.now().toISOString();
  const plan = await planOf(job, source);
  const archive = await ports.files.pack(source.dir, plan.replace);
  let relativePath: string;
  try {
    relativePath = await ports.engine.upload(registry.name, archive);
  } finally {
    await archive.dispose();
  }
  const { commit } = source;
  const branch = source.branch ?? run.sourceTrigger?.branchName;
  return {
    ...(await prepared(job, plan, relativePath)),
    pinnedAt,
    ...(commit && { commit }),
    ...(branch && { branch }),
    notes: [
      `Context: ${describeContext(contextPath)}${commit ? ` at ${commit}` : ''}`,
      ...source.warnings.map((text) => `Warning: ${text}`),
      ...plan.notes,
    ],
  };
}

/** Only a multi-step task whose file is in the task itself does without a context. */
async function prepareWithout(job: Job): Promise<Prepared> {
  const { step } = job.task.properties;
  if (step.type !== 'EncodedTask') {
    const what = step.type === 'Docker' ? 'a Dockerfile' : 'its task file';
    throw new BuildFault(`${job.task.name} has no context; ${what} is read from one.`);
  }
  const pinnedAt = job.run.pinnedAt ?? job.ports.clock.now().toISOString();
  return { ...(await prepared(job, await planOf(job, 'none'), undefined)), pinnedAt };
}

async function prepareUnread(job: Job, source: string, notes: string[]): Promise<Prepared> {
  const plan = await planOf(job, 'engine');
  const { commitId: commit, branchName: branch } = job.run.sourceTrigger ?? {};
  return {
    ...(await prepared(job, { ...plan, bases: undefined }, source)),
    ...(commit && { commit }),
    ...(branch && { branch }),
    notes: [...notes, ...plan.notes],
  };
}

async function prepared(job: Job, plan: BuildPlan, source: string | undefined): Promise<Prepared> {
  const { task, run, registry, ports } = job;
  const { properties } = task;
  const terms = await buildTerms(
    {
      ...properties,
      agentPoolName: run.agentPoolName ?? properties.agentPoolName,
      logTemplate: run.logTemplate ?? properties.logTemplate,
      isArchiveEnabled: run.isArchiveEnabled,
    },
    plan.servers,
    registry,
    ports,
  );
  return {
    request: { ...terms, ...plan.work, ...(source !== undefined && { source }) },
    // What names its digest itself does not move.
    pins: plan.bases?.filter(({ image }) => parseImageRef(image).digest === undefined),
    pinnedAt: ports.clock.now().toISOString(),
    notes: plan.notes,
    outputs: plan.outputs,
    ...(plan.standsOn && { standsOn: plan.standsOn }),
  };
}
