import { frontendWarning, pinBaseImages } from '../../dockerfile/baseImages.ts';
import { platformText } from '../../model/platform.ts';
import type { DockerStep } from '../../model/task.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import { differsEachRun, renderArgument, renderRunValues } from '../../names/runValues.ts';
import { describeContext } from '../../names/sourceLocation.ts';
import type { DockerfileWork } from '../../ports/runEngine.ts';
import { BuildFault } from '../buildFault.ts';
import { findWithSecrets, secretBaseNote } from '../secrets/secretBases.ts';
import { type BuildPlan, type FetchedFiles, fetchedOf, type Job, type Readable } from './buildPlan.ts';
import { engineImageName, outputReference } from './outputNames.ts';
import { pinnedFiles } from './pinnedFiles.ts';
import { baseNotes, pinAll } from './resolveDigests.ts';
import { contextOf } from './runContext.ts';
import { runInputs } from './runInputs.ts';

/**
 * Plans the build of a Docker step: its Dockerfile is pinned where it can be read.
 * @throws BuildFault DockerfileError RegistryError RunValueError
 */
export async function planDockerfile(defined: DockerStep, job: Job, given: Readable): Promise<BuildPlan> {
  const source = fetchedOf(given);
  const step = stepOf(defined, job, source);
  const { credentials } = job.task.properties;
  const made = step.isPushEnabled
    ? step.imageNames.map((name) => outputReference(name, job.registry, credentials))
    : [];
  const plan: BuildPlan = {
    work: workOf(step, job),
    replace: [],
    bases: undefined,
    servers: undefined,
    notes: [],
    outputs: made.filter((_, at) => !differsEachRun(defined.imageNames[at]!)),
  };
  if (!source) return plan;

  const path = normalPath(step.dockerFilePath);
  const read = (name: string) => job.ports.files.read(source.dir, name);
  const dockerfile = await read(path);
  if (dockerfile === undefined)
    throw new BuildFault(
      `There is no ${step.dockerFilePath} in ${describeContext(step.contextPath)}. The path is relative to the root of the context, and a link to outside of it is not followed.`,
    );
  const options = {
    buildArgs: Object.fromEntries(step.arguments.map(({ name, value }) => [name, value])),
    target: step.target,
    platform: platformText(job.task.properties.platform),
    builder: 'classic' as const,
  };
  const { found, secret } = findWithSecrets(dockerfile, options, step.arguments);
  const tracked = found.all.filter((image) => !secret.includes(image));
  const bases = await pinAll(
    tracked.map((image) => ({ image, type: found.runtime.includes(image) ? 'RunTime' : 'BuildTime' })),
    job,
  );
  const left = Object.fromEntries(secret.map((image) => [image, null]));
  const pins = { ...left, ...Object.fromEntries(bases.map(({ image, digest }) => [image, digest])) };
  const warning = frontendWarning(dockerfile);
  const content = pinBaseImages(dockerfile, { ...options, pins });
  const pinned = await pinnedFiles({ path, content, contextDir: '', builder: options.builder }, read);
  return {
    ...plan,
    work: { ...workOf(step, job), dockerFilePath: pinned.file },
    replace: pinned.files,
    bases,
    servers: [...found.all, ...made].map((image) => parseImageRef(image).registry),
    notes: [
      ...(warning ? [`Warning: ${warning}`] : []),
      ...baseNotes(bases),
      ...(secret.length > 0 ? [secretBaseNote] : []),
    ],
  };
}

/** `./docker//Dockerfile` as the archive names it. What climbs out keeps its `..` and is not found. */
const normalPath = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** The step with what this run asks otherwise, its Run values filled in. */
function stepOf(
  defined: DockerStep,
  { task, run, registry }: Job,
  source: FetchedFiles | undefined,
): DockerStep {
  const { overrides } = run;
  const values = runInputs(run, registry, { platform: task.properties.platform, task, source });
  const overridden = new Map(overrides?.arguments.map((argument) => [argument.name, argument]));
  const kept = defined.arguments.filter((argument) => !overridden.has(argument.name));
  return {
    ...defined,
    dockerFilePath: overrides?.file ?? defined.dockerFilePath,
    contextPath: contextOf(task, run),
    target: overrides?.target ?? defined.target,
    imageNames: defined.imageNames.map((name) => renderRunValues(name, values)),
    arguments: [...kept, ...overridden.values()].map((argument) => renderArgument(argument, values)),
  };
}

const workOf = (step: DockerStep, { registry, task }: Job): DockerfileWork => ({
  kind: 'Dockerfile',
  imageNames: step.imageNames.map((name) => engineImageName(name, registry, task.properties.credentials)),
  isPushEnabled: step.isPushEnabled && step.imageNames.length > 0,
  noCache: step.noCache,
  dockerFilePath: step.dockerFilePath,
  ...(step.target !== undefined && { target: step.target }),
  arguments: step.arguments,
});
