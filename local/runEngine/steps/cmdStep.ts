import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { showing, storeIn } from '../build/buildahTool.ts';
import { localName } from '../build/imageName.ts';
import type { CmdStep } from '../taskFile/readTask.ts';
import { RunFailure } from '../types.ts';
import { shellWord } from './shellWord.ts';
import { inWorkspace, type StepWorld } from './stepWorld.ts';

/** What is read of `buildah inspect`. */
const Container = z.object({
  ContainerID: z.string(),
  OCIv1: z.object({
    config: z.object({
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
    }),
  }),
});

/**
 * Runs a `cmd` step as `docker run --rm` would: in a container of its own, with the workspace mounted. @throws
 * RunFailure
 */
export async function runCmd(step: CmdStep, world: StepWorld, signal: AbortSignal): Promise<void> {
  const { buildah, access, work, secrets } = world;
  const { image, flags } = step.command;
  const given = (option: string) =>
    flags.filter(({ name }) => name === option).map(({ value = '' }) => value);
  const isSecret = (value: string) => secrets.some((secret) => value.includes(secret));
  const word = (text: string, what: string) => {
    const found = shellWord(text);
    if (found !== undefined) return found;
    throw new RunFailure(
      `step ${step.id}: ${what} is not one word for the shell that runs docker. Put it in quotes.`,
    );
  };
  const own = step.env.map(({ name, value }) => ({
    name,
    value: word(`${name}=${value}`, `the value of ${name} in env`).slice(name.length + 1),
    isSecret: isSecret(value),
  }));
  const name = `step-${randomUUID()}`;
  let said = '';
  const pull = step.pull || given('pull').at(-1) === 'always' ? ['--pull-always'] : [];
  const keep = async (line: string) => {
    said = line;
  };
  const from = await buildah(
    ['from', '--name', name, ...pull, ...access, localName(image)],
    {},
    keep,
    signal,
  );
  if (from !== 0)
    throw new RunFailure(
      `step ${step.id}: the image ${image} cannot be used: ${showing(work.endpoints)(said.replace(/^Error: /, ''))}`,
    );
  const { ContainerID: id, OCIv1 } = await inspect(name, world, signal);
  const entryPoint =
    given('entrypoint').at(-1) ?? (step.entryPoint && word(step.entryPoint, 'its entryPoint'));
  const command = commandOf(step, entryPoint, OCIv1.config);
  const env = [
    ...own,
    // docker takes a name without a value from its own environment, which is not a step's.
    ...given('env').flatMap((text) => {
      const equals = text.indexOf('=');
      const value = text.slice(equals + 1);
      return equals < 0 ? [] : [{ name: text.slice(0, equals), value, isSecret: isSecret(value) }];
    }),
  ];
  const hidden = env.filter((entry) => entry.isSecret);
  await addEnvironment(id, hidden, world);
  const workdir = given('workdir').at(-1) ?? step.workingDirectory;
  const keepsDirectory = step.disableWorkingDirectoryOverride && given('workdir').length === 0;
  const directory = keepsDirectory ? [] : ['--workingdir', inWorkspace(workdir)];
  const user = given('user').at(-1) ?? (step.user && word(step.user, 'its user'));
  // buildah itself may end before it has passed on the container's last output: see local/README.md.
  const code = await buildah(
    [
      ...['run', '--isolation', 'chroot', '--volume', `${world.workspace}:/workspace`, ...directory],
      ...(user === undefined ? [] : ['--user', user]),
      ...env.filter((entry) => !entry.isSecret).flatMap((entry) => ['--env', `${entry.name}=${entry.value}`]),
      ...[name, '--', ...command],
    ],
    {},
    async (line) => void (ownWords.test(line) || (await work.log(line))),
    signal,
  );
  await buildah(['rm', name], {}, async () => {}, signal);
  if (code !== 0) throw new RunFailure(`step ${step.id}: the command ended with exit status ${code}`);
}

/** buildah's own message for a command that failed. */
const ownWords = /^(subprocess exited with status \d+|Error: (while running runtime: )?exit status \d+)$/;

/** The image's entry point and command, or what the step gives in their place. @throws RunFailure where there is none */
function commandOf(
  { id, command: { image, args } }: CmdStep,
  entryPoint: string | undefined,
  { Entrypoint, Cmd }: z.infer<typeof Container>['OCIv1']['config'],
): string[] {
  const entry = entryPoint === undefined ? (Entrypoint ?? []) : [entryPoint].filter((word) => word !== '');
  const rest = args.length > 0 || entryPoint !== undefined ? args : (Cmd ?? []);
  const command = [...entry, ...rest];
  if (command.length === 0)
    throw new RunFailure(`step ${id}: the image ${image} names no command, and the step gives none.`);
  return command;
}

async function inspect(name: string, { buildah }: StepWorld, signal: AbortSignal) {
  let json = '';
  await buildah(
    ['inspect', '--type', 'container', name],
    {},
    async (line) => {
      json += line;
    },
    signal,
  );
  return Container.parse(JSON.parse(json));
}

/** Secrets go into the container's own description: `--env` would show them in the list of processes. */
async function addEnvironment(
  id: string,
  entries: CmdStep['env'],
  { work, storageDriver }: StepWorld,
): Promise<void> {
  if (entries.length === 0) return;
  const file = join(storeIn(work.dir), `${storageDriver}-containers`, id, 'userdata', 'buildah.json');
  const description = JSON.parse(await readFile(file, 'utf8'));
  const added = entries.map(({ name, value }) => `${name}=${value}`);
  for (const { config } of [description.ociv1, description.docker])
    config.Env = [...(config.Env ?? []), ...added];
  await writeFile(file, JSON.stringify(description), { mode: 0o600 });
}
