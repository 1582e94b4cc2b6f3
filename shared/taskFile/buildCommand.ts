import { splitWords } from './words.ts';

/** What the arguments of a `build` step say, as `docker build` reads them. */
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

const shorts: Record<string, string> = {
  t: 'tag',
  f: 'file',
  m: 'memory',
  q: 'quiet',
  c: 'cpu-shares',
  o: 'output',
};
const flags = new Set(
  'no-cache pull force-rm rm quiet squash compress load push disable-content-trust stream no-cache-filter'.split(
    ' ',
  ),
);
const valued = new Set(
  (
    'tag file build-arg target platform label cache-from cache-to network add-host cpu-period cpu-quota cpu-shares ' +
    'cpuset-cpus cpuset-mems memory memory-swap shm-size ulimit isolation iidfile progress secret ssh output ' +
    'security-opt cgroup-parent build-context builder metadata-file allow attest provenance sbom'
  ).split(' '),
);

/**
 * Reads the arguments of a `build` step.
 * @returns a sentence where `docker build` would refuse them
 */
export function parseBuildCommand(text: string): BuildCommand | { problem: string } {
  const { words, problem } = splitWords(text);
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
  const contexts: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '-' || !word.startsWith('-')) {
      contexts.push(word);
      continue;
    }
    const option = optionOf(word);
    if (!option) return { problem: `docker build has no option ${word.split('=')[0]}` };
    let { value } = option;
    if (value === undefined && valued.has(option.name)) {
      value = words[++at];
      if (value === undefined) return { problem: `${word} needs a value` };
    }
    take(command, option.name, value);
  }
  if (contexts.length > 1)
    return { problem: `docker build takes one context, here are ${contexts.join(' and ')}` };
  if (contexts[0] !== undefined) command.context = contexts[0];
  return command;
}

/** `--name`, `--name=value`, `-n`, `-n=value` and `-nvalue`. */
function optionOf(word: string): { name: string; value?: string } | undefined {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (!flags.has(name) && !valued.has(name)) return undefined;
    return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
  }
  const name = shorts[word[1]!];
  if (name === undefined) return undefined;
  if (word.length === 2) return { name };
  return { name, value: word.slice(word[2] === '=' ? 3 : 2) };
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
