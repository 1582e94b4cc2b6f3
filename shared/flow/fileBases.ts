import { type BaseImages, DockerfileError, type DockerfileOptions, findBaseImages } from '../dockerfile.ts';
import { formatImageRef, ImageRefError, parseImageRef } from '../imageRef.ts';
import { resolvePath } from '../paths.ts';
import { type BuildStep, type TaskFile, TaskFileError } from '../taskFile.ts';

/** A build step, the Dockerfile it builds and what that stands on. */
export interface StepBases {
  step: BuildStep;
  /** Its place in the file, from 0. */
  at: number;
  /** Of the Dockerfile, in the context. */
  path: string;
  dockerfile: string;
  options: DockerfileOptions;
  found: BaseImages;
}

/**
 * The base images of all build steps of a file.
 * @param read a file of the context; undefined where there is no such file
 * @returns those that could be read, and a sentence for each step that could not
 * @throws TaskFileError for a Dockerfile that is not there and that no earlier step can make
 */
export async function findStepBases(
  file: TaskFile,
  platform: string,
  read: (path: string) => Promise<string | undefined>,
): Promise<{ bases: StepBases[]; notes: string[] }> {
  const bases: StepBases[] = [];
  const notes: string[] = [];
  const runsCommands = file.steps.some(({ kind }) => kind === 'cmd');
  for (const [at, step] of file.steps.entries()) {
    if (step.kind !== 'build') continue;
    const path = dockerfilePath(step);
    const dockerfile = path === undefined ? undefined : await read(path);
    if (path === undefined || dockerfile === undefined) {
      const what =
        path === undefined ? `its context ${step.command.context}` : `${path}, which is not in the context`;
      if (path !== undefined && !runsCommands)
        throw new TaskFileError(
          step.line,
          `step ${step.id} builds ${path}, but there is no such file in the context.`,
        );
      notes.push(`Warning: the base images of step ${step.id} are not tracked; it builds ${what}.`);
      continue;
    }
    const { buildArgs, target, platform: own = platform } = step.command;
    const options = {
      buildArgs: Object.fromEntries(
        buildArgs.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      ),
      ...(target !== undefined && { target }),
      platform: own,
      builder: builderOf(step),
    };
    bases.push({ step, at, path, dockerfile, options, found: basesIn(step, path, dockerfile, options) });
  }
  return { bases, notes };
}

/** ACR's engine builds with Docker's classic builder, unless the step asks for BuildKit as Docker's own command does. */
function builderOf({ env }: BuildStep): 'classic' | 'buildkit' {
  const asked = env.find(({ name }) => name === 'DOCKER_BUILDKIT')?.value;
  return asked === '1' || asked === 'true' ? 'buildkit' : 'classic';
}

function basesIn(step: BuildStep, path: string, dockerfile: string, options: DockerfileOptions): BaseImages {
  try {
    return findBaseImages(dockerfile, options);
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
export function dockerfilePath({ command, workingDirectory = workspace }: BuildStep): string | undefined {
  const { context, file } = command;
  if (context === '-' || file === '-' || /^([a-z]+:\/\/|git@|github\.com\/)/i.test(context)) return undefined;
  const directory = resolvePath(workspace, workingDirectory);
  const path =
    file === undefined
      ? resolvePath(resolvePath(directory, context), 'Dockerfile')
      : resolvePath(directory, file);
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
}

/** The folder that a step builds, in the context; empty for all of it, undefined where it is not in the workspace. */
export function contextFolder({ command, workingDirectory = workspace }: BuildStep): string | undefined {
  const path = resolvePath(resolvePath(workspace, workingDirectory), command.context);
  if (path === workspace) return '';
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
}

/** What -f of a step says for a file of the context. */
export function fromWorkingDirectory({ workingDirectory = workspace }: BuildStep, path: string): string {
  const directory = resolvePath(workspace, workingDirectory);
  if (directory !== workspace && !directory.startsWith(`${workspace}/`)) return `${workspace}/${path}`;
  const depth = directory.split('/').length - workspace.split('/').length;
  return `${'../'.repeat(depth)}${path}`;
}

/** The image that a `-t` or a `push` names, as `docker` does: what names no registry is Docker Hub's. @throws TaskFileError */
export function tagReference(name: string, line: number): string {
  try {
    return formatImageRef(parseImageRef(name));
  } catch (error) {
    if (error instanceof ImageRefError) throw new TaskFileError(line, `${error.message}.`);
    throw error;
  }
}
