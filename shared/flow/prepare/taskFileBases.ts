import { posix } from 'node:path';
import { type BaseImages, DockerfileError, type DockerfileOptions } from '../../dockerfile/baseImages.ts';
import { formatImageRef, ImageRefError, parseImageRef } from '../../names/imageRef.ts';
import { type BuildStep, type TaskFile, TaskFileError } from '../../taskFile/taskFile.ts';
import { findWithSecrets, secretBaseNote } from '../secrets/secretBases.ts';

/** A build step, the Dockerfile it builds and the base images of that. */
export interface StepBases {
  step: BuildStep;
  /** Its place in the file, from 0. */
  at: number;
  /** Of the Dockerfile, in the context. */
  path: string;
  dockerfile: string;
  options: DockerfileOptions & { builder: Builder };
  found: BaseImages;
  /** The base images that a secret names: neither pinned nor tracked. */
  secret: string[];
}

/** Reads a file of the context; undefined where there is no such file. */
export type ReadFile = (path: string) => Promise<string | undefined>;

/**
 * The base images of all build steps of a file.
 * @param source `engine` where only the engine can read the context, `none` where there is none
 * @param secrets texts that no message may show
 * @returns those that could be read, and a sentence for each step that could not
 * @throws TaskFileError for a Dockerfile that is not there and that no earlier step can make
 */
export async function findStepBases(
  file: TaskFile,
  platform: string,
  source: ReadFile | 'engine' | 'none',
  secrets: readonly string[],
): Promise<{ bases: StepBases[]; notes: string[] }> {
  const bases: StepBases[] = [];
  const notes: string[] = [];
  const runsCommands = file.steps.some(({ kind }) => kind === 'cmd');
  for (const [at, step] of file.steps.entries()) {
    if (step.kind !== 'build') continue;
    const path = dockerfilePath(step);
    if (source === 'engine') {
      const what = path ?? `its context ${step.command.context}`;
      notes.push(
        `Warning: the base images of step ${step.id} are not pinned; it builds ${what}, which only the run engine can read.`,
      );
      continue;
    }
    const dockerfile = path === undefined || source === 'none' ? undefined : await source(path);
    if (path === undefined || dockerfile === undefined) {
      const none = source === 'none' ? 'the task has no context' : 'there is no such file in the context';
      const what = path === undefined ? `its context ${step.command.context}` : `${path}, but ${none}`;
      if (path !== undefined && !runsCommands)
        throw new TaskFileError(step.line, `step ${step.id} builds ${what}.`);
      notes.push(`Warning: the base images of step ${step.id} are not tracked; it builds ${what}.`);
      continue;
    }
    const { buildArgs, target, platform: own = platform } = step.command;
    const options = {
      buildArgs: Object.fromEntries(
        buildArgs.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      ),
      target,
      platform: own,
      builder: builderOf(step),
    };
    const images = basesIn(step, { path, dockerfile }, options, secrets);
    if (images.secret.length > 0) notes.push(secretBaseNote);
    bases.push({ step, at, path, dockerfile, options, ...images });
  }
  return { bases, notes };
}

/**
 * ACR's engine builds with Docker's classic builder, unless the step asks for BuildKit as Docker's own command does.
 */
type Builder = 'classic' | 'buildkit';

function builderOf({ env }: BuildStep): Builder {
  const asked = env.find(({ name }) => name === 'DOCKER_BUILDKIT')?.value;
  return asked === '1' || asked === 'true' ? 'buildkit' : 'classic';
}

/** A piece of a value reveals a secret only where it is long enough to be one. */
const holdsSecret = (value: string, secret: string) =>
  value === secret || (secret.length >= 3 && value.toLowerCase().includes(secret.toLowerCase()));

function basesIn(
  step: BuildStep,
  { path, dockerfile }: { path: string; dockerfile: string },
  options: DockerfileOptions,
  secrets: readonly string[],
) {
  const given = Object.entries(options.buildArgs ?? {}).map(([name, value]) => ({
    name,
    value,
    isSecret: secrets.some((secret) => holdsSecret(value, secret)),
  }));
  try {
    return findWithSecrets(dockerfile, options, given);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw new TaskFileError(step.line, `step ${step.id} builds ${path}: ${error.message}`);
  }
}

const workspace = '/workspace';

/**
 * The Dockerfile of a step in the context, which is mounted as the workspace; as for `docker build`, -f is relative to
 * the working directory, and without it the Dockerfile is at the context's root.
 * @returns undefined for another source than the workspace
 */
function dockerfilePath({ command, workingDirectory = workspace }: BuildStep): string | undefined {
  const { context, file } = command;
  if (context === '-' || file === '-' || /^([a-z]+:\/\/|git@|github\.com\/)/i.test(context)) return undefined;
  const directory = posix.resolve(workspace, workingDirectory);
  const path =
    file === undefined
      ? posix.resolve(posix.resolve(directory, context), 'Dockerfile')
      : posix.resolve(directory, file);
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
}

/** The folder that a step builds, in the context; empty for all of it, undefined where it is not in the workspace. */
export function contextFolder({ command, workingDirectory = workspace }: BuildStep): string | undefined {
  const path = posix.resolve(posix.resolve(workspace, workingDirectory), command.context);
  if (path === workspace) return '';
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
}

/** The value of -f of a step for a file of the context. */
export function fromWorkingDirectory({ workingDirectory = workspace }: BuildStep, path: string): string {
  const directory = posix.resolve(workspace, workingDirectory);
  if (directory !== workspace && !directory.startsWith(`${workspace}/`)) return `${workspace}/${path}`;
  const depth = directory.split('/').length - workspace.split('/').length;
  return `${'../'.repeat(depth)}${path}`;
}

/**
 * The image that a `-t` or a `push` names, as `docker` does: what names no registry is Docker Hub's. @throws
 * TaskFileError
 */
export function tagReference(name: string, line: number): string {
  try {
    return formatImageRef(parseImageRef(name));
  } catch (error) {
    if (error instanceof ImageRefError) throw new TaskFileError(line, `${error.message}.`);
    throw error;
  }
}
