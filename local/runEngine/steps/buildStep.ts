import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { platformFlag } from '../build/buildahExecutor.ts';
import { showing } from '../build/buildahTool.ts';
import { readBuildOutput } from '../build/buildOutput.ts';
import { ignoreFlags } from '../build/ignoreFile.ts';
import { localName } from '../build/imageName.ts';
import { inside } from '../source/source.ts';
import type { BuildStep } from '../taskFile/readTask.ts';
import { RunFailure } from '../types.ts';
import { passedTo } from './refused.ts';
import { inWorkspace, type StepWorld } from './stepWorld.ts';

/** Runs a `build` step. @throws RunFailure */
export async function runBuild(step: BuildStep, world: StepWorld, signal: AbortSignal): Promise<void> {
  const { command, id } = step;
  const { buildah, access, work, secrets } = world;
  const { contextDir, dockerfile } = await placesOf(step, world);
  const isSecret = (value: string) => secrets.some((secret) => value.includes(secret));
  const given = command.buildArgs.filter((argument) => argument.value !== undefined);
  const hidden = given.filter(({ value }) => isSecret(value!));
  const flags = [
    ...['--isolation', 'chroot', '--format', 'docker'],
    ...['--platform', stepPlatform(command.platform, work.request.platform)],
    ...command.tags.flatMap((tag) => ['--tag', localName(tag)]),
    ...(command.noCache ? ['--no-cache'] : []),
    ...(command.pull ? ['--pull-always'] : []),
    ...(command.target === undefined ? [] : ['--target', command.target]),
    ...command.labels.flatMap((label) => ['--label', label]),
    // A secret's name alone: the value comes from the environment. The history would hold it in clear.
    ...given.flatMap(({ name, value }) => ['--build-arg', isSecret(value!) ? name : `${name}=${value}`]),
    ...(hidden.length > 0 ? ['--omit-history'] : []),
    ...passedTo(command.others),
  ];
  const ignored = await ignoreFlags(dockerfile, contextDir);
  const output = readBuildOutput(showing(work.endpoints));
  const code = await buildah(
    ['build', ...flags, ...ignored, ...access, '--file', dockerfile, contextDir],
    Object.fromEntries(hidden.map(({ name, value }) => [name, value!])),
    async (text) => {
      const line = output.line(text);
      if (line !== undefined) await work.log(line);
    },
    signal,
  );
  if (code !== 0) throw new RunFailure(`step ${id}: ${output.fault(code)}`);
}

/** The platform of a build: what `--platform` names, the run's where that names none or no architecture. */
export const stepPlatform = (named: string | undefined, ofRun: Parameters<typeof platformFlag>[0]) =>
  /^(linux)?$/i.test(named ?? '') ? platformFlag(ofRun) : named!;

async function placesOf({ id, command, workingDirectory }: BuildStep, { work, workspace }: StepWorld) {
  const { context, file } = command;
  const remote = /^([a-z]+:\/\/|git@|github\.com\/)/i.test(context);
  const directory = inWorkspace(workingDirectory);
  const contextDir = remote
    ? await work.fetch(context, join(work.dir, `source-of-${id.replaceAll(/[^\w.-]/g, '_')}`))
    : await inside(workspace, posix.relative('/workspace', posix.resolve(directory, context)));
  if (contextDir === undefined || !(await stat(contextDir)).isDirectory())
    throw new RunFailure(`step ${id}: there is no folder ${context} in the workspace.`);
  const path = file ?? 'Dockerfile';
  const dockerfile =
    file === undefined || remote
      ? await inside(contextDir, path)
      : await inside(workspace, posix.relative('/workspace', posix.resolve(directory, file)));
  if (dockerfile === undefined || !(await stat(dockerfile)).isFile())
    throw new RunFailure(
      `step ${id}: there is no Dockerfile ${path}. -f is relative to the step's working directory, ${directory}, and a link to outside is not followed.`,
    );
  return { contextDir, dockerfile };
}
