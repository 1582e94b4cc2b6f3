import type { DockerOption } from '../model.ts';

/** The options of a docker command, by long name, and its short ones. */
interface Options {
  command: string;
  /** Those that need no value; one may follow after `=`. */
  alone: readonly string[];
  valued: readonly string[];
  short: Readonly<Record<string, string>>;
  /** Whether words that are no options may stand before options. */
  mixed: boolean;
}

export const buildOptions: Options = {
  command: 'docker build',
  alone:
    'check compress debug disable-content-trust force-rm load no-cache pull push quiet rm squash stream'.split(
      ' ',
    ),
  valued:
    `add-host allow annotation attest build-arg build-context builder cache-from cache-to call cgroup-parent
    cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems file iidfile isolation label memory memory-swap
    metadata-file network no-cache-filter output platform progress provenance sbom secret security-opt shm-size ssh
    tag target ulimit`.split(/\s+/),
  short: { c: 'cpu-shares', D: 'debug', f: 'file', m: 'memory', o: 'output', q: 'quiet', t: 'tag' },
  mixed: true,
};

export const runOptions: Options = {
  command: 'docker run',
  alone:
    `detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged publish-all
    quiet read-only rm sig-proxy tty use-api-socket`.split(/\s+/),
  valued:
    `add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile
    cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems
    detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns
    dns-opt dns-option dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval
    health-retries health-start-interval health-start-period health-timeout hostname io-maxbandwidth io-maxiops ip ip6
    ipc isolation kernel-memory label label-file link link-local-ip log-driver log-opt mac-address memory
    memory-reservation memory-swap memory-swappiness mount name net net-alias network network-alias oom-score-adj pid
    pids-limit platform publish pull restart runtime security-opt shm-size stop-signal stop-timeout storage-opt sysctl
    tmpfs ulimit user userns uts volume volume-driver volumes-from workdir`.split(/\s+/),
  short: {
    ...{ a: 'attach', c: 'cpu-shares', d: 'detach', e: 'env', h: 'hostname', i: 'interactive', l: 'label' },
    ...{ m: 'memory', p: 'publish', P: 'publish-all', q: 'quiet', t: 'tty', u: 'user', v: 'volume' },
    w: 'workdir',
  },
  mixed: false,
};

/**
 * Parts the options of a docker command from its other words, as docker does: `--name value`, `--name=value`, `-nvalue`,
 * `-n value`, `-n=value`, several short ones in one word, and `--`, which ends them.
 * @returns a sentence where docker would refuse the line
 */
export function partOptions(
  words: readonly string[],
  options: Options,
): { given: DockerOption[]; rest: string[] } | { problem: string } {
  const given: DockerOption[] = [];
  const rest: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--') return { given, rest: [...rest, ...left] };
    if (!/^-./.test(word)) {
      rest.push(word);
      if (!options.mixed) return { given, rest: [...rest, ...left] };
      continue;
    }
    let clustered = word.startsWith('--') ? undefined : word.slice(1);
    do {
      const { name, said, joined, more } =
        clustered === undefined ? longOption(word) : shortOption(clustered, options);
      clustered = more;
      const takes = name !== undefined && options.valued.includes(name);
      if (!takes && (name === undefined || !options.alone.includes(name)))
        return { problem: `${options.command} has no option ${said}` };
      const value = takes ? (joined ?? left.shift()) : joined;
      if (takes && value === undefined) return { problem: `${said} needs a value` };
      given.push({ name, ...(value !== undefined && { value }) });
    } while (clustered !== undefined);
  }
  return { given, rest };
}

interface Taken {
  /** Undefined for a short option that there is not. */
  name: string | undefined;
  /** As it is written. */
  said: string;
  /** The value that stands in the same word. */
  joined?: string;
  /** Further short options of the word. */
  more: string | undefined;
}

function longOption(word: string): Taken {
  const [, said = word, joined] = /^([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
  return { name: said.slice(2), said, ...(joined !== undefined && { joined }), more: undefined };
}

function shortOption(letters: string, { short, valued }: Options): Taken {
  const letter = letters[0]!;
  const name = Object.hasOwn(short, letter) ? short[letter] : undefined;
  const said = `-${letter}`;
  const rest = letters.slice(1);
  if (rest.startsWith('=')) return { name, said, joined: rest.slice(1), more: undefined };
  if (rest === '') return { name, said, more: undefined };
  if (name !== undefined && valued.includes(name)) return { name, said, joined: rest, more: undefined };
  return { name, said, more: rest };
}
