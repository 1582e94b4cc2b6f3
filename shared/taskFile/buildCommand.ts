import { type FlagTable, parseFlags } from './flags.ts';
import { splitCommand } from './words.ts';

/** The arguments of a `build` step, as `docker build` reads them. */
export interface BuildCommand {
  /** As given, neither with a registry nor with a tag added. */
  tags: string[];
  /** `-f`; relative to the working directory, not to the context. */
  file?: string;
  buildArgs: { name: string; value?: string }[];
  target?: string;
  platform?: string;
  noCache: boolean;
  pull: boolean;
  labels: string[];
  /** A path in the workspace, or the address of another source. */
  context: string;
  /** Options that are known and that nothing here looks at, as they stand. */
  others: { option: string; value?: string }[];
}

const table: FlagTable = {
  command: 'docker build',
  mixed: true,
  switches: new Set(
    'no-cache pull force-rm rm quiet squash compress load push disable-content-trust stream check debug'.split(
      ' ',
    ),
  ),
  valued: new Set(
    (
      'tag file build-arg target platform label cache-from cache-to network add-host cpu-period cpu-quota cpu-shares ' +
      'cpuset-cpus cpuset-mems memory memory-swap shm-size ulimit isolation iidfile progress secret ssh output ' +
      'security-opt cgroup-parent build-context builder metadata-file allow attest provenance sbom no-cache-filter ' +
      'annotation call'
    ).split(' '),
  ),
  shorts: { t: 'tag', f: 'file', m: 'memory', q: 'quiet', c: 'cpu-shares', o: 'output', D: 'debug' },
};

/**
 * Reads the arguments of a `build` step.
 * @returns a sentence where `docker build` would refuse them
 */
export function parseBuildCommand(text: string): BuildCommand | { problem: string } {
  const { words, problem } = splitCommand(text);
  if (problem) return { problem };
  const command: BuildCommand = {
    tags: [],
    buildArgs: [],
    noCache: false,
    pull: false,
    labels: [],
    context: '.',
    others: [],
  };
  const parsed = parseFlags(words, table);
  if ('problem' in parsed) return parsed;
  for (const { name, value } of parsed.flags) take(command, name, value);
  const contexts = parsed.rest;
  if (contexts.length > 1)
    return { problem: `docker build takes one context, here are ${contexts.join(' and ')}` };
  if (contexts[0] !== undefined) command.context = contexts[0];
  return command;
}

function take(command: BuildCommand, name: string, value: string | undefined): void {
  if (name === 'tag') command.tags.push(value!);
  else if (name === 'file') command.file = value!;
  else if (name === 'target') command.target = value!;
  else if (name === 'platform') command.platform = value!;
  else if (name === 'label') command.labels.push(value!);
  else if (name === 'no-cache') command.noCache = value !== 'false';
  else if (name === 'pull') command.pull = value !== 'false';
  else if (name === 'build-arg') {
    const equals = value!.indexOf('=');
    command.buildArgs.push(
      equals < 0 ? { name: value! } : { name: value!.slice(0, equals), value: value!.slice(equals + 1) },
    );
  } else command.others.push({ option: `--${name}`, ...(value !== undefined && { value }) });
}
