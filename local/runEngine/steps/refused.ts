import { steersTheBuilder } from '../api/runRequest.ts';
import type { AcrTask, DockerOption, TaskStep } from '../taskFile/readTask.ts';
import { RunFailure } from '../types.ts';

/** Properties without effect here, as they are about ACR's own machines. */
const withoutEffect = new Set([
  'keep',
  'expose',
  'cpus',
  'cache',
  'isolation',
  'cmdDownloadRetries',
  'cmdDownloadRetryDelay',
]);

/** Options of `docker build` that change nothing of the image, and those that buildah takes as they are. */
const ignoredOptions = new Set(
  'quiet rm force-rm compress load progress isolation cache-from cache-to disable-content-trust stream provenance sbom attest'.split(
    ' ',
  ),
);
const passedOptions = new Set(
  'add-host shm-size ulimit memory memory-swap cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems'.split(
    ' ',
  ),
);

/** Options of `docker run` that a step here has, or that have no effect without a terminal. */
const runOptions = new Set(
  'entrypoint env user workdir rm interactive tty init quiet name hostname label pull attach sig-proxy'.split(
    ' ',
  ),
);

/**
 * Refuses what buildah cannot do in its own namespace, before any step runs.
 * @param secrets their values
 * @throws RunFailure naming the line
 */
export function refuseUnrunnable(file: AcrTask, secrets: string[]): void {
  for (const [name, { line }] of file.options)
    throw new RunFailure(`Line ${line}: this run engine runs steps with buildah and has no ${name}.`);
  const [secret] = file.secrets;
  if (secret)
    throw new RunFailure(
      `Line ${secret.line}: this run engine reads no Key Vault, so it has no secret ${secret.id}. Give it as a secret value.`,
    );
  for (const step of file.steps) refuseStep(step, secrets);
}

function refuseStep(step: TaskStep, secrets: string[]): void {
  const refuse = (line: number, what: string) => {
    throw new RunFailure(
      `Line ${line}: step ${step.id} ${what}, which this run engine, as it runs steps with buildah, cannot do.`,
    );
  };
  for (const [name, { value, line }] of step.options)
    if (!withoutEffect.has(name) && value !== false) refuse(line, `asks for ${name}`);
  if (step.kind === 'cmd') {
    for (const { name, value } of step.command.flags)
      if (!runOptions.has(name) && !(name.startsWith('net') && value === 'host'))
        refuse(step.line, `gives docker run the option --${name}`);
    const [operator] = step.operators;
    if (operator)
      refuse(
        step.line,
        `uses ${operator} outside of quotes (write: image sh -c '…'; in ACR a shell reads it)`,
      );
  }
  if (step.kind === 'build') {
    if (step.operators.length > 0)
      refuse(step.line, 'leaves something to a shell ($(…), ;, |) outside of quotes');
    for (const { name } of step.command.others)
      if (!ignoredOptions.has(name) && !passedOptions.has(name))
        refuse(step.line, `gives docker build the option --${name}`);
    for (const { name, value = '' } of step.command.buildArgs)
      if (secrets.some((secret) => value.includes(secret)) && steersTheBuilder.test(name))
        refuse(
          step.line,
          `hands a secret over by the build argument ${name}, a name that would steer the builder`,
        );
  }
}

/** The options of a build that buildah takes as they are. */
export const passedTo = (others: readonly DockerOption[]): string[] =>
  others
    .filter(({ name }) => passedOptions.has(name))
    .flatMap(({ name, value }) => (value === undefined ? [`--${name}`] : [`--${name}`, value]));
