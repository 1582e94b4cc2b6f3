import { type Flag, type FlagTable, parseFlags } from './flags.ts';

/** The options of `docker run`; the engine puts the text of a `cmd` behind its own. */
const table: FlagTable = {
  command: 'docker run',
  mixed: false,
  switches: new Set(
    (
      'detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged publish-all ' +
      'quiet read-only rm sig-proxy tty use-api-socket'
    ).split(' '),
  ),
  valued: new Set(
    (
      'add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile ' +
      'cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems ' +
      'detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns ' +
      'dns-opt dns-option dns-search domainname entrypoint env env-file expose gpus group-add health-cmd ' +
      'health-interval health-retries health-start-interval health-start-period health-timeout hostname ' +
      'io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file link link-local-ip log-driver ' +
      'log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name net net-alias network ' +
      'network-alias oom-score-adj pid pids-limit platform publish pull restart runtime security-opt shm-size ' +
      'stop-signal stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume volume-driver volumes-from workdir'
    ).split(' '),
  ),
  shorts: {
    a: 'attach',
    c: 'cpu-shares',
    d: 'detach',
    e: 'env',
    h: 'hostname',
    i: 'interactive',
    l: 'label',
    m: 'memory',
    p: 'publish',
    P: 'publish-all',
    q: 'quiet',
    t: 'tty',
    u: 'user',
    v: 'volume',
    w: 'workdir',
  },
};

/** What a `cmd` runs. */
export interface RunCommand {
  image: string;
  /** What stands behind the image. */
  args: string[];
  /** The options of `docker run` before the image. */
  flags: Flag[];
}

/** Finds the image of a `cmd`. @returns a sentence where `docker run` would refuse it */
export function parseRunCommand(words: readonly string[]): RunCommand | { problem: string } {
  const parsed = parseFlags(words, table);
  if ('problem' in parsed) return parsed;
  const [image, ...args] = parsed.rest;
  if (image === undefined || image === '') return { problem: 'docker run has options here, but no image' };
  return { image, args, flags: parsed.flags };
}
